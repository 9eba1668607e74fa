"""Fault trees: our diagrams beside SCRAM (a separate program) and dd (a library), measured in one run.

Run by `make bench`. Each figure covers reading the file, all minimal cut sets counted, the exact probability, and for us the
importance of every event; SCRAM is given no limit on the order of cut sets and writes its report to nowhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from auditkit.engine.analysis import analyse, top_probability
from auditkit.engine.diagrams import draw, minimal_cut_sets
from auditkit.engine.fault_trees import FaultTree, read_fault_trees

TREES = [
    "baobab1", "baobab2", "baobab3", "chinese", "das9201", "das9202", "das9203", "das9204", "das9206", "das9601", "edf9201",
    "edf9202", "edfpa15r", "elf9601", "ftr10", "isp9601", "isp9603", "isp9605", "jbd9601",
]  # fmt: skip
JUDGED = ["baobab1", "baobab2", "baobab3", "edfpa15r", "isp9605"]
"""Trees on which dd is measured: those that are one module, so that both draw the same diagram."""


@pytest.fixture(scope="module")
def seconds() -> Iterator[dict[tuple[str, str], float]]:
    """Seconds by program and tree; printed as one table in the end."""
    found: dict[tuple[str, str], float] = {}
    yield found
    print(f"\n\n{'tree':10}{'auditkit':>12}{'SCRAM':>12}{'ratio':>8}")
    both = [name for name in TREES if ("scram", name) in found and ("auditkit", name) in found]
    for name in both:
        ours, theirs = found["auditkit", name], found["scram", name]
        print(f"{name:10}{ours * 1e3:9.1f} ms{theirs * 1e3:9.1f} ms{theirs / ours:8.1f}")
    if both:
        ours, theirs = (sum(found[program, name] for name in both) for program in ("auditkit", "scram"))
        print(f"{'together':10}{ours * 1e3:9.1f} ms{theirs * 1e3:9.1f} ms{theirs / ours:8.1f}")
    print(f"\nminimal cut sets of a drawn diagram{'auditkit':>12}{'dd':>14}{'ratio':>8}")
    for name in (name for name in JUDGED if ("dd", name) in found):
        ours, theirs = found["cut sets", name], found["dd", name]
        print(f"{name:35}{ours * 1e3:9.2f} ms{theirs * 1e3:11.1f} ms{theirs / ours:8.1f}")


def read(shared: Path, name: str) -> FaultTree:
    path = shared / "data/fault_trees" / f"{name}.xml"
    (tree,) = read_fault_trees(path.read_text(), path.name)
    return tree


@pytest.mark.parametrize("name", TREES)
def bench_tree(benchmark: BenchmarkFixture, shared: Path, name: str, seconds: dict[tuple[str, str], float]) -> None:
    """Ours, warm: to stay below a second each."""

    def whole() -> object:
        tree = read(shared, name)
        if not tree.formula.coherent:
            return top_probability(tree.formula, tree.probabilities)
        return analyse(tree.formula, tree.probabilities, max_order=0)

    benchmark.pedantic(whole, rounds=5, warmup_rounds=1)
    seconds["auditkit", name] = benchmark.stats.stats.median
    assert seconds["auditkit", name] <= 1.0


@pytest.mark.parametrize("name", TREES)
def bench_scram(benchmark: BenchmarkFixture, shared: Path, name: str, seconds: dict[tuple[str, str], float]) -> None:
    """SCRAM's binary decision diagrams on the same file."""
    program = shutil.which("scram")
    if program is None:
        pytest.skip("SCRAM is not installed (Debian: apt-get install scram), so there is nothing to compare with")
    command = [program, "--bdd", "--limit-order", "1000", "--probability", "true", "--output-path", "/dev/null"]
    path = shared / "data/fault_trees" / f"{name}.xml"
    benchmark.pedantic(lambda: subprocess.run([*command, str(path)], check=True, capture_output=True), rounds=3)
    seconds["scram", name] = benchmark.stats.stats.median


@pytest.mark.parametrize("name", JUDGED)
def bench_dd(benchmark: BenchmarkFixture, shared: Path, name: str, seconds: dict[tuple[str, str], float]) -> None:
    """Rauzy's minimal solutions over the diagrams of dd (CUDD below), the same order of variables; the count must agree."""
    tree = read(shared, name)
    diagram = draw(tree.formula)
    minimal_cut_sets(diagram)
    started = time.perf_counter()
    for _ in range(5):
        minimal_cut_sets(diagram)
    seconds["cut sets", name] = (time.perf_counter() - started) / 5
    expected = analyse(tree.formula, tree.probabilities, max_order=0).count
    path = shared / "data/fault_trees" / f"{name}.xml"
    order = ",".join(name for name in diagram.names if name is not None)
    command = [sys.executable, str(Path(__file__).with_name("with_dd.py")), str(path), order]
    answer = json.loads(benchmark.pedantic(lambda: subprocess.run(command, check=True, capture_output=True).stdout, rounds=1))
    assert answer["count"] == expected
    seconds["dd", name] = answer["seconds"]


FIRST_USE = """
import pathlib, sys, time
from auditkit.engine.analysis import analyse
from auditkit.engine.fault_trees import read_fault_trees
tree, = read_fault_trees(pathlib.Path(sys.argv[1]).read_text(), "tree")
start = time.perf_counter()
import numba.core.typing.context, numba.np.arraymath
theirs = time.perf_counter()
analyse(tree.formula, tree.probabilities)
print(time.perf_counter() - start, theirs - start)
"""


def bench_first_use(benchmark: BenchmarkFixture, shared: Path) -> None:
    """A new process analyses one small tree, its compiled code cached: to stay within 0.5 s, numba's start included."""

    def run() -> list[float]:
        command = [sys.executable, "-c", FIRST_USE, str(shared / "data/fault_trees/chinese.xml")]
        return [float(figure) for figure in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]

    first, theirs = min(benchmark.pedantic(run, rounds=3, warmup_rounds=1), run())
    print(f"\nfirst use in a new process, warm cache: {first * 1e3:.0f} ms, of which loading numba {theirs * 1e3:.0f} ms")
