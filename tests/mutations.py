"""Damaged files for importers: whatever is wrong in a text, the answer is a draft or problems of one line, never a traceback."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from auditkit.errors import InputError
from auditkit.importers import Importer, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    10**30,
    "",
    "a b|c",
    "é\x00",
    "x" * 400,
    [],
    {},
    [[]],
    [None],
    {"": 1},
    "none",
)
_SIGNS = [*'{}[]<>":;,|-=%#\\\n\t', "->", "\x00", "é", "null", "\ufeff", '"', "{" * 200]


def damaged_json(value: Any, count: int, seed: int = 1) -> Iterator[str]:
    """JSON texts in each of which one or two values have another shape, are missing, or stand there twice."""
    draw = random.Random(seed)
    for _ in range(count):
        copy = json.loads(json.dumps(value))
        for _ in range(draw.randrange(1, 3)):
            _damage(copy, draw)
        yield json.dumps(copy)


def damaged_text(text: str, count: int, seed: int = 1) -> Iterator[str]:
    """Texts with signs put in, cut out or cut off."""
    draw = random.Random(seed)
    for _ in range(count):
        made = text
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(made) + 1)
            made = made[:at] + draw.choice(_SIGNS) + made[at + draw.randrange(4) :]
        yield made[: draw.randrange(len(made) + 1)] if draw.random() < 0.1 else made


def _damage(value: Any, draw: random.Random) -> None:
    places = [(holder, key) for holder in _holders(value) for key in (holder if isinstance(holder, dict) else range(len(holder)))]
    if not places:
        return
    holder, key = draw.choice(places)
    if draw.random() < 0.2:
        del holder[key]
    elif draw.random() < 0.2 and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = copy.deepcopy(draw.choice(_VALUES))


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)


def outcome(importer: Importer, text: str, name: str) -> Draft | str:
    """What comes of a text: a draft that passed the gate, or the problems, each of one line. Anything else is a defect."""
    importer.detect(name, text)
    try:
        draft = importer.read(text, name, no_siblings)
        merged, _ = merge([draft, Draft(source="scope", system="shop", by_person=True)])
        validate(merged)
    except InputError as error:
        if not error.problems or any("\n" in problem.what or len(problem.what) > 2000 for problem in error.problems):
            raise AssertionError("problems are one line each") from error
        return str(error)
    return draft
