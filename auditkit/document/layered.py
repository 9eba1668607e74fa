"""A plain layered layout, for machines without Graphviz: callers above callees, each layer sorted by its callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Edge = tuple[str, str]


def layers(names: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Names in layers: each as deep as the longest path to it, calls that close a cycle left out of the count.

    >>> layers(["web", "api", "db"], [("web", "api"), ("api", "db"), ("web", "db"), ("db", "web")])
    [['web'], ['api'], ['db']]
    """
    callees: dict[str, list[str]] = {name: [] for name in names}
    for caller, callee in edges:
        if caller != callee:
            callees[caller].append(callee)
    depth = dict.fromkeys(names, 0)
    for name in _finished_last_first(names, callees):
        for callee in callees[name]:
            depth[callee] = max(depth[callee], depth[name] + 1)
    deepest = max(depth.values(), default=0)
    found = [[name for name in names if depth[name] == level] for level in range(deepest + 1)]
    return _by_callers(found, edges)


def _finished_last_first(names: Sequence[str], callees: dict[str, list[str]]) -> list[str]:
    """A topological order after dropping, in `callees`, the calls that lead back onto the path being walked."""
    state: dict[str, str] = {}
    order: list[str] = []
    for start in names:
        waiting = [(start, False)]
        while waiting:
            name, done = waiting.pop()
            if done:
                state[name] = "done"
                order.append(name)
            elif name not in state:
                state[name] = "open"
                callees[name] = [callee for callee in callees[name] if state.get(callee) != "open"]
                waiting.append((name, True))
                waiting.extend((callee, False) for callee in reversed(callees[name]))
    return order[::-1]


def _by_callers(found: list[list[str]], edges: Sequence[Edge]) -> list[list[str]]:
    """Each layer in the order of the mean place of its callers, which keeps most lines from crossing."""
    place: dict[str, float] = {}
    for level in found:
        callers = {name: [place[a] for a, b in edges if b == name and a in place] for name in level}
        level.sort(key=lambda name: (sum(callers[name]) / len(callers[name])) if callers[name] else 0.0)
        place.update((name, (index + 0.5) / len(level)) for index, name in enumerate(level))
    return found


def place(
    names: Sequence[str], edges: Sequence[Edge], sizes: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Centres of boxes of the given sizes, layer below layer, each layer centred; y grows downwards."""
    gap_x, gap_y = 24.0, 60.0
    rows = layers(names, edges)
    widths = [sum(sizes[name][0] + gap_x for name in row) for row in rows]
    centres: dict[str, tuple[float, float]] = {}
    y = 0.0
    for row, width in zip(rows, widths, strict=True):
        height = max((sizes[name][1] for name in row), default=0.0)
        x = (max(widths) - width) / 2
        for name in row:
            centres[name] = (round(x + (sizes[name][0] + gap_x) / 2, 2), round(y + height / 2, 2))
            x += sizes[name][0] + gap_x
        y += height + gap_y
    return {name: centres[name] for name in names}
