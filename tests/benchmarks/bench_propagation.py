"""Propagation beside networkx and rustworkx: how many components each failure affects, measured in one run.

Run by `make bench`. The graph libraries answer by `ancestors` of the failed component, on a sample of components, scaled up to
all; their answers are compared with ours. Times are the best of several rounds, warm; the structure is compiled once and reused.
"""

from __future__ import annotations

import math
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import rustworkx as rx
from pytest_benchmark.fixture import BenchmarkFixture

from auditkit.engine import propagation
from auditkit.engine.propagation import Compiled, compile_structure
from auditkit.engine.structure import DEGRADE, FAIL, IGNORE, Atom, Call, Link, Part, Structure, Trip

LAYERS = 10
DEPENDENCIES = 5
SAMPLE = 20
CORES = os.cpu_count() or 1

Edges = list[tuple[int, int]]


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    """What is printed as one table in the end."""
    found: list[str] = []
    yield found
    print("\n\n" + "\n".join(found))


def layered(count: int, circle: int = 0, seed: int = 1) -> Edges:
    """About five dependencies each, on the layer below; the first `circle` components form one circle above the layers."""
    draw = random.Random(seed)
    rest = count - circle
    bounds = [circle + rest * layer // LAYERS for layer in range(LAYERS + 1)]
    edges = [(node, (node + 1) % circle) for node in range(circle)]
    edges += [(node, to) for node in range(circle) for to in draw.sample(range(circle, count), DEPENDENCIES - 1)]
    for layer in range(LAYERS - 1):
        below = range(bounds[layer + 1], bounds[layer + 2])
        edges += [(node, to) for node in range(bounds[layer], bounds[layer + 1]) for to in draw.sample(below, DEPENDENCIES)]
    return edges


def call(target: int, hangs: bool = True) -> Call:
    return Call(target, hangs, math.inf if hangs else 1.0, 0.0, math.inf if hangs else 8.0, hangs, False, True)


def structure(count: int, links: list[Link], workers: int = 0) -> Structure:
    names = tuple(f"c{node}" for node in range(count))
    return Structure(
        atoms=tuple(Atom(name, "component", 0.999) for name in names),
        places=names,
        parts=tuple(
            Part(name, node, (), node, (node,), (), 1, 1, False, workers, False, False, False, False)
            for node, name in enumerate(names)
        ),
        links=tuple(links),
        trips=(Trip("journey", 0, (), math.inf, 1.0),),
        subjects=("",) * len(links),
        part_of=tuple(range(count)),
    )


def required(count: int, edges: Edges) -> Structure:
    """Every dependency is required."""
    return structure(
        count, [Link(n, a, a, (call(b),), 1, FAIL, (), None, 0.0, False, False, False) for n, (a, b) in enumerate(edges)]
    )


def mixed(count: int) -> Structure:
    """A third required, a third with a fallback or ignored, a third redundant groups; half with timeouts; pools of 20 workers."""
    draw = random.Random(2)
    links = []
    for n, (a, b) in enumerate(layered(count)):
        hangs = draw.random() < 0.1
        kind = n % 3
        answer = FAIL if kind != 1 else draw.choice((DEGRADE, IGNORE))
        others = [min(count - 1, b + 1), min(count - 1, b + 2)] if kind == 2 else []
        members = tuple(call(target, hangs) for target in (b, *others))
        links.append(Link(n, a, a, members, 1 + len(others) // 2, answer, (), None, 0.0, False, False, False))
    return structure(count, links, workers=20)


def best(work: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def beside(edges: Edges, count: int, compiled: Compiled, ours: float, title: str) -> str:
    """A line of the table: our time, and how many times longer the libraries take, scaled up from a sample."""
    sample = random.Random(3).sample(range(count), SAMPLE)
    tally = propagation.affected(compiled, propagation.singles(compiled))
    directed = nx.DiGraph(edges)
    directed.add_nodes_from(range(count))
    fast = rx.PyDiGraph()
    fast.add_nodes_from(range(count))
    fast.add_edges_from_no_data(edges)
    assert [len(nx.ancestors(directed, node)) + 1 for node in sample] == tally[sample].tolist()
    theirs = best(lambda: [nx.ancestors(directed, node) for node in sample], 1) * count / SAMPLE
    rust = best(lambda: [rx.ancestors(fast, node) for node in sample], 3) * count / SAMPLE
    return f"{title:44}{ours * 1e3:10.1f} ms{theirs / ours:14,.0f} x{rust / ours:12,.0f} x"


@pytest.mark.parametrize(("count", "circle"), [(1_000, 0), (10_000, 0), (100_000, 0), (100_000, 80_000)])
def bench_all_single_failures(benchmark: BenchmarkFixture, lines: list[str], count: int, circle: int) -> None:
    """To reach at 100,000: 1 s on two cores, 5 s with the circle; 1,000 times networkx, 50 times rustworkx; 1 GiB."""
    edges = layered(count, circle)
    start = time.perf_counter()
    compiled = compile_structure(required(count, edges), "down")
    making = time.perf_counter() - start
    given = propagation.singles(compiled)
    if not lines:
        lines.append(f"{'all single failures, components affected':44}{'auditkit':>13}{'networkx':>16}{'rustworkx':>14}")
    for threads in (1, CORES):
        title = f"{count:,} components{f', circle of {circle:,}' if circle else ''}, {threads} thread{'s' if threads > 1 else ''}"
        seconds = best(lambda threads=threads: propagation.affected(compiled, given, threads), 3)  # type: ignore[misc]
        lines.append(beside(edges, count, compiled, seconds, title))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    lines.append(
        f"    structure and arrays made once in {making:.2f} s; process with the graph libraries at most {memory:.2f} GiB"
    )
    benchmark.pedantic(lambda: propagation.affected(compiled, given), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize(("count", "order", "mode"), [(1_000, 2, "down"), (300, 3, "down"), (1_000, 2, "slow")])
def bench_all_combinations(benchmark: BenchmarkFixture, lines: list[str], count: int, order: int, mode: str) -> None:
    """To reach: all pairs at 1,000 components within 0.1 s."""
    compiled = compile_structure(required(count, layered(count)), mode)  # type: ignore[arg-type]
    atoms = range(count)
    sets = math.comb(count, order)
    seconds = best(lambda: propagation.affected(compiled, propagation.combinations(atoms, order)), 5)
    title = f"all {'pairs' if order == 2 else 'triples'} of {count:,} components, {mode}"
    lines.append(f"{title:44}{seconds * 1e3:10.1f} ms   {sets / seconds / 1e6:.1f} million scenarios a second")
    benchmark.pedantic(lambda: propagation.affected(compiled, propagation.combinations(atoms, order)), rounds=3)


@pytest.mark.parametrize("mode", ["down", "slow"])
def bench_every_feature(benchmark: BenchmarkFixture, lines: list[str], mode: str) -> None:
    """Groups, fallbacks, timeouts and shared pools: dearer than plain reachability, and by how much."""
    compiled = compile_structure(mixed(10_000), mode)  # type: ignore[arg-type]
    given = propagation.singles(compiled)
    seconds = best(lambda: propagation.affected(compiled, given), 3)
    lines.append(f"{f'10,000 components, every feature, {mode}':44}{seconds * 1e3:10.1f} ms")
    benchmark.pedantic(lambda: propagation.affected(compiled, given), rounds=3)


def bench_random_scenarios(benchmark: BenchmarkFixture, lines: list[str]) -> None:
    """Monte Carlo: drawn and solved."""
    compiled = compile_structure(required(1_000, layered(1_000)), "down")
    p_down = np.full(1_000, 0.001)

    def work() -> None:
        propagation.journey_states(compiled, propagation.drawn(p_down.tolist(), 100_000, seed=1))

    seconds = best(work, 3)
    lines.append(f"{'100,000 random scenarios of 1,000 components':44}{seconds * 1e3:10.1f} ms   {1e5 / seconds:,.0f} a second")
    benchmark.pedantic(work, rounds=3)


FIRST_USE = """
import time
from auditkit.engine.structure import build
from auditkit.model.system import System
components, dependencies = [{"id": "a"}, {"id": "b"}], [{"from": "a", "to": "b"}]
shop = build(System.model_validate({"system": "s", "components": components, "dependencies": dependencies}))
start = time.perf_counter()
from auditkit.engine import propagation
compiled = propagation.compile_structure(shop, "slow")
propagation.affected(compiled, propagation.singles(compiled))
print(time.perf_counter() - start)
"""

MEMORY = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from bench_propagation import layered, required
from auditkit.engine import propagation
compiled = propagation.compile_structure(required(100_000, layered(100_000)), "slow")
propagation.counts(compiled, propagation.singles(compiled))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def bench_first_use_and_memory(benchmark: BenchmarkFixture, lines: list[str]) -> None:
    """In programs of their own. To reach: half a second with a warm cache; 1 GiB for 100,000 components."""

    def run(code: str) -> float:
        here = str(Path(__file__).parent)
        return float(subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, check=True).stdout)

    first = benchmark.pedantic(lambda: run(FIRST_USE), rounds=3)
    first = min(first, run(FIRST_USE))
    lines.append(f"{'first use in a new process, warm cache':44}{first * 1e3:10.1f} ms")
    lines.append(f"{'memory, 100,000 components, slow, all counts':44}{run(MEMORY):10.2f} GiB")
