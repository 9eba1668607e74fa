"""Changes a YAML text so that it means something else, touching only what differs.

Comments, key order, quotes, brackets and blank lines of all that stays are left as they are, byte for byte: the text is cut
and pasted at the places that the parser reports. Afterwards the result is read again and compared; should a text be too
odd for this (anchors on what changes, for instance), it is written anew.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from auditkit.errors import InputError
from auditkit.importers.yaml_text import Node, parse
from auditkit.importers.yaml_write import after_key, block, inline, same

log = logging.getLogger(__name__)


class Edit(NamedTuple):
    """Replace `text[start:end]`."""

    start: int
    end: int
    new: str


def edited(text: str, before: Node, target: Mapping[str, Any]) -> str:
    r"""`text`, which parses to `before`, changed to mean `target`.

    Entries with a name of their own keep their order; new ones follow their predecessor.

    >>> text = "a: 1   # one\nb: {x: '2',  y: 3}\n"
    >>> print(edited(text, parse(text, "x"), {"a": 1, "b": {"x": "2", "y": 4}, "c": "new"}), end="")
    a: 1   # one
    b: {x: '2',  y: 4}
    c: new
    """
    if _alike(before.value, target):
        return text
    crlf = "\r\n" in text
    body = text.replace("\r\n", "\n")
    if crlf:
        before = parse(body, "the previous text")  # where things stand once the line ends are short
    edits = sorted(_Surgeon(body).change(before, target, _Place(0, 0, False)), key=lambda edit: edit[:2])
    after = _applied(body, edits)
    if not _means(after, target):
        log.warning("the file is written anew and loses its comments: its layout could not be kept")
        after = block(target) + "\n"
    return after.replace("\n", "\r\n") if crlf else after


def _means(text: str, target: Mapping[str, Any]) -> bool:
    try:
        return _alike(parse(text, "").value, target)
    except InputError:
        return False


def _alike(one: Any, other: Any) -> bool:
    return same(_ordered(one), _ordered(other))


def _ordered(value: Any) -> Any:
    """Entries that are known by a name, in the order of their names."""
    if isinstance(value, Mapping):
        return {key: _ordered(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        below = [_ordered(entry) for entry in value]
        names = identities(below)
        return [entry for _, entry in sorted(zip(names, below, strict=True), key=lambda pair: repr(pair[0]))] if names else below
    return value


def identities(entries: Sequence[Any]) -> list[tuple[Hashable, int]] | None:
    """By what each entry of a list is known: its id, or who calls whom, and its how-manieth it is. None where they have no names.

    >>> identities([{"from": "a", "to": ["b", "c"]}, {"from": "a", "to": ["c", "b"]}])
    [(('a', ('b', 'c')), 0), (('a', ('b', 'c')), 1)]
    """
    found: list[tuple[Hashable, int]] = []
    seen: Counter[Hashable] = Counter()
    for entry in entries:
        name: Hashable
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str):
            name = entry["id"]
        elif (
            isinstance(entry, Mapping) and isinstance(entry.get("from"), str) and isinstance(entry.get("to"), (str, list, tuple))
        ):
            targets = [entry["to"]] if isinstance(entry["to"], str) else entry["to"]
            name = (entry["from"], tuple(sorted(str(target) for target in targets)))
        else:
            return None
        found.append((name, seen[name]))
        seen[name] += 1
    return found


def _applied(text: str, edits: Sequence[Edit]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, new in edits:
        pieces += [text[at : max(start, at)], new]
        at = max(at, end)
    return "".join([*pieces, text[at:]])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: column of the key or dash it belongs to, its depth in the file, inside brackets or not."""

    column: int
    depth: int
    flow: bool


@dataclass(frozen=True, slots=True)
class _Surgeon:
    """The text being changed, and the ways of changing it."""

    text: str

    def change(self, node: Node, new: Any, place: _Place) -> Iterator[Edit]:
        """Edits that turn what `node` was read from into `new`."""
        if same(node.value, new):
            return
        old = node.value
        if isinstance(old, dict) and isinstance(new, Mapping) and any(key.value in new for key in node.keys):
            yield from self.mapping(node, new, place)
        elif isinstance(old, list) and isinstance(new, (list, tuple)) and node.children and new:
            yield from self.sequence(node, new, place)
        else:
            yield from self.replacement(node, new, place)

    def replacement(self, node: Node, new: Any, place: _Place) -> Iterator[Edit]:
        start, end = node.start, self.end(node)
        bare = self.text[:start].rstrip(" \n")
        if node.style == "block" and node.children and bare.endswith((":", "-")):
            start = len(bare)  # a block begins below its key; what replaces it goes beside the key
        elif start == end:
            bare = self.text[:start].rstrip(" ")
            start = len(bare)
        room = "" if start and self.text[start - 1] in " [{\n" else " "
        written = after_key(new, place.column, place.depth)
        if place.flow or not written.startswith("\n"):
            yield Edit(start, end, room + inline(new, place.flow))
        else:  # the block goes below the line, so that a comment beside the key stays there
            yield Edit(len(self.text[:start].rstrip(" ")), end, "")
            yield Edit(max(self.line_end(end), end), max(self.line_end(end), end), written)

    # ------------------------------------------------------------------------------------------------ mappings

    def mapping(self, node: Node, new: Mapping[str, Any], place: _Place) -> Iterator[Edit]:
        flow = node.style == "flow"
        column = node.keys[0].column
        kept = [index for index, key in enumerate(node.keys) if key.value in new or key.value == "<<"]
        for index in kept:
            key, child = node.keys[index], node.children[index]
            if key.value in new:
                yield from self.change(child, new[key.value], _Place(column, place.depth + 1, flow))
        for index in range(len(node.keys)):
            if index not in kept:
                yield self.removal(node, index, kept[0], node.keys)
        own = {key.value: index for index, key in enumerate(node.keys)}
        anchor: int | None = None
        for name, value in new.items():
            if name in own:
                anchor = own[name]
            elif not (name in node.value and same(node.value[name], value)):  # else `<<` brings it
                yield self.pair(node, anchor, name, value, _Place(column, place.depth + 1, flow))

    def pair(self, node: Node, anchor: int | None, name: str, value: Any, place: _Place) -> Edit:
        """One more `key: value`, after the anchor or before everything."""
        if place.flow:
            written = f"{inline(name)}: {inline(value)}"
            at = node.keys[0].start if anchor is None else node.children[anchor].end
            return Edit(at, at, f"{written}, " if anchor is None else f", {written}")
        written = inline(name, flow=False) + ":" + after_key(value, place.column, place.depth)
        if anchor is None:
            at = node.keys[0].start
            return Edit(at, at, written + "\n" + " " * place.column)
        at = self.line_end(self.end(node.children[anchor]))
        return Edit(at, at, "\n" + " " * place.column + written)

    # ------------------------------------------------------------------------------------------------ sequences

    def sequence(self, node: Node, new: Sequence[Any], place: _Place) -> Iterator[Edit]:
        flow = node.style == "flow"
        here = _Place(node.column if flow else self.dash(node), place.depth + 1, flow)
        partner, inserted = _matched(node.value, new)
        kept = [index for index in range(len(node.children)) if index in partner]
        if not kept:
            yield from self.replacement(node, new, place)
            return
        for index, child in enumerate(node.children):
            if index in partner:
                yield from self.change(child, new[partner[index]], _Place(here.column + 2, here.depth, flow))
            else:
                yield self.removal(node, index, kept[0], node.children)
        for anchor, positions in inserted.items():
            for position in positions:
                yield self.entry(node, anchor, new[position], here)

    def entry(self, node: Node, anchor: int, value: Any, place: _Place) -> Edit:
        """One more entry, after the anchor; -1 is before everything."""
        neighbour = node.children[max(anchor, 0)]
        if place.flow:
            at = neighbour.start if anchor < 0 else neighbour.end
            broken = "\n" in self.text[node.start : neighbour.start]
            gap = "\n" + " " * neighbour.column if broken else " "
            return Edit(at, at, f"{inline(value)},{gap}" if anchor < 0 else f",{gap}{inline(value)}")
        written = "- " + (inline(value) if neighbour.style == "flow" else block(value, place.column + 2, place.depth))
        if anchor < 0:
            at = self.line_start(node.start)
            return Edit(at, at, " " * place.column + written + "\n")
        at = self.line_end(self.end(neighbour))
        return Edit(at, at, "\n" + " " * place.column + written)

    def dash(self, node: Node) -> int:
        """Column of the dashes of a block sequence."""
        before = self.text[: node.children[0].start].rstrip(" \n")
        return len(before) - 1 - self.line_start(len(before)) if before.endswith("-") else node.column

    # ------------------------------------------------------------------------------------------------ both

    def removal(self, node: Node, index: int, first_kept: int, heads: Sequence[Node]) -> Edit:
        """Take out one pair or entry. What stands before the first that is kept goes up to where that one begins."""
        head, child = heads[index], node.children[index]
        if index < first_kept:
            return Edit(head.start, heads[index + 1].start, "")
        if node.style == "flow":
            return Edit(node.children[index - 1].end, child.end, "")
        return Edit(self.line_start(head.start) - 1, self.line_end(self.end(child)), "")

    def end(self, node: Node) -> int:
        """Where a node's own text ends; a block of text takes the blank lines after it along."""
        return node.start + len(self.text[node.start : node.end].rstrip("\n ")) if node.style == "block" else node.end

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end


def _matched(old: Sequence[Any], new: Sequence[Any]) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Which old entry became which new one, and after which old entry (-1: before all) the others are to be put."""
    old_names, new_names = identities(old), identities(new)
    if old_names and new_names:
        where = {name: index for index, name in enumerate(new_names)}
        partner = {index: where[name] for index, name in enumerate(old_names) if name in where}
        back = {position: index for index, position in partner.items()}
        added: dict[int, list[int]] = {}
        anchor = max(partner, default=len(old) - 1)  # what has no neighbour before it goes to the end
        for position in range(len(new)):
            anchor = back.get(position, anchor)
            if position not in back:
                added.setdefault(anchor, []).append(position)
        return partner, added
    return _aligned(old, new)


def _aligned(old: Sequence[Any], new: Sequence[Any]) -> tuple[dict[int, int], dict[int, list[int]]]:
    one, other = ([json.dumps(entry, sort_keys=True, default=str) for entry in entries] for entries in (old, new))
    partner: dict[int, int] = {}
    added: dict[int, list[int]] = {}
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and i2 - i1 == j2 - j1):
            partner.update(zip(range(i1, i2), range(j1, j2), strict=True))
        elif j2 > j1:
            shared = min(i2 - i1, j2 - j1)
            partner.update(zip(range(i1, i1 + shared), range(j1, j1 + shared), strict=True))
            added.setdefault(i1 + shared - 1 if shared or i1 else -1, []).extend(range(j1 + shared, j2))
    return partner, added
