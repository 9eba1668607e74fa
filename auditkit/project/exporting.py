"""Strategy -> everything in `out/`: the written strategy and the files of other targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.document import FORMATS, Book, Missing, Provenance, document, missing, what_changed
from auditkit.errors import InputError
from auditkit.exporters import all_exporters
from auditkit.importers import update_yaml
from auditkit.model.audit import SEVERITIES, Artifact, Gap, Strategy
from auditkit.model.noun import Noun
from auditkit.planning import compare
from auditkit.project import folder as held
from auditkit.project import history, measuring
from auditkit.project.drift import Drift, drift
from auditkit.project.files import digest
from auditkit.project.generated import write_generated
from auditkit.project.inputs import Inputs, read
from auditkit.project.steps import steps
from auditkit.version import VERSION

if TYPE_CHECKING:
    from auditkit.simulation.storms import StormMap
    from auditkit.simulation.tuning import Tuning

_SAME_STORY = ("actions", "strategy_json")
"""Targets that hold what the document says, for other programs; it does not speak of them, whichever are written beside it."""


class WrittenFile(Noun):
    """One generated file, by its path inside the audit folder."""

    path: str
    title: str
    sha256: str


class WrittenGap(Noun):
    """What one target cannot express."""

    target: str
    where: str
    what: str
    remedy: str = ""


class Written(Noun):
    """What an export wrote, and what its targets cannot express."""

    artifacts: tuple[WrittenFile, ...]
    gaps: tuple[WrittenGap, ...] = ()


class Summary(Noun):
    """What a whole run found and wrote. `findings` counts them by severity; `next` is a command to go on with."""

    system: str
    findings: dict[str, int]
    single_points: str
    policies: int
    open_questions: int
    document: str
    next: str


def targets() -> tuple[str, ...]:
    """Everything that `export` can write."""
    return (*FORMATS, *all_exporters())


def book(inputs: Inputs) -> Book:
    """Everything that the document of an audit rests on."""
    last = history.last_before(inputs.folder, inputs.facts.date)
    trials, runs = held.trials(inputs.folder), held.runs(inputs.folder)
    tunings, storms = _tuned(inputs.folder)
    shown = runs.runs if runs.rests_on == trials.rests_on else ()
    return Book(
        system=inputs.system,
        facts=inputs.facts,
        coverage=inputs.coverage,
        conflicts=inputs.sources.conflicts,
        profiles=inputs.profiles,
        strategy=inputs.whole,
        provenance=(
            *(Provenance(file=r.file, sha256=r.sha256, what=f"topology ({r.format})") for r in inputs.sources.sources),
            *(
                Provenance(file=Path(r.file).name, sha256=r.sha256, what="latency export")
                for r in held.exports(inputs.folder).exports
            ),
        ),
        version=VERSION,
        single_points=inputs.sentence_on_single_points,
        runs=shown if inputs.trials else (),
        simulated_with=trials.assumptions if inputs.trials else (),
        tunings=tunings,
        storms=storms,
        changes=None if last is None else what_changed(compare(last.strategy, inputs.strategy)),
        changes_since=None if last is None else last.date,
        docx_template=held.template(inputs.folder),
    )


def _tuned(folder: Path) -> tuple[tuple[Tuning, ...], tuple[StormMap, ...]]:
    """What was tuned and mapped; the simulation is loaded only where there is any."""
    if not (folder / held.TUNING).is_file():
        return (), ()
    from auditkit.project.kept_tuning import kept

    file = kept(folder)
    return file.tunings, file.storms


def plan_into(folder: Path) -> Strategy:
    """Plan the strategy anew from the folder as it is now, keep every decision, and write it down."""
    inputs = read(folder)
    write_generated(folder, _strategy_file(inputs), ("plan",))
    return inputs.strategy


def export_into(folder: Path, to: Sequence[str] = ("md", "html")) -> Written:
    """Plan, and write the targets named into `out/`, as one change.

    Raises `InputError` on an unknown target, `ExternalEdit` where a file in `out/` was edited by hand; nothing is written then.
    """
    inputs = read(folder)
    artifacts, gaps = _made(inputs, to)
    own, expected = history.kept(folder, inputs.facts.date, inputs.strategy)
    write_generated(folder, {**_strategy_file(inputs), **_files(artifacts)}, ("plan", "document"), own, expected)
    files = tuple(WrittenFile(path=f"out/{a.path}", title=a.title, sha256=digest(a.content)) for a in artifacts)
    return Written(artifacts=files, gaps=gaps)


def missing_of(folder: Path) -> tuple[Missing, ...]:
    """What the document would say but cannot yet, by section; nothing is written."""
    return missing(book(read(folder)))


def drift_of(folder: Path, to: Sequence[str], deployed: Path) -> tuple[Drift, ...]:
    """Where deployed files differ from what these targets would be given now; nothing is written."""
    artifacts, _ = _made(read(folder), to)
    return drift(artifacts, deployed)


def run(folder: Path, tell: Callable[[str], None] = lambda _: None) -> Summary:
    """All steps, headless and as one change: measure what is stale, check, plan, write the document and the action plan.

    `tell` hears what is being done; nobody by default.
    """
    held.require(folder)
    condition = {step.name: step.condition for step in steps(folder)}
    taken: measuring.Taken | None = None
    if condition["latency"] != "done" and held.exports(folder).exports:
        tell("measuring latencies")
        taken = measuring.take((), folder)
    inputs = read(folder, None if taken is None else taken.measurement.profiles)
    tell("looking for findings")
    count = len(inputs.findings)
    tell(f"{count} findings; planning")
    policies = sum(proposal.changes for proposal in inputs.strategy.policies)
    tell(f"{count} findings, {policies} policies; writing the document")
    artifacts, _ = _made(inputs, ("md", "html", "actions"))
    generated = {**_strategy_file(inputs), **_files(artifacts)}
    own, expected = history.kept(folder, inputs.facts.date, inputs.strategy)
    if taken is None:
        write_generated(folder, generated, ("plan", "document"), own, expected)
    else:
        everything, own, expected = {**taken.generated, **generated}, {**own, **taken.own}, {**expected, **taken.expected}
        write_generated(folder, everything, ("latency", "plan", "document"), own, expected)
    strategy = inputs.strategy
    counts = {s: sum(f.severity == s for f in strategy.findings) for s in reversed(SEVERITIES)}
    return Summary(
        system=strategy.system,
        findings={severity: n for severity, n in counts.items() if n},
        single_points=inputs.sentence_on_single_points,
        policies=policies,
        open_questions=len(inputs.questions),
        document=str(folder / "out" / "strategy.html"),
        next=f"auditkit lab {folder}",
    )


def _made(inputs: Inputs, to: Sequence[str]) -> tuple[list[Artifact], tuple[WrittenGap, ...]]:
    unknown = [name for name in to if name not in targets()]
    if unknown or not to:
        what = f"there is no target {', '.join(unknown)}" if unknown else "names no target"
        raise InputError.of(f"--to {','.join(to)}", what, f"choose from: {', '.join(targets())}")
    artifacts: list[Artifact] = []
    gaps: list[WrittenGap] = []
    by_target: dict[str, tuple[Gap, ...]] = {}
    known = all_exporters()
    for name in to:
        if name in known:
            made, missing = known[name].export(inputs.system, inputs.strategy)
            artifacts.extend(made)
            gaps.extend(WrittenGap(target=name, where=gap.where, what=gap.what, remedy=gap.remedy) for gap in missing)
            by_target[name] = missing
    formats = tuple(name for name in to if name in FORMATS)
    said = {name: known[name].prose for name in by_target if name not in _SAME_STORY}
    if formats:
        artifacts = [*document(replace(book(inputs), gaps=by_target, targets=said), formats), *artifacts]
    return artifacts, tuple(gaps)


def _files(artifacts: Sequence[Artifact]) -> dict[str, bytes]:
    return {f"out/{artifact.path}": artifact.content for artifact in artifacts}


def _strategy_file(inputs: Inputs) -> dict[str, bytes]:
    """The plan as a file. A file cut short reads as a system of nothing: that replaces no plan of something."""
    before = held.strategy(inputs.folder)
    if before is not None and before.policies and not inputs.system.components:
        what = f"lists no component any more, though the plan has policies for {len(before.policies)} calls"
        raise InputError.of(str(inputs.folder / held.SYSTEM), what, f"restore it, or delete {held.STRATEGY} to begin anew")
    return {held.STRATEGY: update_yaml(None, inputs.strategy).encode()}
