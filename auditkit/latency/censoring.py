"""Data that were cut off at an existing timeout: seen, counted as "at least that", never as latencies.

Three signs: outcomes that say timeout; errors that pile up at one duration, or at a few round ones; answers that pile up at a
round duration, at the very end. Where calls were cut off before others were answered (several timeouts, by version), the
quantiles are those of E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations (1958).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditkit.latency.reduce import ERROR, OK, TIMEOUT, Reduced
from auditkit.units import format_duration

_PILE = 1.02
"""Durations within 2 % of each other are one pile: timers and schedulers are late by that much."""
_FEWEST = 5
_SHARE = 0.05
"""Of the errors, that a pile of one version has to hold."""
_LATE = 0.75
"""Of the answers, that come before a timeout."""
_NEAR = 0.25
"""Answers, for each error, that may lie where errors pile up."""
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 10.0)


@dataclass(frozen=True, slots=True)
class Censored:
    """Rows of one call with what was cut off told apart, where it was cut, and what was seen, in words."""

    rows: Reduced
    cuts_s: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def last_cut_s(self) -> float | None:
        """Beyond this nothing is known; None where answers later than every cut were measured."""
        answered = self.rows.hi_s[self.rows.outcome == OK]
        if not self.cuts_s or (len(answered) and float(answered.max()) > self.cuts_s[-1] * _PILE):
            return None
        return self.cuts_s[-1]


def censored(rows: Reduced) -> Censored:
    """What of one call's rows was cut off. Errors and answers in a pile become timeouts, and that is said."""
    outcome, notes = rows.outcome.copy(), list[str]()
    one, answers = _pile_of_errors(rows), _pile_of_answers(rows)
    errors = _piles_by_version(rows) if one is None else [one]
    for kind, found in (("errors", errors), ("answers", [] if answers is None else [answers])):
        for chosen, at in found:
            outcome[chosen] = TIMEOUT
            n = int(rows.n[chosen].sum())
            notes.append(f"{n} {kind} pile up at {_text(at)}: counted as cut off there, by a timeout that exists already")
    marked = replace(rows, outcome=outcome)
    late = marked.outcome == TIMEOUT
    cuts = _piles(marked.hi_s[late], marked.n[late])
    if len(cuts) > 1:
        notes.append(f"cut off at several values: {', '.join(_text(cut) for cut in cuts)}")
    if late.any():
        n = int(marked.n[late].sum())
        last = Censored(marked, cuts).last_cut_s
        beyond = "" if last is None else f"; what is above {_text(last)} is not known"
        notes.append(f"{n} calls were cut off{beyond or ', some of them before others were answered' * bool(cuts)}")
    return Censored(marked, cuts, tuple(notes))


def _pile_of_errors(rows: Reduced) -> tuple[npt.NDArray[np.bool_], float] | None:
    """Most errors at one duration, at which hardly any answer is later: a timeout that is recorded as an error."""
    errors = (rows.outcome == ERROR) & (rows.hi_s > 0)
    n = rows.n[errors]
    if n.sum() < _FEWEST:
        return None
    values, weights = rows.hi_s[errors], n
    order = np.argsort(values)
    middle = float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])
    pile = errors & (rows.hi_s <= middle * _PILE) & (rows.lo_s >= middle / _PILE)
    answered = rows.outcome == OK
    later = rows.n[answered & (rows.lo_s > middle * _PILE)].sum()
    many = rows.n[pile].sum() >= max(_FEWEST, 0.5 * n.sum())
    if not many or later > 0.001 * max(1, rows.n[answered].sum()) or not answered.any():
        return None
    near = rows.n[answered & (rows.hi_s >= middle / _PILE)].sum()  # errors that come as fast as answers are no timeouts
    return (pile, middle) if near <= 0.1 * rows.n[pile].sum() + 0.001 * rows.n[answered].sum() else None


def _piles_by_version(rows: Reduced) -> list[tuple[npt.NDArray[np.bool_], float]]:
    """Most errors at a few round durations, later than most answers, and many more than the answers there.

    Several timeouts, as of two versions or instances; answers may come later, of those who wait longer.
    """
    errors, answered = (rows.outcome == ERROR) & (rows.hi_s > 0), rows.outcome == OK
    total = int(rows.n[errors].sum())
    if total < _FEWEST:
        return []
    found = []
    for top in _piles(rows.hi_s[errors], rows.n[errors]):
        at = round_value(top)
        if at is None:
            continue
        lo, hi = at * 0.999, top * 1.0001
        pile = errors & (rows.hi_s >= lo) & (rows.hi_s <= hi)
        near = int(rows.n[answered & (rows.hi_s >= lo) & (rows.lo_s <= hi)].sum())
        n = int(rows.n[pile].sum())
        before = int(rows.n[answered & (rows.hi_s < lo)].sum())
        late = before >= _LATE * rows.n[answered].sum()  # what fails faster than answers come has not waited
        if late and n >= max(_FEWEST, _SHARE * total) and near <= _NEAR * n:
            found.append((pile, at))
    return found if sum(int(rows.n[pile].sum()) for pile, _ in found) >= 0.5 * total else []


def _pile_of_answers(rows: Reduced) -> tuple[npt.NDArray[np.bool_], float] | None:
    """Answers at the very end, many at one round duration and few before it: a timeout recorded as an answer."""
    answers = rows.outcome == OK
    if not answers.any():
        return None
    top = float(rows.hi_s[answers & np.isfinite(rows.hi_s)].max(initial=0.0))
    nearest = round_value(top)
    if nearest is None:
        return None
    pile = answers & (rows.lo_s >= nearest * 0.999) & (rows.hi_s <= nearest * _PILE) & (rows.lo_s >= 0.95 * rows.hi_s)
    before = answers & (rows.lo_s >= nearest * 0.5) & (rows.hi_s < nearest * 0.999)
    n, few = int(rows.n[pile].sum()), int(rows.n[before].sum())
    total, spread = int(rows.n[answers].sum()), len(np.unique(rows.bucket[answers & ~pile]))
    return (pile, nearest) if n >= max(_FEWEST, 3 * few) and n <= 0.1 * total and spread >= 10 else None


def round_value(seconds: float) -> float | None:
    """The round timeout just below a duration (1, 1.5, 2, 2.5, 3, 4, 5, 6 times a power of ten, 15 s and 30 s in minutes).

    >>> round_value(2.004), round_value(30.01), round_value(0.2503), round_value(1.73)
    (2.0, 30.0, 0.25, None)
    """
    if seconds < 0.01:
        return None
    power = 10.0 ** math.floor(math.log10(seconds))
    values = [float(f"{r * power:.12g}") for r in _ROUND] + [15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0]
    return next((v for v in values if v * 0.999 <= seconds <= v * _PILE), None)


def _piles(values_s: npt.NDArray[np.float64], n: npt.NDArray[np.int64]) -> tuple[float, ...]:
    """Where calls were cut off, ascending: the upper end of each pile that holds a fiftieth of them."""
    if not len(values_s):
        return ()
    order = np.argsort(values_s)
    values, counts, found = values_s[order], n[order], list[tuple[float, int]]()
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        if found and value <= found[-1][0] * _PILE:
            found[-1] = (value, found[-1][1] + count)
        else:
            found.append((value, count))
    total = int(counts.sum())
    return tuple(value for value, count in found if count >= max(3, 0.02 * total))


def kaplan_meier(
    at_s: npt.NDArray[np.float64], answered: npt.NDArray[np.int64], cut_s: npt.NDArray[np.float64], cut: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Share of calls that are answered by each of the ascending values `at_s`, given those cut off at `cut_s`.

    >>> kaplan_meier(np.array([1.0, 3.0]), np.array([1, 1]), np.array([2.0]), np.array([2])).tolist()
    [0.25, 1.0]
    """
    total = int(answered.sum() + cut.sum())
    order = np.argsort(cut_s)
    gone = np.concatenate([[0], np.cumsum(cut[order])])
    lost_before = gone[np.searchsorted(cut_s[order], at_s, side="left")]
    at_risk = total - np.concatenate([[0], np.cumsum(answered)[:-1]]) - lost_before
    survive = np.cumprod(np.where(at_risk > 0, 1 - answered / np.maximum(at_risk, 1), 0.0), dtype=np.float64)
    return 1.0 - survive


def _text(seconds: float) -> str:
    return format_duration(float(f"{seconds:.3g}"))
