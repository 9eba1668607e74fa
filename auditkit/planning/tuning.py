"""A grid around what a closed form gives, for each figure of a policy that can be too small and too large."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditkit.checks.wording import amount, percent, seconds
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Policy
from auditkit.simulation.tuning import Figures, Tuning

STEPS = (0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0, 3.0)
"""Values around the closed form's, as factors."""
ATTEMPTS = range(1, 6)
PATTERN_OF: Mapping[Figures, str] = {
    "timeout_s": "timeout", "max_attempts": "retry", "failure_rate": "circuit_breaker", "window_s": "circuit_breaker",
    "open_for_s": "circuit_breaker", "max_concurrent": "bulkhead",
}  # fmt: skip
"""The pattern that a figure belongs to, whose chaos experiment puts it to the test."""
_WORDS: Mapping[Figures, str] = {
    "timeout_s": "timeout", "max_attempts": "attempts", "failure_rate": "failures at which a breaker opens",
    "window_s": "window of a breaker", "open_for_s": "time a breaker stays open", "max_concurrent": "places",
}  # fmt: skip


def closed_forms(policy: Policy) -> dict[Figures, float]:
    """The figures of a policy that can be tuned.

    >>> closed_forms(Policy(timeout_s=0.3))
    {'timeout_s': 0.3}
    """
    again, trips, pool = retry(policy), breaker(policy), bulkhead(policy)
    found: dict[Figures, float | None] = {
        "timeout_s": timeout_s(policy),
        "max_attempts": float(again.max_attempts) if again else None,
        "failure_rate": trips.failure_rate if trips else None,
        "window_s": trips.window_s if trips else None,
        "open_for_s": trips.open_for_s if trips else None,
        "max_concurrent": float(pool.max_concurrent) if pool else None,
    }
    return {name: value for name, value in found.items() if value}


def grid(name: Figures, closed_form: float) -> tuple[float, ...]:
    """Values to try, ascending; the closed form's is one of them.

    >>> grid("max_concurrent", 4.0), grid("max_attempts", 2.0)
    ((2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0), (1.0, 2.0, 3.0, 4.0, 5.0))
    """
    if name == "max_attempts":
        return tuple(sorted({float(n) for n in ATTEMPTS} | {closed_form}))
    around = [closed_form * step for step in STEPS]
    if name == "failure_rate":
        return tuple(sorted({min(1.0, float(f"{value:.2g}")) for value in around} | {closed_form}))
    if name == "max_concurrent":
        return tuple(sorted({float(max(1, round(value))) for value in around} | {closed_form}))
    return tuple(sorted({float(f"{value:.3g}") for value in around} | {closed_form}))


def with_figure(policy: Policy, name: Figures, value: float) -> Policy:
    """The policy with another value of one figure that it has.

    >>> with_figure(Policy(timeout_s=0.3), "timeout_s", 0.5).timeout_s
    0.5
    """
    if name == "timeout_s":
        return policy.model_copy(update={"timeout_s": value})
    if PATTERN_OF[name] == "circuit_breaker":
        return _within(policy, "circuit_breaker", {name: value})
    return _within(policy, "retry" if name == "max_attempts" else "bulkhead", {name: int(value)})


def _within(policy: Policy, pattern: str, update: Mapping[str, float]) -> Policy:
    return policy.model_copy(update={pattern: getattr(policy, pattern).model_copy(update=update)})


def in_words(name: Figures) -> Callable[[float], str]:
    """How values of a figure are written.

    >>> in_words("timeout_s")(0.3), in_words("failure_rate")(0.5), in_words("max_concurrent")(12.0)
    ('300ms', '50 %', '12')
    """
    return percent if name == "failure_rate" else seconds if name.endswith("_s") else amount


def title_of(name: Figures) -> str:
    """What a figure is, in words."""
    return _WORDS[name]


def said(tuning: Tuning) -> str:
    """What came out, in a sentence: the plateau, and where the closed form's value lies; never the best point."""
    words = in_words(tuning.figure)
    own, tried, (low, high) = tuning.closed_form, tuning.tried, tuning.plateau
    ends = [name for name, end, of in (("less", low, tried[0]), ("more", high, tried[-1])) if end == of.value]
    if tuning.figure == "failure_rate" and high == 1.0:
        ends = [name for name in ends if name != "more"]  # all of them is the most there is
    further = f" (and perhaps {' or '.join(ends)})" if ends else ""
    span = words(low) if low == high else f"{words(low)} to {words(high)}"
    start = f"{_WORDS[tuning.figure]}: {span}{further} cannot be told from the best"
    if tuning.on_plateau:
        return f"{start}; the closed form's {words(own)} is among them"
    loss = next(of.worse_by for of in tried if of.value == own)
    between = "" if loss.lo is None or loss.hi is None else f" (95 %: {percent(max(0.0, loss.lo))} to {percent(loss.hi)})"
    return f"{start}; the closed form's {words(own)} loses {percent(max(0.0, loss.mean))} of requests more{between}"
