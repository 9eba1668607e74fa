"""Fallback: what the caller answers with when a call has failed.

Derivation. Somebody decides what is served instead (a default, an older answer, another source, an assumption), for how long that
is good enough, and what happens afterwards. Four questions decide whether it is a fallback at all:

1. *Does it survive what it covers?* One that needs the same database, zone or provider falls with it.
2. *How old may it be?* A cache without an agreed age serves yesterday's prices.
3. *Is stale worse than nothing?* Balances, permissions and stock that is sold: then failing fast is the safe answer.
4. *Who puts it right later?* An assumption ("in stock") needs a reconciliation ("the order validates it").

And a fifth: has it ever run? A fallback that only runs in an emergency is the least tested code there is.

A cache without an age, of which nobody has said who agreed to it, leaves two of them open; one that is stale and unsafe is none,
and failing fast is the safe answer:

>>> open_points(Fallback(kind="cache", serves="yesterday's prices", safe=True))
('how old may it be (stale_after)?', 'who has decided that (decided_by)?')
>>> fails_fast(Fallback(kind="cache", serves="the balance", safe=False)), fails_fast(Fallback(kind="static", safe=True))
(True, False)

Cost while healthy: keeping the alternative warm. Hazard: a fallback whose own call has no timeout hangs the caller; one that
doubles the load on something smaller moves the outage there. Anti-patterns: a fallback for a write that has to
happen; a fallback of the fallback; one that hides its use, so that nobody knows for how long it has been serving.

Sources: Michael T. Nygard, Release It!, 2nd edition, 2018; Jacob Gabrielson, Avoiding fallback in distributed systems, Amazon
Builders' Library, 2019.
"""

from __future__ import annotations

from auditkit.model.system import Dependency, Fallback, Nothing

AGEING = ("cache", "stale", "replica", "snapshot", "last-known", "last known")
"""Words in a fallback's kind or description that say that it serves something older."""
ASSUMING = ("assum", "default", "optimistic", "validate later")
"""Words that say that it answers what may not be true."""


def of(dependency: Dependency) -> Fallback | None:
    """The fallback of a call, where there is one."""
    return dependency.fallback if isinstance(dependency.fallback, Fallback) else None


def words(fallback: Fallback) -> str:
    """What it serves, in the words of whoever described it.

    >>> words(Fallback(kind="static", serves="popular items")), words(Fallback())
    ('popular items', 'something that nobody has described')
    """
    asked = ", ".join(a.to for a in fallback.alternatives)
    return fallback.serves or (f"what {asked} answers" if asked else fallback.kind) or "something that nobody has described"


def fails_fast(fallback: Fallback) -> bool:
    """Whether what it serves is worse than nothing, so that the caller should fail at once instead."""
    return fallback.safe is False


def ages(fallback: Fallback) -> bool:
    """Whether it serves something that gets older.

    >>> ages(Fallback(kind="cache")), ages(Fallback(kind="static", serves="popular items"))
    (True, False)
    """
    return _says(fallback, AGEING)


def assumes(fallback: Fallback) -> bool:
    """Whether it answers with an assumption, which somebody has to put right where it was wrong."""
    return _says(fallback, ASSUMING)


def _says(fallback: Fallback, signs: tuple[str, ...]) -> bool:
    text = f"{fallback.kind or ''} {fallback.serves or ''}".lower()
    return any(sign in text for sign in signs)


def open_points(fallback: Fallback | Nothing | None) -> tuple[str, ...]:
    """What nobody has said yet of a fallback, as questions.

    >>> open_points(Fallback(kind="cache", serves="prices", safe=True, decided_by="Ada"))
    ('how old may it be (stale_after)?',)
    """
    if not isinstance(fallback, Fallback):
        return ()
    questions = []
    if fallback.serves is None and not fallback.alternatives:
        questions.append("what does it serve (serves)?")
    if ages(fallback) and fallback.stale_after_s is None:
        questions.append("how old may it be (stale_after)?")
    if fallback.safe is None:
        questions.append("is it better than no answer (safe)?")
    if assumes(fallback) and fallback.reconcile is None:
        questions.append("who puts it right afterwards (reconcile)?")
    if fallback.decided_by is None:
        questions.append("who has decided that (decided_by)?")
    return tuple(questions)
