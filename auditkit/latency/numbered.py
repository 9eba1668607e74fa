"""Samples with numbers in place of names, as DuckDB groups and joins them several times as fast.

Words repeat: a column of names is stored as a dictionary, and a function of one column is computed once for each word of it,
not once for each row. Looking a word up in an enumeration is such a function; comparing rows with a table of names is not.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.latency.duck import Duck
from auditkit.latency.reduce import OUTCOMES, UNKNOWN, Call

_KEYS = ("caller", "callee", "operation")
_EXACT = 2**53
"""Below this, whole numbers computed as DOUBLE are exact, and faster than checked integers."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names that occur as caller, callee and operation, ascending; and in which of these columns one may be missing."""

    of: tuple[tuple[str, ...], ...]
    missing: tuple[bool, ...]


def words_in(calls: Sequence[Call]) -> Words:
    """The words of some calls.

    >>> words_in([Call("a", "b", None), Call("a", "c", None)])
    Words(of=(('a',), ('b', 'c'), ()), missing=(False, False, True))
    """
    return _words([[call[place] for call in calls] for place in range(len(_KEYS))])


def words_of(duck: Duck, samples: Any, where: str) -> Words:
    """The words of all samples: a column alone is read much faster than all three together."""
    return _words([duck.run(samples.select(key).distinct(), where)[key].to_pylist() for key in _KEYS])


def _words(columns: Sequence[Sequence[str | None]]) -> Words:
    known = tuple(tuple(sorted({word for word in found if word is not None})) for found in columns)
    return Words(known, tuple(None in found for found in columns))


@dataclass(frozen=True, slots=True)
class Numbered:
    """Samples (columns call, start_s, duration_s, outcome) whose calls and outcomes are numbers.

    `outcome` is a place in `OUTCOMES`, or `UNKNOWN`.
    """

    table: Any
    words: Words

    def number(self, call: Call) -> int:
        """The number of a call."""
        number = 0
        for word, words in zip(call, self.words.of, strict=True):
            number = number * (len(words) + 1) + (0 if word is None else bisect_left(words, word) + 1)
        return number

    def call(self, number: int) -> Call:
        """The call of a number."""
        found: list[str | None] = []
        for words in reversed(self.words.of):
            number, place = divmod(number, len(words) + 1)
            found.append(words[place - 1] if place else None)
        return Call(found[2] or "", found[1] or "", found[0])


def numbered(duck: Duck, samples: Any, words: Words) -> Numbered:
    """Samples with these words, which are all that occur. Nothing is read or copied yet."""
    sizes = [len(found) + 1 for found in words.of]
    kind = "DOUBLE" if math.prod(sizes) < _EXACT else "BIGINT"
    code = [_code(duck, key, found) for key, found in zip(_KEYS, words.of, strict=True)]
    weights = (sizes[1] * sizes[2], sizes[2], 1)
    terms = [
        _weighted(column, weight, kind, some_missing=some)
        for column, weight, some in zip(code, weights, words.missing, strict=True)
    ]
    call = f"({' + '.join(terms)})::BIGINT"
    outcome = f"coalesce({_code(duck, 'outcome', OUTCOMES)}, {UNKNOWN})::UTINYINT"
    table = duck.view(f"(SELECT {call} AS call, start_s, duration_s, {outcome} AS outcome FROM ({duck.sql(samples)}))", "samples")
    return Numbered(table, words)


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
