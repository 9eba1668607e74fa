"""The simulation beside SimPy, in one run: the same system, the same draws, the same answers.

Measured in processor time of this process, the best of three, so that neighbours on the machine count little. SimPy runs the
process-oriented model of `tests/simpy_model.py`; what it is given is compiled already, and so is the kernel.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simpy_model import Twin
from test_simulation_twin import LAWS, policy, sample

from auditkit.model.system import System
from auditkit.simulation import Law, Setup
from auditkit.simulation.compile import compiled_system
from auditkit.simulation.run import run_compiled


def best_s(work: Callable[[], object], times: int = 3) -> float:
    """Processor seconds of the fastest of some runs."""
    found = []
    for _ in range(times):
        since = time.process_time()
        work()
        found.append(time.process_time() - since)
    return min(found)


def bench_beside_simpy() -> None:
    """At least 80 times as fast as SimPy on the worked example, with timeouts in place."""
    setup = Setup(seed=1, duration_s=30.0, laws=LAWS)
    compiled = compiled_system(sample(policy(timeout="300ms")), {}, setup)
    run_compiled(compiled, setup)
    fast = best_s(lambda: run_compiled(compiled, setup))
    slow = best_s(lambda: Twin(compiled, setup).run(), 1)
    events = run_compiled(compiled, setup).events
    print(
        f"\nworked example, 30 s: kernel {fast * 1000:.1f} ms ({events / fast / 1e6:.2f} M events/s), "
        f"SimPy {slow:.2f} s: {slow / fast:.0f} x"
    )
    assert slow / fast >= 80


def fan(rate: str) -> System:
    """One service that asks three others at once, each with a timeout."""
    return System.model_validate(
        {
            "system": "fan",
            "components": [{"id": "api", "concurrency": 200}, *({"id": x, "concurrency": 100} for x in ("x", "y", "z"))],
            "dependencies": [
                {"from": "api", "to": x, "stage": 1, "on_failure": "fail", "policy": {"timeout": "300ms"}}
                for x in ("x", "y", "z")
            ],
            "journeys": [{"id": "j", "entry": "api", "rate": rate}],
        }
    )


def bench_five_minutes() -> None:
    """Five minutes at 1,000 requests a second with three dependencies; and five-minute scenarios at 200 a second."""
    setup = Setup(seed=1, duration_s=300.0, laws=dict.fromkeys("xyz", Law("lognormal", 0.03, 0.5)))
    for rate in ("1000/s", "200/s"):
        compiled = compiled_system(fan(rate), {}, setup)
        run_compiled(compiled, setup)
        took = best_s(lambda compiled=compiled: run_compiled(compiled, setup))
        print(f"five minutes at {rate}, three dependencies: {took:.2f} s; {1 / took:.1f} scenarios/s on one core")


def bench_two_cores() -> None:
    """At least thirty five-minute scenarios a second at 200 requests a second, in two threads on two cores, by the clock."""
    setups = [Setup(seed=n, duration_s=300.0, laws=dict.fromkeys("xyz", Law("lognormal", 0.03, 0.5))) for n in range(60)]
    compiled = compiled_system(fan("200/s"), {}, setups[0])
    run_compiled(compiled, setups[0])
    a_second = {}
    for threads in (1, 2):
        with ThreadPoolExecutor(threads) as pool:
            since = time.perf_counter()
            ran = sum(1 for _ in pool.map(lambda setup: run_compiled(compiled, setup).events, setups))
            a_second[threads] = ran / (time.perf_counter() - since)
    print(f"five-minute scenarios at 200/s: {a_second[1]:.1f} a second in one thread, {a_second[2]:.1f} in two")
    assert a_second[2] >= 30


def wide(components: int, calls: int = 30) -> System:
    """About so many components: services that each have three others ask the rest of their thirty, two stages deep."""
    groups = max(1, round(components / (calls + 1)))
    names, dependencies, journeys = [], [], []
    for g in range(groups):
        middle, leaves = [f"m{g}-{k}" for k in range(3)], [f"l{g}-{k}" for k in range(calls - 3)]
        names += [f"e{g}", *middle, *leaves]
        asked = [(f"e{g}", m, 1) for m in middle] + [(middle[k % 3], leaf, 1 + k // 6) for k, leaf in enumerate(leaves)]
        dependencies += [
            {"from": a, "to": b, "stage": stage, "on_failure": "fail", "policy": {"timeout": "300ms"}} for a, b, stage in asked
        ]
        journeys.append({"id": f"j{g}", "entry": f"e{g}", "rate": f"{1000 / groups}/s"})
    return System.model_validate(
        {
            "system": "wide",
            "components": [{"id": name, "concurrency": 400} for name in names],
            "dependencies": dependencies,
            "journeys": journeys,
        }
    )


def bench_eighty_events_a_request() -> None:
    """Five minutes at 1,000 requests a second, some 80 events a request, with about 100 and about 1,000 components: 2 s."""
    for components in (100, 1000):
        system = wide(components)
        laws = {x.id: Law("lognormal", 0.005 if x.id.startswith("l") else 0.02, 0.5) for x in system.components}
        setup = Setup(seed=1, duration_s=300.0, laws={name: law for name, law in laws.items() if not name.startswith("e")})
        compiled = compiled_system(system, {}, setup)
        out = run_compiled(compiled, setup)
        took = best_s(lambda compiled=compiled, setup=setup: run_compiled(compiled, setup))
        each = out.events / len(out.codes)
        print(
            f"five minutes at 1,000/s, {len(system.components):,} components, {each:.1f} events a request: {took:.2f} s "
            f"({out.events / took / 1e6:.1f} M events/s), {took * 80 / each:.2f} s at 80 (2 s wanted)"
        )


def bench_cold_and_cached() -> None:
    """From the start of Python to the first result: compiled already, and (in an empty cache) not yet."""
    import os
    import tempfile

    code = (
        "import time; since = time.process_time(), time.perf_counter(); from auditkit.simulation import Setup, run_once; "
        "from auditkit.model.system import System; "
        "s = System.model_validate({'system': 's', 'components': [{'id': 'a'}, {'id': 'b'}], "
        "'dependencies': [{'from': 'a', 'to': 'b'}],"
        " 'journeys': [{'id': 'j', 'entry': 'a', 'rate': '10/s'}]}); run_once(s, {}, Setup(duration_s=1.0)); "
        "print(time.process_time() - since[0], time.perf_counter() - since[1])"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        for what in ("cold", "cached"):
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
            worked_s, took_s = map(float, done.stdout.split())
            print(f"{what} start to the first result: {worked_s:.2f} s of processor time, {took_s:.2f} s by the clock")
