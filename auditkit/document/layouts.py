"""Where each component stands in a picture: computed once, the same in the document and in the notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from auditkit.document import graphviz, layered
from auditkit.model.paths import asked
from auditkit.model.system import System, split_target

Direction = Literal["down", "right"]
HEIGHT = 38.0
MARGIN = 16.0
_INCH = 72.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres and sizes of boxes in pixels, x to the right and y downwards; `routes` holds each line as Bezier points.

    A route is keyed by (caller, callee) and has 3n + 1 points. It is empty where no Graphviz was at hand.
    """

    positions: Mapping[str, tuple[float, float]]
    sizes: Mapping[str, tuple[float, float]]
    routes: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float


def shown(name: str, most: int = 26) -> str:
    """A name as it fits into a box.

    >>> shown("a" * 40), shown("orders-db")
    ('aaaaaaaaaaaaaaaaaaaaaaaaa…', 'orders-db')
    """
    return name if len(name) <= most else name[: most - 1] + "…"


def box_size(name: str) -> tuple[float, float]:
    """Width and height of the box of a component, in pixels."""
    return max(88.0, 7.4 * len(shown(name)) + 26.0), HEIGHT


def lines(system: System) -> tuple[tuple[str, str], ...]:
    """Every pair of components with a call between them, fallbacks included, sorted; operations are drawn at their component."""
    known = {component.id for component in system.components}
    pairs = {(split_target(d.caller)[0], split_target(target)[0]) for d in system.dependencies for target in asked(d)}
    return tuple(sorted(pair for pair in pairs if set(pair) <= known))


def layout(system: System, direction: Direction = "down") -> Layout:
    """Positions of the components of a system, callers before callees. The same system gives the same positions.

    Graphviz' `dot` where there is one, else plain layers.

    >>> from auditkit.model.system import Component, Dependency
    >>> shop = System(system="s", components=(Component(id="web"), Component(id="db")), dependencies=(
    ...     Dependency(caller="web", to="db"),))
    >>> found = layout(shop)
    >>> found.positions["web"][1] < found.positions["db"][1], found.positions["web"][0] == found.positions["db"][0]
    (True, True)
    """
    return arrange([component.id for component in system.components], lines(system), direction)


def arrange(names: Sequence[str], edges: Sequence[tuple[str, str]], direction: Direction = "down") -> Layout:
    """Positions of any named boxes with lines between them."""
    sizes = {name: box_size(name) for name in names}
    if not names:
        return Layout({}, {}, {}, 2 * MARGIN, 2 * MARGIN)
    text = graphviz.plain(_dot(names, edges, sizes, direction))
    if text is not None:
        return _read_plain(text, names, sizes)
    centres = layered.place(names, edges, sizes)
    width = max(x + sizes[name][0] / 2 for name, (x, _) in centres.items()) + MARGIN
    height = max(y + sizes[name][1] / 2 for name, (_, y) in centres.items()) + 2 * MARGIN
    moved = {name: (x, round(y + MARGIN, 2)) for name, (x, y) in centres.items()}
    return Layout(moved, sizes, {}, round(width, 2), round(height, 2))


def _dot(
    names: Sequence[str], edges: Sequence[tuple[str, str]], sizes: Mapping[str, tuple[float, float]], direction: Direction
) -> str:
    """The DOT text. Boxes are called n0, n1, … there, so that no name has to be quoted."""
    number = {name: index for index, name in enumerate(names)}
    towards = "TB" if direction == "down" else "LR"
    head = f"digraph {{ rankdir={towards}; nodesep=0.3; ranksep=0.65; node [shape=box, fixedsize=true]; edge [dir=none];"
    boxes = [f"n{number[n]} [width={sizes[n][0] / _INCH:.4f}, height={sizes[n][1] / _INCH:.4f}];" for n in names]
    arrows = [f"n{number[a]} -> n{number[b]};" for a, b in edges]
    return "\n".join([head, *boxes, *arrows, "}"])


def _read_plain(text: str, names: Sequence[str], sizes: Mapping[str, tuple[float, float]]) -> Layout:
    positions: dict[str, tuple[float, float]] = {}
    routes: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {}
    width = height = 0.0
    for line in text.splitlines():
        kind, *rest = line.split(" ")
        if kind == "graph":
            width, height = float(rest[1]) * _INCH, float(rest[2]) * _INCH
        elif kind == "node":
            positions[names[int(rest[0][1:])]] = _pixel(rest[1], rest[2], height)
        elif kind == "edge":
            points = rest[3 : 3 + 2 * int(rest[2])]
            ends = (names[int(rest[0][1:])], names[int(rest[1][1:])])
            routes[ends] = tuple(_pixel(x, y, height) for x, y in zip(points[::2], points[1::2], strict=True))
    ordered = {name: positions[name] for name in names}
    return Layout(ordered, dict(sizes), routes, round(width + 2 * MARGIN, 2), round(height + 2 * MARGIN, 2))


def _pixel(x: str, y: str, height: float) -> tuple[float, float]:
    return round(float(x) * _INCH + MARGIN, 2), round(height - float(y) * _INCH + MARGIN, 2)
