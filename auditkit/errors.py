"""The error families of auditkit, and `Problem`, the one form in which anything wrong with an input is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_PROBLEMS = 1_000
"""How many problems are told at once; nobody reads more, and a file may have a million."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: where it stands, what is wrong, what to write instead.

    >>> print(Problem("system.yaml:7", "unknown component 'reids'", "write 'redis'"))
    system.yaml:7  unknown component 'reids'  write 'redis'
    """

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return "  ".join(part for part in (self.where, self.what, self.remedy) if part)


class AuditkitError(Exception):
    """Whatever auditkit raises on purpose; its text is fit to be shown to a person."""


class InputError(AuditkitError):
    """The input or the call is wrong. Carries all problems at once; the command line ends with exit code 2.

    >>> try:
    ...     raise InputError([Problem("a.csv:1", "no column 'to'", "name the columns 'from,to'")])
    ... except InputError as error:
    ...     print(error)
    a.csv:1  no column 'to'  name the columns 'from,to'
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        if len(found) > MOST_PROBLEMS:
            more = Problem(
                found[MOST_PROBLEMS].where, f"and at least {len(found) - MOST_PROBLEMS:,} more problems", "mend these first"
            )
            found = (*found[:MOST_PROBLEMS], more)
        self.problems = found
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, where: str, what: str, remedy: str) -> InputError:
        """An error with a single problem."""
        return cls([Problem(where, what, remedy)])


class ExternalEdit(InputError):
    """A file was changed by somebody else since it was read; it is not overwritten."""


class LimitReached(AuditkitError):
    """A limit on size, time or memory was reached; says what was reached, so that nobody takes a part for the whole."""
