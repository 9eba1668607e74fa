"""What people decide, kept with its reason across re-runs in `decisions.yaml`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import ValidationError

from auditkit.errors import InputError
from auditkit.importers import update_yaml
from auditkit.model.audit import Choice, Decision, DecisionFile
from auditkit.project import folder as held
from auditkit.project.files import read_known, write_all


def decide(
    folder: Path, about: str, choice: Choice, reason: str, by: str, on: dt.date | None = None, until: dt.date | None = None
) -> Decision:
    """Record one decision about a finding (`check subject`) or a policy (`policy from -> to`); a later one replaces it.

    Raises `InputError` on an empty reason or name, or an unknown choice; nothing is written then.
    """
    held.require(folder)
    path = folder / held.DECISIONS
    try:
        made = Decision(about=about, choice=choice, reason=reason, by=by, on=on, until=until)
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
        raise InputError.of(f"decision about {about!r}", f"does not hold: {wrong}", _REMEDY) from error
    text, known = read_known(path)
    others = tuple(decision for decision in held.decisions(folder) if decision.about != about)
    new = DecisionFile(decisions=(*others, made))
    write_all(folder, {held.DECISIONS: update_yaml(text, new).encode()}, {held.DECISIONS: known})
    return made


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
