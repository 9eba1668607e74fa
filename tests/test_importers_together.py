"""Compose and traces of one system, whose truth is known: together they know more than either, and claim nothing wrong."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditkit.importers.coverage import STATED
from auditkit.project import Audit

SERVICES = [f"service-{letter}" for letter in "abcdefghijkl"]


@dataclass(frozen=True)
class Figures:
    """Of the dependencies reported as stated, configured or seen: how many are true, and how many of the true ones they are."""

    precision: float
    recall: float


def a_system(seed: int) -> tuple[set[tuple[str, str]], str, str]:
    """Twelve services that call 24 times; a Compose file with some addresses and start orders; traces with some calls.

    Half of the calls have their address in the environment (the rest are in code); each start order is as often no call as
    one. A call is in the traces with probability 0.6, a few of them ten times as rarely as others.
    """
    draw = random.Random(seed)
    pairs = [(a, b) for i, a in enumerate(SERVICES) for b in SERVICES[i + 1 :]]
    truth = set(draw.sample(pairs, 24))
    written = {pair for pair in truth if draw.random() < 0.5}
    others = [pair for pair in pairs if pair not in truth]
    orders = set(draw.sample(sorted(truth), 6)) | set(draw.sample(others, 6))
    compose = {
        "services": {
            name: {
                "image": f"shop/{name}",
                "environment": {
                    f"{b.upper().replace('-', '_')}_URL": f"http://{b}:8080" for a, b in sorted(written) if a == name
                },
                "depends_on": [b for a, b in sorted(orders) if a == name],
            }
            for name in SERVICES
        }
    }
    seen = sorted(pair for pair in truth if draw.random() < 0.6)
    counts = [{"parent": a, "child": b, "callCount": draw.choice((3, 40, 400))} for a, b in seen]
    return truth, json.dumps(compose), json.dumps({"data": counts})


def figures(place: Path, truth: set[tuple[str, str]], **files: str) -> Figures:
    """What an import of some files claims, held against the truth."""
    source = place / "source"
    source.mkdir(parents=True)
    for name, text in files.items():
        (source / f"{name}.json").write_text(text)
    audit = Audit.importing([source], place / "audit")
    sure = STATED | {"configured"}
    found = {(d.caller, to) for d in audit.system.dependencies if d.confidence in sure for to in d.to}
    return Figures(len(found & truth) / len(found), len(found & truth) / len(truth))


@pytest.mark.parametrize("seed", range(5))
def test_compose_and_traces_together_are_better_than_either(tmp_path: Path, seed: int) -> None:
    """More of the true calls, and no false one beside them: start order alone is never believed."""
    truth, compose, traces = a_system(seed)
    one = figures(tmp_path / "compose", truth, compose=compose)
    other = figures(tmp_path / "traces", truth, dependencies=traces)
    both = figures(tmp_path / "both", truth, compose=compose, dependencies=traces)
    print(f"compose {one}, traces {other}, both {both}")
    assert both.precision == one.precision == other.precision == 1
    assert both.recall > max(one.recall, other.recall)
