"""What an experiment breaks, in the words of tools that break things: components, how, for how long, where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditkit.exporters.calls import NOT_HTTP, milliseconds
from auditkit.model.audit import RETRY_ERRORS, Experiment, Gap, Strategy
from auditkit.model.failure import Mode
from auditkit.model.label import label
from auditkit.model.system import System
from auditkit.planning import with_policies
from auditkit.planning.experiments import delay_of

DEFAULT_S = 300.0
"""How long a fault lasts, in seconds, where an experiment does not say."""
NOT_OURS = frozenset({"external", "client", "dns", "certificate", "network", "config"})
"""Kinds of which no process of ours runs, so that nothing can be done to it from inside."""
PORT = 80
"""Port that stands for the one at which a component answers HTTP: the model does not know it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One experiment as tools see it. `slow_s` is the delay added to each answer in mode `slow`, in seconds."""

    experiment: Experiment
    components: tuple[str, ...]
    mode: Mode
    duration_s: float
    slow_s: float

    @property
    def share(self) -> float:
        """Share of the answers that are broken: an experiment on retries breaks some, every other one all."""
        return RETRY_ERRORS if self.experiment.pattern == "retry" else 1.0

    @property
    def namespace(self) -> str:
        """Where it runs: staging, unless the experiment names production."""
        return self.experiment.environment


def faults(
    system: System, strategy: Strategy | None, tool: str, *, ours_only: bool = True
) -> tuple[tuple[Fault, ...], tuple[Gap, ...]]:
    """The chaos experiments of a strategy, sorted by id, and a gap for what a tool cannot break.

    Common causes and placement domains become the components that they take.
    """
    if strategy is None or not strategy.experiments:
        return (), (Gap(where=system.system, what="no experiment has been planned", remedy="run `auditkit plan`"),)
    known = {component.id: component for component in system.components}
    found: list[Fault] = []
    gaps: list[Gap] = []
    for experiment in sorted(strategy.experiments, key=lambda e: e.id):
        if experiment.kind != "chaos":
            continue
        hit = tuple(dict.fromkeys(name for atom in experiment.scenario.fail for name in _components(system, atom)))
        reachable = tuple(name for name in hit if not ours_only or known[name].kind not in NOT_OURS)
        outside = [name for name in hit if name not in reachable]
        if outside:
            what = (
                f"{', '.join(outside)} {'is' if len(outside) == 1 else 'are'} not run by us; {tool} cannot break it from inside"
            )
            gaps.append(Gap(where=experiment.id, what=what, remedy="put Toxiproxy or a fault-injecting proxy in front of it"))
        if reachable:
            duration = experiment.scenario.duration_s or DEFAULT_S
            delay = experiment.scenario.delay_s or delay_of(with_policies(system, strategy.policies), reachable)
            found.append(Fault(experiment, reachable, experiment.scenario.mode, duration, delay))
        elif not outside:
            gaps.append(Gap(where=experiment.id, what="it breaks nothing that is known", remedy="plan again"))
    return tuple(found), tuple(gaps)


def toxic(fault: Fault) -> dict[str, Any]:
    """The toxic of Toxiproxy that does what a fault does to some or all answers; what is down altogether needs none."""
    attributes = {"timeout": 0} if fault.mode == "down" else {"latency": milliseconds(fault.slow_s), "jitter": 0}
    return {
        "name": label(fault.experiment.id, 100),
        "type": "reset_peer" if fault.mode == "down" else "latency",
        "stream": "downstream",
        "toxicity": fault.share,
        "attributes": attributes,
    }


def without_port(system: System, found: Iterable[Fault]) -> tuple[Gap, ...]:
    """A gap where a tool is told a port that nobody knows; none where no fault is about HTTP."""
    remedy = "set the port at which each component answers"
    what = f"ports are not in the model; answers are broken at port {PORT}"
    return (Gap(where=system.system, what=what, remedy=remedy),) if any(found) else ()


def speaks_http(system: System, component: str) -> bool:
    """Whether a component answers requests of HTTP; stores and queues have protocols of their own."""
    return system.component(component).kind not in NOT_HTTP


def _components(system: System, atom: str) -> tuple[str, ...]:
    if any(component.id == atom for component in system.components):
        return (atom,)
    of_cause = [name for cause in system.common_causes if cause.id == atom for name in cause.affects]
    placed = [component.id for component in system.components if atom in (component.placement or {})]
    return tuple(sorted({*of_cause, *placed}))
