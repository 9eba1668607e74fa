"""Strongly connected components, for graphs of any depth (no recursion)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def components(successors: Mapping[int, Sequence[int]], root: int) -> list[list[int]]:
    """Strongly connected components of what `root` reaches, each one after those that it leads to.

    Inside a component, what is met first stands last, so that successors tend to come before. (Tarjan: Depth-first search
    and linear graph algorithms, 1972.)

    >>> components({0: [1, 2], 1: [3], 2: [3], 3: [1]}, 0)
    [[3, 1], [2], [0]]
    """
    index: dict[int, int] = {root: 0}
    low: dict[int, int] = {root: 0}
    open_: list[int] = [root]
    on_stack: set[int] = {root}
    found: list[list[int]] = []
    path: list[tuple[int, int]] = [(root, 0)]
    while path:
        at, child = path[-1]
        below = successors[at]
        if child < len(below):
            path[-1] = (at, child + 1)
            target = below[child]
            if target not in index:
                index[target] = low[target] = len(index)
                open_.append(target)
                on_stack.add(target)
                path.append((target, 0))
            elif target in on_stack:
                low[at] = min(low[at], index[target])
            continue
        path.pop()
        if path:
            low[path[-1][0]] = min(low[path[-1][0]], low[at])
        if low[at] == index[at]:
            block = []
            while True:
                gate = open_.pop()
                on_stack.discard(gate)
                block.append(gate)
                if gate == at:
                    break
            found.append(block)
    return found
