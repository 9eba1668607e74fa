"""The states that a failure leaves things in, in order of badness."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """State of an operation, component or journey, in order of badness. `late` is for journeys only.

    >>> State.DEGRADED < State.FAILED < State.HUNG, max(State.OK, State.LATE)
    (True, <State.LATE: 'late'>)
    """

    OK = "ok"
    DEGRADED = "degraded"
    LATE = "late"
    FAILED = "failed"
    HUNG = "hung"

    @property
    def badness(self) -> int:
        """0 for ok, growing with badness."""
        return _BADNESS[self]

    def __lt__(self, other: str) -> bool:
        return _BADNESS[self] < _BADNESS[other]

    def __le__(self, other: str) -> bool:
        return _BADNESS[self] <= _BADNESS[other]

    def __gt__(self, other: str) -> bool:
        return _BADNESS[self] > _BADNESS[other]

    def __ge__(self, other: str) -> bool:
        return _BADNESS[self] >= _BADNESS[other]


_BADNESS = {str(state): place for place, state in enumerate(State)}
