"""What is decided before a diagram is drawn: independent modules, and in which order their variables are asked.

A module is a gate below which nothing is shared with the rest of the formula; it is drawn alone and is a single variable to
what stands above it. The size of a diagram hangs on the order of its variables, and no rule for it is always good, so there
are several, tried one after the other under a growing budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from auditkit.engine.formula import Formula, Op


@dataclass(frozen=True, slots=True)
class Module:
    """A gate that shares nothing below it: its inner gates in the formula's order, itself last, and its leaves.

    Leaves are variables and the roots of smaller modules.
    """

    root: int
    gates: tuple[int, ...]
    leaves: tuple[int, ...]


def modules(formula: Formula) -> tuple[Module, ...]:
    """The formula's modules, smaller ones before those that hold them; the last one is the whole formula.

    (Dutuit, Rauzy: A linear-time algorithm to find modules of fault trees, 1996: a gate is a module if a depth-first walk meets
    everything below it only between the gate's own first visit and the end of that visit.)
    """
    below = [formula.arguments(gate) for gate in range(len(formula.op))]
    first, end, last = _visits(formula, below)
    earliest, latest = list(first), list(last)
    roots = {formula.root}
    for block, turning in formula.blocks():
        at = block[0]
        under = [arg for gate in block for arg in below[gate]]
        if not under:
            continue
        inside = min(earliest[arg] for arg in under), max(latest[arg] for arg in under)
        if not turning and len(under) > 1 and first[at] < inside[0] and inside[1] < end[at]:
            roots.add(at)
        least, most = min(inside[0], *(first[gate] for gate in block)), max(inside[1], *(last[gate] for gate in block))
        for gate in block:
            earliest[gate], latest[gate] = least, most
    return tuple(_module(formula, below, roots, root) for root in sorted(roots))


def _visits(formula: Formula, below: list[list[int]]) -> tuple[list[int], list[int], list[int]]:
    """When a depth-first walk meets each gate first, when it has finished it, and when it meets it last."""
    first, end, last = [0] * len(below), [0] * len(below), [0] * len(below)
    clock, path = 1, [(formula.root, 0)]
    first[formula.root] = last[formula.root] = 1
    while path:
        gate, child = path.pop()
        clock += 1
        if child == len(below[gate]):
            end[gate] = last[gate] = clock
            continue
        path.append((gate, child + 1))
        arg = below[gate][child]
        last[arg] = clock
        if not first[arg]:
            first[arg] = clock
            path.append((arg, 0))
    return first, end, last


def _module(formula: Formula, below: list[list[int]], roots: set[int], root: int) -> Module:
    if formula.op[root] == Op.VARIABLE:
        return Module(root, (), (root,))
    inner, leaves, seen, stack = [], [], {root}, [root]
    while stack:
        gate = stack.pop()
        if gate != root and (formula.op[gate] == Op.VARIABLE or gate in roots):
            leaves.append(gate)
            continue
        inner.append(gate)
        for arg in below[gate]:
            if arg not in seen:
                seen.add(arg)
                stack.append(arg)
    return Module(root, tuple(sorted(inner)), tuple(sorted(leaves)))


def reverse_depth_first(formula: Formula, module: Module) -> list[int]:
    """Leaves as a depth-first walk meets them that takes the last argument first."""
    return _walk(formula, module, lambda args: args)


def depth_first(formula: Formula, module: Module) -> list[int]:
    """Leaves as a depth-first walk meets them."""
    return _walk(formula, module, lambda args: args[::-1])


def light_first(formula: Formula, module: Module) -> list[int]:
    """Leaves as a depth-first walk meets them that takes arguments with little below them first."""
    weight = _weights(formula, module)
    return _walk(formula, module, lambda args: sorted(args, key=lambda arg: -weight[arg]))


def heavy_first(formula: Formula, module: Module) -> list[int]:
    """Leaves as a depth-first walk meets them that takes arguments with much below them first."""
    weight = _weights(formula, module)
    return _walk(formula, module, lambda args: sorted(args, key=lambda arg: weight[arg]))


def most_used_first(formula: Formula, module: Module) -> list[int]:
    """Leaves by a depth-first walk that takes leaves used by many gates first, then gates with little below them."""
    used = np.bincount(formula.args, minlength=len(formula.op))
    weight = _weights(formula, module)
    key = {gate: (0, -weight[gate]) for gate in module.gates} | {leaf: (int(used[leaf]), 0) for leaf in module.leaves}
    return _walk(formula, module, lambda args: sorted(args, key=key.__getitem__))


def breadth_first(formula: Formula, module: Module) -> list[int]:
    """Leaves by their distance from the module's root."""
    leaves, found, queue, seen = set(module.leaves), [], [module.root], {module.root}
    for gate in queue:
        if gate in leaves:
            found.append(gate)
            continue
        for arg in formula.arguments(gate):
            if arg not in seen:
                seen.add(arg)
                queue.append(arg)
    return found


ORDERS: Mapping[str, Callable[[Formula, Module], list[int]]] = {
    "reverse depth-first": reverse_depth_first,
    "depth-first": depth_first,
    "light first": light_first,
    "heavy first": heavy_first,
    "most used first": most_used_first,
    "breadth-first": breadth_first,
}
"""Rules for the order of variables, in the order in which they are tried."""


def _weights(formula: Formula, module: Module) -> dict[int, int]:
    """How many leaves stand below each gate, a leaf counted once per way to it (bounded, the number can be huge)."""
    weight = dict.fromkeys(module.leaves, 1)
    for gate in module.gates:
        weight[gate] = min(sum(weight.get(arg, 1) for arg in formula.arguments(gate)), 1 << 60)
    return weight


def _walk(formula: Formula, module: Module, arranged: Callable[[list[int]], list[int]]) -> list[int]:
    """Leaves as met by a depth-first walk that pushes arguments as `arranged`: what is pushed last is taken first."""
    leaves, found, seen, stack = set(module.leaves), [], set(), [module.root]
    while stack:
        gate = stack.pop()
        if gate in seen:
            continue
        seen.add(gate)
        if gate in leaves:
            found.append(gate)
        else:
            stack += arranged(formula.arguments(gate))
    return found
