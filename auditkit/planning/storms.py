"""A call of the plan as the map of retry storms needs it: its callee's workers, latency and load, its own timeout and retries."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.checks.wording import amount, percent
from auditkit.errors import InputError
from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.paths import paths
from auditkit.model.policy import retry, timeout_s
from auditkit.model.system import System, split_target
from auditkit.patterns.deadline import mean_s
from auditkit.patterns.observed import utilisation
from auditkit.simulation.setup import Law
from auditkit.simulation.storms import Callee, StormMap


def callee_of(system: System, profiles: Mapping[str, LatencyProfile], subject: str) -> Callee:
    """The callee of one call (`from -> to`; of alternatives the first) with the settings that the system has.

    Raises `InputError` with everything that the map needs and nobody has told: workers, latencies, a timeout.
    """
    dependency = next((d for d in system.dependencies if d.subject == subject and d.call == "sync"), None)
    if dependency is None:
        known = ", ".join(d.subject for d in system.dependencies if d.call == "sync") or "none"
        raise InputError.of(subject, "is no call that anybody waits for", f"there are: {known}")
    known_paths, target = paths(system), dependency.to[0]
    component = known_paths.components.get(split_target(target)[0])
    workers = component.workers if component else None
    mean, timeout = mean_s(dependency, profiles), timeout_s(dependency.policy)
    measured = [p for p in profiles_of(dependency, target, profiles) if p.n]
    lacks = {
        f"workers of {target} (concurrency)": workers, f"latencies of {subject}": mean, f"a timeout of {subject}": timeout
    }  # fmt: skip
    if component is None or workers is None or mean is None or timeout is None or not measured:
        missing = ", ".join(what for what, value in lacks.items() if value is None) or target
        raise InputError.of(subject, f"cannot be mapped: {missing} unknown", "write it into system.yaml, or measure it")
    return Callee(
        call=f"{dependency.caller} -> {target}",
        workers=workers * component.running,
        law=Law("measured", histogram=measured[0].ok),
        mean_s=mean,
        timeout_s=timeout,
        retry=retry(dependency.policy),
        load=utilisation(known_paths, component, profiles),
        queue=component.queue / workers if isinstance(component.queue, int) else None,
    )


def said(found: StormMap) -> str:
    """The safe margin in a sentence."""
    tries = "1 attempt" if found.attempts == 1 else f"{found.attempts} attempts"
    budget = "" if found.budget is None or found.attempts == 1 else f" within a budget of {percent(found.budget)}"
    queue = "an endless queue" if found.queue is None else f"a queue of {amount(found.queue)} for each worker"
    up_to = f"up to {percent(found.as_set)} of its workers busy"
    start = f"{found.call}: with {tries}{budget} and {queue} it recovers by itself {up_to}"
    if not found.load or found.margin is None:
        return f"{start}; how busy they are at peak is not known"
    if found.margin <= 0:
        return f"{start}, and {percent(found.load)} are at peak: a short failure can make a long outage"
    return f"{start}: {found.as_set / found.load:.1f} times the {percent(found.load)} of its peak"
