"""Strategy -> everything in `out/`: the written strategy and the files of other targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from auditkit import engine
from auditkit.checks import sentence_on_single_points
from auditkit.document import FORMATS, Book, Provenance, document
from auditkit.errors import InputError
from auditkit.exporters import exporters
from auditkit.model.audit import SEVERITIES, Artifact, Strategy
from auditkit.model.failure import Mode
from auditkit.model.noun import Noun
from auditkit.project import analysis, measuring, planned
from auditkit.project import folder as held
from auditkit.project.files import digest
from auditkit.project.generated import write_generated
from auditkit.project.importing import coverage_of
from auditkit.project.steps import steps
from auditkit.version import VERSION


MODES: Final[tuple[Mode, ...]] = ("down", "slow")


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
    return (*FORMATS, *exporters())


def book(folder: Path, strategy: Strategy) -> Book:
    """Everything that the document of an audit rests on."""
    sources, exports = held.sources(folder), held.exports(folder)
    system, profiles = held.system(folder), held.profiles(folder)
    blast = tuple(radius for mode in MODES for radius in engine.single_failures(system, mode, "worst", profiles))
    return Book(
        system=system,
        facts=held.facts(folder),
        coverage=coverage_of(folder),
        conflicts=sources.conflicts,
        profiles=profiles,
        # computed for the page, not kept in strategy.yaml: nobody would read hundreds of scenarios there
        strategy=strategy.model_copy(update={"blast": blast, "cut_sets": analysis.cut_sets_of(folder, max_order=3)}),
        provenance=(
            *(Provenance(file=r.file, sha256=r.sha256, what=f"topology ({r.format})") for r in sources.sources),
            *(Provenance(file=Path(r.file).name, sha256=r.sha256, what="latency export") for r in exports.exports),
        ),
        version=VERSION,
        single_points=sentence_on_single_points(analysis.check_facts(folder)),
    )


def export_into(folder: Path, to: Sequence[str] = ("md", "html")) -> Written:
    """Write the targets named into `out/`, after planning where that is not done. Raises `InputError` on an unknown target."""
    unknown = [name for name in to if name not in targets()]
    if unknown or not to:
        what = f"there is no target {', '.join(unknown)}" if unknown else "names no target"
        raise InputError.of(f"--to {','.join(to)}", what, f"choose from: {', '.join(targets())}")
    condition = {step.name: step.condition for step in steps(folder)}
    kept = held.strategy(folder)
    strategy = kept if kept is not None and condition["plan"] == "done" else planned.plan_into(folder)
    artifacts: list[Artifact] = []
    gaps: list[WrittenGap] = []
    known = exporters()
    formats = tuple(name for name in to if name in FORMATS)
    if formats:
        artifacts.extend(document(book(folder, strategy), formats))
    for name in to:
        if name in known:
            made, missing = known[name].export(held.system(folder), strategy)
            artifacts.extend(made)
            gaps.extend(WrittenGap(target=name, where=gap.where, what=gap.what, remedy=gap.remedy) for gap in missing)
    contents = {f"out/{artifact.path}": artifact.content for artifact in artifacts}
    write_generated(folder, contents, "document")
    files = tuple(WrittenFile(path=f"out/{a.path}", title=a.title, sha256=digest(a.content)) for a in artifacts)
    return Written(artifacts=files, gaps=tuple(gaps))


def run(folder: Path) -> Summary:
    """All steps, headless: measure what is stale, check, plan, write the document with its action plan."""
    held.require(folder)
    condition = {step.name: step.condition for step in steps(folder)}
    if condition["latency"] != "done" and held.exports(folder).exports:
        measuring.measure_again(folder)
    strategy = planned.plan_into(folder)
    export_into(folder, (*FORMATS, "actions"))
    counts = {s: sum(f.severity == s for f in strategy.findings) for s in reversed(SEVERITIES)}
    return Summary(
        system=strategy.system,
        findings={severity: n for severity, n in counts.items() if n},
        single_points=sentence_on_single_points(analysis.check_facts(folder)),
        policies=len(strategy.policies),
        open_questions=len(strategy.open_questions),
        document=str(folder / "out" / "strategy.html"),
        next=f"auditkit lab {folder}",
    )
