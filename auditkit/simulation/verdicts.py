"""Whether a hypothesis holds, fails, or cannot be told, judged by intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditkit.simulation.results import Bounds, CallResult, JourneyResult, LoadBound, Verdict


def verdict(
    journeys: Iterable[JourneyResult], bounds: Sequence[Bounds], calls: Iterable[CallResult] = (), loads: Sequence[LoadBound] = ()
) -> tuple[Verdict, str]:
    """Whether everything that is bounded kept its bound, and in which figures.

    A 95 % interval wholly beyond a bound `fails`, wholly within it `holds`; where it lies across, one cannot tell; nor without
    bounds, nor without requests. A journey that misses its bound before the fault as well is held to be no worse than then, by no
    more than the bound: that it misses it is not the experiment's finding. A journey that has to come back `fails` where no seed
    did in the time simulated.
    """
    by_id, by_call = {j.journey: j for j in journeys}, {call.call: call for call in calls}
    told = [part for bound in bounds for part in _journey(by_id.get(bound.journey), bound)]
    told += [_load(by_call.get(load.call), load) for load in loads]
    if not told:
        return "cannot tell", "no journey has a bound that could be missed"
    found = {judged for judged, _ in told}
    worst: Verdict = "fails" if "fails" in found else "cannot tell" if "cannot tell" in found else "holds"
    return worst, "; ".join(words for _, words in told)


def _journey(result: JourneyResult | None, bound: Bounds) -> Iterable[tuple[Verdict, str]]:
    during = result.phases.get("during") if result else None
    if bound.bad_at_most is not None:
        if result is None or during is None:
            yield "cannot tell", f"{bound.journey}: not one request during the fault"
        else:
            before = result.phases.get("before")
            words = f"{bound.journey}: {during.bad.mean:.2%} bad, bound {bound.bad_at_most:.2%}"
            if before is not None and before.bad.mean > bound.bad_at_most:
                words += f", which it misses without the fault as well ({before.bad.mean:.2%})"
            yield _within(during.bad.lo, during.bad.hi, during.bad.mean, *limits(result, bound.bad_at_most)), words
    if bound.back and result is not None and result.recovered < 1:
        judged: Verdict = "cannot tell" if result.recovered else "fails"
        yield judged, f"{bound.journey}: not as before when the fault is over ({1 - result.recovered:.0%} of the runs)"
    elif bound.back and result is not None and bound.bad_at_most is None:
        after = "" if result.recover_s is None else f" {result.recover_s.mean:.0f} s after the fault"
        yield "holds", f"{bound.journey}: as before{after}"


def limits(result: JourneyResult, most: float) -> tuple[float, float]:
    """Bad answers while the fault lasts (shares 0..1): beyond the first a journey fails, up to the second it holds.

    Both are its bound, unless it misses that before the fault as well.
    """
    before = result.phases.get("before")
    if before is None or before.bad.mean <= most:
        return most, most
    was = max(before.bad.mean, before.bad.hi or 0.0)
    return was, was + most


def _load(result: CallResult | None, bound: LoadBound) -> tuple[Verdict, str]:
    during = result.phases.get("during") if result else None
    if during is None or not during.calls.mean:
        return "cannot tell", f"{bound.call}: not one call during the fault"
    calls = during.calls.mean
    a_call, most = during.attempts.mean / calls, bound.attempts_at_most + bound.more / calls
    return _within(None, None, a_call, most, most), f"{bound.call}: {a_call:.3f} attempts a call, bound {most:.3f}"


def _within(lo: float | None, hi: float | None, mean: float, fails_beyond: float, holds_within: float) -> Verdict:
    if (mean if lo is None else lo) > fails_beyond:
        return "fails"
    return "holds" if (mean if hi is None else hi) <= holds_within else "cannot tell"
