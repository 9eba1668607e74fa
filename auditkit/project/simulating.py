"""The plan's experiments, simulated before anybody breaks anything, and what they show kept for the strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditkit.errors import InputError
from auditkit.importers import update_yaml
from auditkit.model.audit import Experiment, Strategy, Trial, TrialFile
from auditkit.model.runs import HealthyCost, JourneyTrial, RunFile, Seen
from auditkit.model.system import System
from auditkit.planning import with_policies
from auditkit.planning.overlay import settings
from auditkit.project import folder as held
from auditkit.project.generated import write_generated
from auditkit.project.inputs import Inputs, read
from auditkit.project.kept_runs import PICTURES, kept_runs, side_by_side
from auditkit.project.steps import inputs_digest
from auditkit.simulation import RunResult, Series, Strategies, in_order, verify
from auditkit.simulation.experiments import SEEDS
from auditkit.simulation.healthy import healthy_costs as simulated_costs
from auditkit.simulation.results import PROPOSED, TODAY, JourneyResult, PhaseResult


def simulate(
    place: Path,
    experiment: str | None = None,
    seed: int = 1,
    *,
    backend: str = "threads",
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[RunResult, ...]:
    """Every chaos experiment of an audit's plan, or one: today, with the proposed settings, and without each single proposal.

    Where only some of them have been simulated upon these inputs, with this seed, the others are (`left_out` names them); their
    results are returned. Verdicts are kept in `out/simulation.json` and flow into `strategy.yaml`; the runs that the document
    shows are in `out/runs.json`. Interrupt it (Ctrl-C), or let `stop` say so, which is asked after each fault, and what is done
    is kept and returned. `progress` is told how many runs are made, and of about how many in all. Plans where nobody has. Raises
    `InputError` where there is no such experiment.
    """
    strategy, chosen, inputs = _planned(place, experiment)
    if experiment is None:
        chosen = _left(chosen, inputs.trials, seed) or chosen
    rests_on = inputs_digest(place, "prove")
    done: list[RunResult] = []
    systems = strategies(inputs.system, strategy)
    counted = Counted(progress, later=0 if experiment else SEEDS * (1 + len(systems.without)) + PICTURES)
    try:
        for result in verify(systems, inputs.profiles, chosen, seed=seed, backend=backend, progress=counted.told, stop=stop):
            done.append(result)  # noqa: PERF402 - an interrupt keeps what is done
    except KeyboardInterrupt:
        if not done:
            raise
    results = in_order(done, chosen)
    whole = len({result.experiment for result in results}) == len(chosen)
    if experiment is None and whole:
        counted.next(later=PICTURES)
        inputs = replace(inputs, costs=_costs(inputs, systems, seed, backend, counted))
    _keep(place, inputs, systems, strategy.experiments, results, rests_on)
    if whole:
        counted.next(later=0)
        counted.told(PICTURES, PICTURES)
    return results


@dataclass
class Counted:
    """One count of runs over work in several parts, so that the time left is that of all of it.

    >>> counted = Counted(lambda done, of: print(done, "of", of), later=10)
    >>> counted.told(5, 20); counted.told(20, 20); counted.next(later=0); counted.told(10, 10)
    5 of 30
    20 of 30
    30 of 30
    """

    progress: Callable[[int, int], None]
    later: int
    before: int = 0
    now: int = 0

    def told(self, done: int, of: int) -> None:
        """So many of this part's runs are made."""
        self.now = done
        self.progress(self.before + done, self.before + of + self.later)

    def next(self, later: int) -> None:
        """The next part begins; about so many runs come after it."""
        self.before, self.now, self.later = self.before + self.now, 0, later


def left_out(place: Path) -> tuple[str, ...]:
    """The chaos experiments of the plan that have not been simulated upon the inputs as they are now."""
    known = held.trials(place)
    if known.rests_on == inputs_digest(place, "prove"):
        return known.left
    return tuple(e.id for e in _planned(place, None)[1])


def kept_before(place: Path, seed: int = 1) -> tuple[str, ...]:
    """The experiments that `simulate` would not run again, since they were simulated upon these inputs; none once all are."""
    if not (place / held.TRIALS).is_file():
        return ()
    _, chosen, inputs = _planned(place, None)
    rest = {e.id for e in _left(chosen, inputs.trials, seed)}
    return tuple(e.id for e in chosen if e.id not in rest) if rest else ()


def _left(chosen: Sequence[Experiment], trials: Sequence[Trial], seed: int) -> list[Experiment]:
    known = {trial.experiment for trial in trials if trial.settings == PROPOSED and seed in trial.seeds[:1]}
    return [e for e in chosen if e.id not in known]


def healthy_costs(place: Path) -> tuple[HealthyCost, ...]:
    """What each pattern of the plan costs while nothing is wrong, as last simulated upon the same inputs."""
    return read(place).costs


def _costs(inputs: Inputs, systems: Strategies, seed: int, backend: str, counted: Counted) -> tuple[HealthyCost, ...]:
    """Simulated anew; who is impatient keeps what was known."""

    def told(done: int, of: int) -> None:
        counted.told(SEEDS * (1 + done), SEEDS * (1 + of))

    subjects = tuple(systems.without)
    try:
        return simulated_costs(systems.proposed, subjects, inputs.profiles, seed=seed, backend=backend, progress=told)
    except KeyboardInterrupt:
        return inputs.costs


def second_by_second(place: Path, experiment: str, seed: int = 1) -> tuple[Series, Series]:
    """One chaos experiment of the plan as a series for pictures: with today's settings, and with the proposed ones.

    The runs are those of `simulate` with this seed; nothing is written. Raises as it does.
    """
    strategy, chosen, inputs = _planned(place, experiment)
    return side_by_side(inputs.system, with_policies(inputs.system, strategy.policies), inputs.profiles, chosen[0], seed)


def _planned(place: Path, experiment: str | None) -> tuple[Strategy, list[Experiment], Inputs]:
    """The strategy as designed, the experiments that are asked for, and what both rest on."""
    inputs = read(place)
    strategy = replace(inputs, trials=()).strategy  # as designed: nothing is withheld yet
    chosen = [e for e in strategy.experiments if e.kind == "chaos" and experiment in (None, e.id)]
    if not chosen and experiment is not None:
        known = ", ".join(e.id for e in strategy.experiments if e.kind == "chaos") or "none"
        raise InputError.of(str(place), f"has no chaos experiment {experiment!r}", f"there are: {known}")
    return strategy, chosen, inputs


def strategies(today: System, strategy: Strategy) -> Strategies:
    """A system with today's settings, the proposed ones, and these without each proposal that changes anything."""
    proposed = with_policies(today, strategy.policies)
    changed = {
        p.dependency: now
        for p in strategy.policies
        if (new := settings(p)) is not None
        for now in (next((d.policy for d in today.dependencies if d.subject == p.dependency), None),)
        if new != now
    }
    without = {subject: _without(proposed, today, subject) for subject in changed}
    return Strategies(today=today, proposed=proposed, without=without)


def _without(proposed: System, today: System, subject: str) -> System:
    old = {d.subject: d.policy for d in today.dependencies}
    dependencies = tuple(
        d.model_copy(update={"policy": old[subject]}) if d.subject == subject else d for d in proposed.dependencies
    )
    return proposed.model_copy(update={"dependencies": dependencies})


def trial(result: RunResult) -> Trial:
    """What the strategy keeps of a result."""
    bad = {j.journey: j.phases["during"].bad.mean for j in result.journeys if "during" in j.phases}
    whole = result.settings in (TODAY, PROPOSED)
    return Trial(
        experiment=result.experiment,
        settings=result.settings,
        verdict=result.verdict,
        why=result.why,
        seeds=result.seeds,
        bad=bad,
        journeys={j.journey: _journey(j) for j in result.journeys} if whole else {},
    )


def _journey(result: JourneyResult) -> JourneyTrial:
    before, during = (_seen(result.phases.get(phase)) for phase in ("before", "during"))
    return JourneyTrial(before=before, during=during, recover_s=None if result.recover_s is None else result.recover_s.mean)


def _seen(phase: PhaseResult | None) -> Seen | None:
    if phase is None:
        return None
    bad = phase.bad
    return Seen(
        bad=round(bad.mean, 6),
        bad_lo=None if bad.lo is None else round(bad.lo, 6),
        bad_hi=None if bad.hi is None else round(bad.hi, 6),
        degraded=round(phase.degraded.mean, 6),
        attempts=round(phase.attempts.mean, 6),
        p99_s=None if phase.p99_s is None else round(phase.p99_s.mean, 6),
    )


def _keep(
    place: Path,
    inputs: Inputs,
    systems: Strategies,
    experiments: Sequence[Experiment],
    results: Iterable[RunResult],
    rests_on: str,
) -> None:
    """Write the verdicts, beside those of other experiments upon the same inputs, and the strategy that follows from them.

    The step is done once every chaos experiment of the plan has been simulated.
    """
    kept = tuple(results)
    names = {result.experiment for result in kept}
    trials = (*(t for t in inputs.trials if t.experiment not in names), *(trial(result) for result in kept))
    before = held.trials(place)
    known = before.assumptions if before.rests_on == rests_on else ()
    assumed = {(a.where, a.what): a for a in (*known, *(a for result in kept for a in result.assumptions))}
    tried = {t.experiment for t in trials}
    left = tuple(e.id for e in experiments if e.kind == "chaos" and e.id not in tried)
    assumptions = tuple(assumed[key] for key in sorted(assumed))
    file = TrialFile(rests_on=rests_on, left=left, trials=trials, costs=inputs.costs, assumptions=assumptions)
    strategy = replace(inputs, trials=trials).strategy
    try:
        shown = kept_runs(inputs, systems, experiments, trials)
    except KeyboardInterrupt:
        shown = ()  # who is impatient gets the verdicts without the pictures
    runs = RunFile(rests_on=rests_on, runs=shown)
    generated = {
        held.TRIALS: (file.model_dump_json(indent=2, exclude_none=True) + "\n").encode(),
        held.RUNS: (runs.model_dump_json(exclude_none=True) + "\n").encode(),
        held.STRATEGY: update_yaml(None, strategy).encode(),
    }
    write_generated(place, generated, ("plan",) if left else ("plan", "prove"))
