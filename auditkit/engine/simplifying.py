"""Graphs of gates made smaller without changing what they mean, before they are frozen into a formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from auditkit.engine.graphs import components

Args = dict[int, tuple[int, ...]]
"""For each gate the gates that it is computed from."""


def one_for_all(args: Args, top: int, is_or: Callable[[int], bool]) -> int:
    """Replace each set of or gates that imply one another in a circle by one gate, in place; the top gate's new number.

    Around such a circle each gate is true when the next one is, so all are equal, and the least of their common solutions is
    the or of everything else that they hang on. This ends circles of hard dependencies however long they are, which a fixpoint
    iteration over diagrams would walk through again and again.
    """
    while True:
        passing = {gate: is_or(gate) or len(inputs) == 1 for gate, inputs in args.items()}
        implied = {gate: [arg for arg in inputs if passing[arg]] if passing[gate] else [] for gate, inputs in args.items()}
        implied[-1] = [gate for gate in implied if passing[gate]]
        blocks = [block for block in components(implied, -1) if len(block) > 1 and any(is_or(gate) for gate in block)]
        for gate in (gate for gate, inputs in args.items() if is_or(gate) and gate in inputs):
            args[gate] = tuple(arg for arg in args[gate] if arg != gate)
        if not blocks:
            return top
        stands_for = {}
        for block in blocks:
            chosen = next(gate for gate in block if is_or(gate))
            members = set(block)
            args[chosen] = tuple(dict.fromkeys(arg for gate in reversed(block) for arg in args[gate] if arg not in members))
            for gate in members - {chosen}:
                stands_for[gate] = chosen
                del args[gate]
        top = stands_for.get(top, top)
        for gate, inputs in args.items():
            args[gate] = tuple(stands_for.get(arg, arg) for arg in inputs)


def flattened(args: Args, top: int, kind: Callable[[int], int], joins: Callable[[int], bool]) -> None:
    """Take into each gate those of its arguments that are of its own kind and used nowhere else, in place.

    `joins` tells the gates for which that is right: and, or; none that stands in a circle.
    """
    used = Counter(arg for inputs in args.values() for arg in inputs)
    absorbed = {
        arg for gate, inputs in args.items() if joins(gate) for arg in inputs
        if arg != top and joins(arg) and kind(arg) == kind(gate) and used[arg] == 1
    }  # fmt: skip
    for gate in [gate for gate in args if gate not in absorbed and joins(gate)]:
        args[gate] = tuple(dict.fromkeys(_spread(args, args[gate], absorbed)))
    for gate in absorbed:
        del args[gate]


def _spread(args: Args, inputs: Iterable[int], absorbed: set[int]) -> Iterable[int]:
    stack = list(reversed(tuple(inputs)))
    while stack:
        arg = stack.pop()
        if arg in absorbed:
            stack.extend(reversed(args[arg]))
        else:
            yield arg
