"""JSON documents and JSON lines, with errors that name the place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from auditkit.errors import InputError
from auditkit.spans.lines import lines

MAX_LINES = 1_000_000
_OTHER = "is the file cut off, or of another format?"


def documents(text: str, name: str) -> Iterator[Any]:
    """The document of a JSON text, or one for each line. Raises `InputError` with the line where it breaks."""
    try:
        yield json.loads(text)
        return
    except (ValueError, RecursionError) as error:
        whole = error
    numbered = ((number, line) for number, line in enumerate(lines(text), start=1) if line.strip())
    first = list(islice(numbered, 2))
    if len(first) < 2 or not _is_json(first[0][1]):
        where = f"{name}:{whole.lineno}" if isinstance(whole, json.JSONDecodeError) else name
        what = whole.msg if isinstance(whole, json.JSONDecodeError) else "is nested too deeply"
        raise InputError.of(where, f"is no JSON: {what}", _OTHER) from whole
    if text.count("\n") > MAX_LINES:
        raise InputError.of(name, f"has more than {MAX_LINES:,} lines of JSON", "export a shorter window")
    for number, line in chain(first, numbered):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError.of(f"{name}:{number}", "is no line of JSON", _OTHER) from error
        if not isinstance(document, (dict, list)):
            raise InputError.of(f"{name}:{number}", "is no line of JSON with an object in it", _OTHER)
        yield document


def the_document(text: str, name: str) -> Any:
    """The one document of a JSON text, a byte order mark passed over. Raises `InputError` where there are none or several."""
    found = list(documents(text.removeprefix("\ufeff"), name))
    if len(found) != 1:
        raise InputError.of(name, f"holds {len(found)} JSON documents", "give one file for each")
    return found[0]


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """The value where it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else ()


def whole(value: object, per: int = 1) -> int | None:
    """A whole number, also as text, times `per`; None for anything else.

    >>> whole("1544712660000000000"), whole(12.5, 1000), whole(None), whole("x")
    (1544712660000000000, 12500, None, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        return int(value) * per if isinstance(value, (int, str)) else round(float(str(value)) * per)
    except (ValueError, OverflowError):
        return None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
