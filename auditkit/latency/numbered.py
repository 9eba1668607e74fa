"""Samples with numbers in place of names, as DuckDB groups and joins them several times as fast.

Words repeat: a column of names is stored as a dictionary, and a function of one column is computed once for each word of it,
not once for each row. Looking a word up in an enumeration is such a function; comparing rows with a table of names is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.latency.duck import Duck
from auditkit.latency.reduce import OUTCOMES, UNKNOWN, Call

_KEYS = ("caller", "callee", "operation")
_EXACT = 2**53
"""Below this, whole numbers computed as DOUBLE are exact, and faster than checked integers."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Samples (columns call, start_s, duration_s, outcome) whose calls and outcomes are numbers, and the number of each call.

    `outcome` is a place in `OUTCOMES`, or `UNKNOWN`.
    """

    table: Any
    numbers: Mapping[Call, int]


def numbered(duck: Duck, samples: Any, calls: Sequence[Call]) -> Numbered:
    """Samples of these calls, which are all that occur. Nothing is read or copied yet."""
    words = [sorted({name for call in calls if (name := call[place]) is not None}) for place in range(len(_KEYS))]
    sizes = [len(found) + 1 for found in words]
    kind = "DOUBLE" if math.prod(sizes) < _EXACT else "BIGINT"
    code = [_code(duck, key, found) for key, found in zip(_KEYS, words, strict=True)]
    missing = [any(call[place] is None for call in calls) for place in range(len(_KEYS))]
    weights = (sizes[1] * sizes[2], sizes[2], 1)
    terms = [
        _weighted(column, weight, kind, some_missing=some) for column, weight, some in zip(code, weights, missing, strict=True)
    ]
    call = f"({' + '.join(terms)})::BIGINT"
    outcome = f"coalesce({_code(duck, 'outcome', OUTCOMES)}, {UNKNOWN})::UTINYINT"
    table = duck.view(f"(SELECT {call} AS call, start_s, duration_s, {outcome} AS outcome FROM ({duck.sql(samples)}))", "samples")
    places = [{word: place for place, word in enumerate(found, start=1)} for found in words]
    at = [[places[i].get(call[i] or "", 0) for i in range(len(_KEYS))] for call in calls]
    return Numbered(table, {c: (one * sizes[1] + two) * sizes[2] + three for c, (one, two, three) in zip(calls, at, strict=True)})


def _weighted(code: str, weight: int, kind: str, *, some_missing: bool) -> str:
    """SQL for a name's share in the number of a call; 0 where there is no name.

    All but the last sum is a function of one column, which is computed once for each word; `coalesce` would undo that.
    """
    share = f"({code}::{kind} + 1::{kind}) * {weight}::{kind}"
    return f"coalesce({share}, 0::{kind})" if some_missing else share


def _code(duck: Duck, column: str, words: Sequence[str]) -> str:
    """SQL for the place, from 0, of a column's word among some; null for any other and for none."""
    import pyarrow as pa

    if not words:
        return "NULL"
    listed = duck.arrow(pa.table({"word": pa.array(words, pa.string()), "place": pa.array(range(len(words)), pa.int64())}))
    name = duck.enumeration(f'SELECT word FROM "{listed.get_name()}" ORDER BY place')
    return f'enum_code(TRY_CAST("{column}" AS "{name}"))'
