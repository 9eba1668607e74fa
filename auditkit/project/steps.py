"""Which steps of an audit are done, which rest on inputs that have changed since, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from auditkit.model.noun import Noun
from auditkit.project import folder as held
from auditkit.project.files import current, digest
from auditkit.version import VERSION

StepName = Literal["map", "latency", "plan", "prove", "document"]
Condition = Literal["done", "stale", "open"]

_INPUTS: dict[StepName, tuple[str, ...]] = {
    "map": (held.SYSTEM,),
    "latency": (held.FACTS,),
    "plan": (held.SYSTEM, held.FACTS, held.DECISIONS, held.PROFILES, held.TRIALS),
    "prove": (held.SYSTEM, held.FACTS, held.DECISIONS, held.PROFILES),
    "document": (held.SYSTEM, held.FACTS, held.DECISIONS, held.PROFILES, held.STRATEGY, held.SOURCES, held.TEMPLATE),
}
_RESULT: dict[StepName, str] = {
    "map": held.SYSTEM,
    "latency": held.PROFILES,
    "plan": held.STRATEGY,
    "prove": held.TRIALS,
    "document": "out/strategy.md",
}
_TITLE: dict[StepName, str] = {
    "map": "Map the system",
    "latency": "Measure latencies",
    "plan": "Plan the strategy",
    "prove": "Prove the settings in simulation",
    "document": "Write the document",
}
_DO: dict[StepName, str] = {
    "map": "auditkit import FILE --into",
    "latency": "auditkit latency EXPORT --into",
    "plan": "auditkit plan",
    "prove": "auditkit simulate",
    "document": "auditkit export",
}


class Step(Noun):
    """One step of an audit: `done`, `stale` (its inputs have changed since) or `open`, and the command that does it.

    `note` says how far an open step has come, where it was begun.
    """

    name: StepName
    title: str
    condition: Condition
    command: str
    note: str = ""


def inputs_digest(folder: Path, step: StepName, pending: Mapping[str, bytes] | None = None) -> str:
    """Digest of everything that a step reads, and of the version that reads it; `pending` is about to be written."""
    new = pending or {}
    names = {*_INPUTS[step]}
    if step == "latency":
        names |= {record.file for record in held.exports(folder).exports} | {n for n in new if n.startswith("latency/")}
        names -= {held.PROFILES, held.EXPORTS}  # the index says again what the exports are
    parts = {name: digest(new[name]) if name in new else current(folder / name) for name in names}
    if step == "prove" and held.DECISIONS not in new:
        parts[held.DECISIONS] = _settings_decided(folder)
    return digest(json.dumps([VERSION, sorted(parts.items())]).encode())


def _settings_decided(folder: Path) -> str:
    """Digest of the decisions that change settings: a simulation rests on these, and not on what is said of findings."""
    about = (d for d in held.decisions(folder) if d.about.startswith("policy "))
    told = [[d.about, d.choice, d.instead.model_dump(mode="json") if d.instead else None] for d in about]
    return digest(json.dumps(sorted(told, key=str)).encode())


def steps(folder: Path) -> tuple[Step, ...]:
    """All steps in order, with their condition as the files are now."""
    known = held.manifest(folder).steps
    return tuple(_step(folder, name, known.get(name)) for name in _INPUTS)


def _step(folder: Path, name: StepName, known: str | None) -> Step:
    condition, note = _condition(folder, name, known), ""
    if name == "prove" and condition == "stale" and (begun := held.trials(folder)).left:
        done = len({trial.experiment for trial in begun.trials})
        if begun.rests_on == inputs_digest(folder, "prove"):
            condition, note = "open", f"{done} of {done + len(begun.left)} experiments simulated; the others are not proven"
    return Step(name=name, title=_TITLE[name], condition=condition, command=f"{_DO[name]} {folder}", note=note)


def unmeasured(folder: Path) -> bool:
    """Whether latency exports lie in the folder that nobody has measured as they are now."""
    measured = next(step for step in steps(folder) if step.name == "latency")
    return measured.condition != "done" and bool(held.exports(folder).exports)


def _condition(folder: Path, name: StepName, known: str | None) -> Condition:
    if not (folder / _RESULT[name]).is_file():
        return "open"
    if name == "map":
        return "done"
    return "done" if known == inputs_digest(folder, name) else "stale"
