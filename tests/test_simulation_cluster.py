"""Past one machine: the same verification through joblib's dask backend, on two local workers, gives the same results."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from auditkit.model.audit import Experiment, Scenario
from auditkit.model.system import System
from auditkit.simulation import RunResult, Strategies, in_order, verify
from auditkit.simulation.parallel import each

distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install 'auditkit[test]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of dask's own scheduler


def system(**policy: object) -> System:
    return System.model_validate(
        {
            "system": "s",
            "components": [{"id": x, "concurrency": 20, "queue": 20} for x in "abc"],
            "dependencies": [
                {"from": "a", "to": to, "on_failure": "degrade", "fallback": {"kind": "static"}, "policy": policy or "none"}
                for to in "bc"
            ],
            "journeys": [{"id": "j", "entry": "a", "rate": "50/s", "deadline": "500ms"}],
        }
    )


EXPERIMENTS = tuple(
    Experiment(
        id=f"{mode}-{target}", claim="", hypothesis="", method="", abort="", rollback="", subject=f"a -> {target}",
        scenario=Scenario(id="x", fail=(target,), mode=mode), steady=("j",),
    )
    for target in "bc" for mode in ("slow", "down")
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """Two worker processes on this machine, no dashboard."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
        distributed.Client(local) as client,
    ):
        yield client


def ran(backend: str) -> tuple[RunResult, ...]:
    settings = Strategies(today=system(), proposed=system(timeout="100ms"), without={})
    return in_order(list(verify(settings, {}, EXPERIMENTS, seeds=2, backend=backend)), EXPERIMENTS)


def test_two_dask_workers_give_what_threads_give(cluster: object) -> None:
    """Four faults, today and proposed: every figure of every result alike, since a draw is a hash and not a generator."""
    with_dask, with_threads = ran("dask"), ran("threads")
    assert len(with_threads) >= 8
    assert with_dask == with_threads
    assert {(r.experiment, r.settings): r.verdict for r in with_dask}["slow-b", "today"] == "fails"


def place(_: int) -> int:
    """The process that this is done in; long enough that one worker alone is not faster."""
    time.sleep(0.05)
    return os.getpid()


def test_the_work_is_done_by_both_workers(cluster: object) -> None:
    """In two processes, neither of which is this one."""
    seen = {process for _, process in each(place, range(12), backend="dask")}
    assert len(seen - {os.getpid()}) == 2
