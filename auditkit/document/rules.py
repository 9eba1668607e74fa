"""The rules behind the figures, as the appendix quotes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in words, where it comes from, and the anchor under which figures link to it."""

    anchor: str
    title: str
    words: str
    source: str = ""


RULES: tuple[Rule, ...] = (
    Rule(
        "rule-failure",
        "What a failure does",
        "A component is ok, degraded, failed (it answers with an error) or hung (it does not answer in time). An "
        "asynchronous call does not change "
        "its caller's answer. A hung callee hangs its caller unless the call has a timeout; with one it counts as failed. A"
        " failed callee fails its "
        "caller, degrades it where a fallback works, or is ignored, as the dependency says. Redundant alternatives count as"
        " many as must be up. Hung "
        "calls hold workers of one instance: rate × (attempts × timeout + waits), at most the bulkhead; more than there are"
        " hangs the whole "
        "component. A journey later than its deadline is late. What nobody has said is answered once at its worst "
        "(possible) and once at its "
        "best (proven).",
        "W. E. Vesely et al., Fault Tree Handbook, 1981, for minimal cut sets; M. T. Nygard, Release It!, 2nd edition, "
        "2018, for slow callees.",
    ),
    Rule(
        "rule-availability",
        "Availability",
        "The exact probability that a journey neither fails nor hangs, from the availabilities of components and common "
        "causes, each taken once "
        "however many paths lead to it. Unknown ones count as 0 and as 1, which gives a range.",
        "E. Birnbaum, On the importance of different components, 1969; W. E. Vesely, Measures of risk importance, 1983.",
    ),
    Rule(
        "rule-timeout",
        "Timeout",
        "First 3 × p99 of successful answers under normal conditions. Then the share of healthy calls that this cuts off, "
        "with its one-sided 95 % upper "
        "bound, against 0.1 %, or against 10 % of the journey's error budget shared among its calls whose failure fails it,"
        " if that is stricter; "
        "where 2,995 samples or more bound it, the timeout is raised to that. Then what the caller's remaining deadline and"
        " its workers at peak "
        "leave. Rounded up to two significant digits, never past a limit. Below 299 samples no p99 bound exists and no "
        "value is recommended; "
        "where to start then replaces no configured value, and is not for streams and batch calls.",
        "M. Brooker, Timeouts, retries, and backoff with jitter, Amazon Builders' Library, 2019; C. J. Clopper and E. S. "
        "Pearson, 1934.",
    ),
    Rule(
        "rule-retry",
        "Retry",
        "Only calls that are safe to repeat, only errors that pass, only as many attempts as fit into the deadline; "
        "exponential waits with full jitter; "
        "a budget, by default 1 % of requests. Worst-case load at the bottom is the product of attempts along a path.",
        "M. Brooker, Exponential backoff and jitter, AWS Architecture Blog, 2015.",
    ),
    Rule(
        "rule-breaker",
        "Circuit breaker",
        "A failure rate in a window with so many calls at least that the healthy error rate opens it by chance less often "
        "than a bound (binomial for "
        "each window), reachable at the measured rate; an open time that grows; a few trial calls before it closes.",
        "M. T. Nygard, Release It!, 2nd edition, 2018.",
    ),
    Rule(
        "rule-bulkhead",
        "Bulkhead",
        "So many calls at once that at peak at most 0.1 % are turned away while all is healthy (Erlang B), not more than "
        "the caller's workers.",
        "A. K. Erlang, Solution of some problems in the theory of probabilities, 1917.",
    ),
    Rule(
        "rule-simulation",
        "Simulation",
        "Requests arrive as a Poisson stream at each journey's rate; each call takes a latency drawn from its measurements. "
        "After twenty seconds of normal running the experiment's fault lasts for forty, then everything runs for another sixty."
        " Today's settings and the proposed ones are run with the same draws. Shares are means over the seeds with a two-sided "
        "95 % interval: the wider of that over the seeds (Student's t) and of what chance allows for so many requests. A claim "
        "fails where such an interval lies wholly beyond its bound, holds where it lies wholly within, and cannot be told "
        "otherwise; a journey that misses its bound without the fault as well is held to be no worse than then. A pattern whose"
        " own experiment fails is withheld until somebody adopts it all the same.",
        "E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927, for the intervals.",
    ),
    Rule(
        "rule-alert",
        "Alerts",
        "Timeouts: ten times the share that the timeout's own bound allows while all is healthy; p99: 0.8 of the timeout; a "
        "pool: 0.8 of it under way; retries: the budget; a breaker: open for two of its open times. A fallback that is never "
        "used is an alert too: nobody knows whether it works.",
    ),
    Rule(
        "rule-plan",
        "What an action ends",
        "Each action is put into the model by itself, and everything is computed again: the findings that the checks no longer "
        "make; the share of value that a single failure takes, on average over all of them and both modes; the single points "
        "that stop no journey any more; the share of time in which journeys neither fail nor hang, weighted by their value. A "
        "finding that only several actions end together is counted at each of them. Actions are listed by what they remove for "
        "their effort. Where the model cannot tell, only findings are counted.",
    ),
)
