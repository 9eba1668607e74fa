"""The dependency map as SVG: shapes by kind, lines by what a failure does, states by colour, symbol and word together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.document.layouts import Layout, layout, lines, shown
from auditkit.document.looks import BLUE, GREEN, INK, MUTED, ORANGE, PLAIN, STATES, VERMILLION
from auditkit.document.svg import drawing, element, figure, label, words_of
from auditkit.model.failure import State
from auditkit.model.paths import alternatives
from auditkit.model.system import Component, Dependency, System, split_target

_STORES = frozenset({"database", "cache"})
_NOT_OURS = frozenset({"client", "external", "dns", "certificate", "network", "load-generator", "telemetry"})


@dataclass(frozen=True, slots=True)
class _Line:
    """How a call is drawn, and the words for it in the legend."""

    colour: str
    dash: str | None
    width: float
    words: str


_LINES: Mapping[str, _Line] = {
    "fail": _Line(INK, None, 1.8, "its failure fails the caller"),
    "unknown": _Line(VERMILLION, "9 3", 1.8, "nobody has said what its failure does"),
    "degrade": _Line(BLUE, "6 2", 1.4, "the caller degrades"),
    "ignore": _Line(MUTED, "2 3", 1.2, "the caller goes on"),
    "fallback": _Line(GREEN, "8 3 2 3", 1.2, "asked only as a fallback"),
    "async": _Line(ORANGE, "1 4", 1.6, "asynchronous"),
}
"""From what matters most to what matters least; of several calls between two components the first is drawn."""


def calls_by_line(system: System) -> dict[tuple[str, str], str]:
    """The style of each line of the map, by caller and callee."""
    order = list(_LINES)
    found: dict[tuple[str, str], str] = {}
    for dependency in system.dependencies:
        caller = split_target(dependency.caller)[0]
        for target in dependency.to:
            _keep_stronger(found, (caller, split_target(target)[0]), _style(dependency), order)
        for alternative in alternatives(dependency):
            _keep_stronger(found, (caller, split_target(alternative.to)[0]), "fallback", order)
    return {line: found[line] for line in lines(system)}


def _style(dependency: Dependency) -> str:
    return "async" if dependency.call == "async" else dependency.on_failure or "unknown"


def _keep_stronger(found: dict[tuple[str, str], str], line: tuple[str, str], style: str, order: list[str]) -> None:
    if line not in found or order.index(style) < order.index(found[line]):
        found[line] = style


def dependency_svg(
    system: System,
    states: Mapping[str, State] | None = None,
    placed: Layout | None = None,
    *,
    name: str = "map",
    title: str = "",
) -> str:
    """The dependency map of a system as a self-contained SVG with title and description.

    `states` (component id -> state) colours the components; `placed` are positions, by default those of `layout`, in the
    direction in which the picture is less wide than long. `name` must be unique in a page.

    >>> from auditkit.model.system import Component
    >>> shop = System(system="s", components=(Component(id="web"), Component(id="db", kind="database")),
    ...     dependencies=(Dependency(caller="web", to="db"),))
    >>> dependency_svg(shop, {"db": State.FAILED}).count("✕ failed</text>")
    1
    """
    placed = best_layout(system) if placed is None else placed
    styles = calls_by_line(system)
    used = [style for style in _LINES if style in styles.values()]
    legend_height = 22.0 * math.ceil(len(used) / 2) + 10 if used else 0.0
    width, height = max(placed.width, 560.0), placed.height + legend_height
    shift = (width - placed.width) / 2
    parts = [element("defs", "".join(_arrow(name, style) for style in used))]
    drawn = [_line(placed, ends, style, name) for ends, style in styles.items()]
    drawn += [_box(component, placed, None if states is None else states.get(component.id)) for component in system.components]
    parts.append(element("g", "".join(drawn), transform=f"translate({figure(shift)} 0)"))
    parts += _legend(used, placed.height, width, name)
    return drawing(name, width, height, title or f"Dependency map of {system.system}", describe(system, states), parts)


def best_layout(system: System) -> Layout:
    """From top to bottom, unless that is much wider than a page; then from left to right, if that is less wide."""
    down = layout(system, "down")
    if down.width <= 900:
        return down
    right = layout(system, "right")
    return right if right.width < down.width else down


def describe(system: System, states: Mapping[str, State] | None = None, most: int = 40) -> str:
    """The map in words, for those who cannot see it."""
    styles = calls_by_line(system)
    words = [f"{len(system.components)} components and {len(styles)} lines between them."]
    if states:
        words += [
            f"{state.value.capitalize()}: {', '.join(found)}."
            for state in State
            if (found := [c.id for c in system.components if states.get(c.id) == state])
        ]
    said = [f"{caller} calls {callee} ({_LINES[style].words})" for (caller, callee), style in styles.items()]
    rest = f"; and {len(said) - most} more" if len(said) > most else ""
    return " ".join([*words, ("; ".join(said[:most]) + rest + ".") if said else "No call is known."])


def _arrow(name: str, style: str) -> str:
    tip = element("path", d="M0 0 L10 5 L0 10 z", fill=_LINES[style].colour)
    return element(
        "marker", tip, id=f"{name}-{style}", viewBox="0 0 10 10", refX=9.5, refY=5, markerWidth=9, markerHeight=9,
        markerUnits="userSpaceOnUse", orient="auto",
    )  # fmt: skip


def _line(placed: Layout, ends: tuple[str, str], style: str, name: str) -> str:
    look = _LINES[style]
    points = placed.routes.get(ends) or _straight(placed, ends)
    start, rest = points[0], points[1:]
    curve = " ".join(f"{figure(x)} {figure(y)}" for x, y in rest)
    path = element(
        "path", d=f"M{figure(start[0])} {figure(start[1])} C{curve}", fill="none", stroke=look.colour,
        stroke_width=look.width, stroke_dasharray=look.dash, marker_end=f"url(#{name}-{style})",
    )  # fmt: skip
    if style != "unknown":
        return path
    middle = points[len(points) // 2]
    return path + label(middle[0] + 9, middle[1] + 4, "?", size=13, fill=look.colour, weight="bold")


def _straight(placed: Layout, ends: tuple[str, str]) -> tuple[tuple[float, float], ...]:
    """A line between the borders of two boxes, as one Bezier piece; a call to oneself as a small loop."""
    (ax, ay), (bx, by) = (placed.positions[end] for end in ends)
    if ends[0] == ends[1]:
        w, h = placed.sizes[ends[0]]
        return ((ax + w / 2, ay - 8), (ax + w / 2 + 30, ay - h), (ax + w / 2 + 30, ay + h), (ax + w / 2, ay + 8))
    start, end = _border(placed, ends[0], (bx - ax, by - ay)), _border(placed, ends[1], (ax - bx, ay - by))
    return (start, start, end, end)


def _border(placed: Layout, component: str, towards: tuple[float, float]) -> tuple[float, float]:
    (x, y), (w, h) = placed.positions[component], placed.sizes[component]
    reach = min((half / abs(part) for half, part in zip((w / 2, h / 2), towards, strict=True) if part), default=0.0)
    return x + towards[0] * reach, y + towards[1] * reach


def _box(component: Component, placed: Layout, state: State | None) -> str:
    (x, y), (w, h) = placed.positions[component.id], placed.sizes[component.id]
    look = PLAIN if state is None else STATES[state]
    dash = "5 3" if component.kind in _NOT_OURS else None
    shape = _shape(component.kind, x - w / 2, y - h / 2, w, h)
    outline = element("path", d=shape, fill=look.fill, stroke=look.border, stroke_width=1.4, stroke_dasharray=dash)
    below = look.label or component.kind
    if component.instances is not None and state is None:
        below = f"{component.kind} · {component.instances} ×"
    if component.kind in _STORES:
        y += 4
    words = label(x, y - 1, shown(component.id), weight="600") + label(
        x, y + 12, below, size=10, fill=MUTED if state is None else INK
    )
    return element("g", element("title", words_of(f"{component.id} ({below})")) + outline + words)


def _shape(kind: str, x: float, y: float, w: float, h: float) -> str:
    """Outline of a box: a drum for what stores, a slanted box for a queue, a hexagon for a gateway, round ends for a client."""
    right, bottom, half = x + w, y + h, y + h / 2
    if kind in _STORES:
        bow = 5.0
        lid, low = y + bow, bottom - bow
        return _path(
            f"M {x} {lid} A {w / 2} {bow} 0 0 1 {right} {lid} V {low} A {w / 2} {bow} 0 0 1 {x} {low} Z",
            f"M {x} {lid} A {w / 2} {bow} 0 0 0 {right} {lid}",
        )
    if kind == "queue":
        return _path(f"M {x + 8} {y} H {right} L {right - 8} {bottom} H {x} Z")
    if kind == "gateway":
        return _path(f"M {x + 10} {y} H {right - 10} L {right} {half} L {right - 10} {bottom} H {x + 10} L {x} {half} Z")
    r = h / 2 if kind in {"client", "load-generator"} else 5.0
    arc = f"A {r} {r} 0 0 1"
    return _path(
        f"M {x + r} {y} H {right - r} {arc} {right} {y + r} V {bottom - r} {arc} {right - r} {bottom}",
        f"H {x + r} {arc} {x} {bottom - r} V {y + r} {arc} {x + r} {y} Z",
    )


def _path(*pieces: str) -> str:
    """Path data with rounded figures."""
    return " ".join(part if part.isalpha() else figure(float(part)) for piece in pieces for part in piece.split(" "))


def _legend(used: list[str], top: float, width: float, name: str) -> list[str]:
    """What the lines mean, two in a row."""
    drawn = []
    for index, style in enumerate(used):
        x, y = 16 + (index % 2) * width / 2, top + 14 + 22 * (index // 2)
        look = _LINES[style]
        drawn.append(
            element(
                "path", d=f"M{figure(x)} {figure(y)} H{figure(x + 44)}", fill="none", stroke=look.colour,
                stroke_width=look.width, stroke_dasharray=look.dash, marker_end=f"url(#{name}-{style})",
            )
        )  # fmt: skip
        drawn.append(label(x + 54, y + 4, look.words, size=11, anchor="start", fill=INK))
    return drawn
