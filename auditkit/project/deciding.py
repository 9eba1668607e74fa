"""What people decide, kept with its reason across re-runs in `decisions.yaml`."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from auditkit.errors import InputError
from auditkit.importers import update_yaml
from auditkit.model.audit import Choice, Decision, DecisionFile, ExperimentResult
from auditkit.model.system import Policy
from auditkit.planning import ground_of
from auditkit.project import folder as held
from auditkit.project.files import read_known, write_all
from auditkit.project.inputs import read

Outcome = Literal["held", "refuted", "inconclusive"]


def decide(
    folder: Path,
    about: str,
    choice: Choice,
    reason: str,
    by: str,
    on: dt.date | None = None,
    until: dt.date | None = None,
    instead: Policy | None = None,
) -> Decision:
    """Record one decision about a finding (`check subject`) or a policy (`policy from -> to`); a later one replaces it.

    `instead` holds the settings that are adopted in place of proposed ones; what it leaves out stays as proposed.
    What it was decided upon is kept with it, so that the plan can say when that has changed. Raises `InputError` on an empty
    reason or name, an unknown choice, or something that is neither found nor proposed; nothing is written then.
    """
    inputs = read(folder)
    path = folder / held.DECISIONS
    known_subjects = [*(f.key for f in inputs.findings), *(f"policy {p.dependency}" for p in inputs.strategy.policies)]
    if about not in known_subjects:
        near = difflib.get_close_matches(about, known_subjects, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "name a finding ('check subject') or 'policy from -> to'"
        raise InputError.of(str(path), f"nothing is known of {about!r}", remedy)
    if instead is not None and (choice != "adopt" or not about.startswith("policy ")):
        raise InputError.of(f"decision about {about!r}", "changes settings", "other settings are for adopted policies only")
    try:
        made = Decision(about=about, choice=choice, reason=reason, by=by, on=on, until=until, instead=instead)
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
        raise InputError.of(f"decision about {about!r}", f"does not hold: {wrong}", _REMEDY) from error
    text, known = read_known(path)
    others = tuple(decision for decision in inputs.decisions if decision.about != about)
    # adopting a start value brings other settings with it: the ground is the plan as it is with this decision
    decided = replace(inputs, decisions=(*others, made))
    made = made.model_copy(update={"ground": ground_of(about, decided.findings, decided.strategy.policies)})
    new = DecisionFile(decisions=(*others, made))
    write_all(folder, {held.DECISIONS: update_yaml(text, new).encode()}, {held.DECISIONS: known})
    return made


def record(folder: Path, experiment: str, outcome: Outcome, evidence: str, on: dt.date) -> ExperimentResult:
    """Write down what came out of an experiment, when, and where that can be read: into `audit.yaml`, with the figures that the
    plan gives the pattern now: for others the result will not speak.

    Raises `InputError` where no such experiment is planned, or there is no evidence; nothing is written then.
    """
    inputs = read(folder)
    planned = {e.id: e for e in inputs.strategy.experiments}
    if experiment not in planned:
        near = difflib.get_close_matches(experiment, planned, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"planned are: {', '.join(planned) or 'none'}"
        raise InputError.of(str(folder / held.FACTS), f"there is no experiment {experiment!r}", remedy)
    if not evidence.strip():
        raise InputError.of(f"result of {experiment!r}", "has no evidence", "say where the result can be read")
    figures = planned[experiment].figures or None
    result = ExperimentResult(experiment=experiment, on=on, outcome=outcome, evidence=evidence, tested=figures)
    text, known = read_known(folder / held.FACTS)
    facts = inputs.facts.model_copy(update={"results": (*inputs.facts.results, result)})
    write_all(folder, {held.FACTS: update_yaml(text, facts).encode()}, {held.FACTS: known})
    return result


def withdraw(folder: Path, about: str) -> None:
    """Take a decision back. Raises `InputError` where there is none."""
    path = folder / held.DECISIONS
    text, known = read_known(path)
    before = held.decisions(folder)
    after = tuple(decision for decision in before if decision.about != about)
    if len(after) == len(before):
        raise InputError.of(str(path), f"holds no decision about {about!r}", "see its list for what was decided")
    write_all(folder, {held.DECISIONS: update_yaml(text, DecisionFile(decisions=after)).encode()}, {held.DECISIONS: known})


_REMEDY = "choose adopt, accept_risk or defer, and give a reason and a name"
