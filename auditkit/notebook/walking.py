"""Small calls that keep the notebooks' cells short: safe to run again, on the sample and on any other audit."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.checks import explain
from auditkit.document import shipped
from auditkit.errors import AuditkitError
from auditkit.model.audit import Choice, Finding
from auditkit.model.latency import profiles_of
from auditkit.model.system import System, split_target
from auditkit.notebook.frames import UNKNOWN, frame, readable, size, table_html
from auditkit.notebook.opening import SAMPLE
from auditkit.notebook.strategy_tables import findings_table
from auditkit.project import Audit, samples
from auditkit.project import folder as held

if TYPE_CHECKING:
    import pandas as pd


def whole_text() -> None:
    """Let tables show whole sentences, from the left, instead of cutting them at fifty characters.

    Only in the notebook that asks for it. Alignment stands in each cell: JupyterLab drops style sheets from outputs.
    """
    import pandas as pd
    from IPython.core.getipython import get_ipython

    pd.set_option("display.max_colwidth", None)
    pd.set_option("display.max_rows", 200)
    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, table_html)


def attempt(act: Callable[[], object]) -> str:
    """Try something that may be refused, and return what was said: a refusal in words is part of the lesson."""
    try:
        act()
    except AuditkitError as error:
        return f"refused: {error}"
    return "done"


def rehearsal(sample: str = SAMPLE) -> Audit:
    """A throw-away copy of a shipped sample, on which something may go wrong; your own audit is not touched.

    It holds the map and no latencies, so that what is measured on stage stands alone.
    """
    place = tempfile.mkdtemp(prefix="auditkit-rehearsal-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    audit = Audit.new(Path(place) / sample, sample=sample)
    shutil.rmtree(audit.folder / "latency", ignore_errors=True)
    return audit


def rehearsal_of(name: str) -> Audit:
    """A throw-away audit of one of the small systems that are shipped for the stage."""
    place = tempfile.mkdtemp(prefix="auditkit-rehearsal-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Audit.importing([stage_file(name)], Path(place) / Path(name).stem)


def names(system: System) -> str:
    r"""What a small system consists of, in two lines.

    >>> names(System(system="s"))
    'components: none\ncalls: none'
    """
    components = ", ".join(component.id for component in system.components)
    return f"components: {components or 'none'}\ncalls: {', '.join(d.subject for d in system.dependencies) or 'none'}"


def exports(audit: Audit) -> tuple[str, ...]:
    """The latency exports of an audit, imported traces among them: relative to its folder, or where a large one lies."""
    return tuple(record.file for record in held.exports(audit.folder).exports if (audit.folder / record.file).is_file())


def exports_table(audit: Audit) -> pd.DataFrame:
    """The latency exports of an audit, imported traces among them, and their sizes."""
    rows = ((name, size((audit.folder / name).stat().st_size)) for name in exports(audit))
    return frame(("export", "size"), rows, "export")


def first_callee(audit: Audit) -> str:
    """The component that is called first of all: something to start with."""
    called = [dependency.to[0] for dependency in audit.system.dependencies] or [c.id for c in audit.system.components]
    return split_target(called[0])[0]


def who(audit: Audit) -> str:
    """Who decides when a notebook runs from top to bottom: AUDITKIT_BY, else on a shipped sample its first person.

    Empty in an audit of one's own: nobody's decision is made up there.
    """
    people = audit.facts.people if audit.system.system in samples() else ()
    return os.environ.get("AUDITKIT_BY", "") or (people[0].name if people else "")


def decide_once(audit: Audit, about: str | None, *, choice: Choice, reason: str, by: str) -> str:
    """Record a decision unless one was made already: running a cell again never overwrites what people decided.

    Returns what stands on record now, or why nothing was recorded: there is nothing to decide about, or nobody who decides.
    """
    if about is None:
        return "Nothing to decide about here."
    made = next((decision for decision in audit.decisions if decision.about == about), None)
    if made is None and not by.strip():
        return f"{about}\nNot recorded: write into this cell what you choose, why, and who you are (by=…), and run it."
    made = made or audit.decide(about, choice, reason, by)
    return f"{made.about}\n{made.choice}, says {made.by}: {made.reason}"


def answer_open(audit: Audit, where: str, key: str, value: object, by: str) -> str:
    """Answer a question where this system still asks it; elsewhere nothing changes. Says which."""
    asked = next((item for item in audit.system.dependencies if item.subject == where), None)
    if asked is None:
        return f"{where}: not in this system, nothing was changed"
    if getattr(asked, key) is not None:
        return f"{where}: {key} is {getattr(asked, key)} already, nothing was changed"
    audit.answer(where, key, value, by)
    return f"{where}: {key} is now {value}, says {by}; system.yaml holds the answer"


def first_finding(audit: Audit, check: str | None = None) -> Finding | None:
    """The gravest finding, or the gravest of one check; None where there is none."""
    return next((finding for finding in audit.findings() if check in (None, finding.check)), None)


def finding_key(finding: Finding | None) -> str | None:
    """How a decision refers to a finding."""
    return None if finding is None else finding.key


def files_table(audit: Audit) -> pd.DataFrame:
    """What the audit folder holds."""
    inside = sorted(path for path in audit.folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    listed = ((path.relative_to(audit.folder).as_posix(), size(path.stat().st_size)) for path in inside)
    return frame(("file", "size"), (row for row in listed if not row[0].startswith("notebooks/")), "file")


def closing(audit: Audit, following: str) -> str:
    """What stands in the folder now, which steps are open or stale, and which notebook comes next."""
    behind = [step for step in audit.steps() if step.condition != "done"]
    open_steps = [f"{step.title} is {step.condition}" + (f" ({step.note})" if step.note else "") for step in behind]
    return "\n".join(
        (
            f"Everything is saved in {audit.folder}; decisions on record: {len(audit.decisions)}.",
            "; ".join(open_steps) or "All steps are done and up to date.",
            f"Next: {following}",
        )
    )


def stage_file(name: str) -> Path:
    """A shipped file that goes wrong, or its repaired twin, for the parts on stage."""
    return Path(str(shipped("data"))) / "stage" / name


def measure_exports(audit: Audit) -> str:
    """Measure what an audit holds, imported traces among it, and say what came out; where there is nothing, say that."""
    files = exports(audit)
    if not files:
        return "There is no latency export in this audit yet: use the panel, or audit.measure(['latencies.csv'])."
    measured = audit.measure()
    said = [f"{len(measured.profiles)} calls measured from {len(files)} files."]
    said += [f"No component of that name: {name}" for name in measured.unmatched]
    return "\n".join([*said, *measured.warnings])


def first_call(audit: Audit) -> str | None:
    """The call that was measured most often; None where nothing was measured."""
    profiles = audit.profiles
    return min(profiles, key=lambda call: (-profiles[call].n, call), default=None)


def unmeasured_table(audit: Audit) -> pd.DataFrame:
    """The synchronous calls that nobody has measured, and what they mean to their caller."""
    profiles = audit.profiles
    rows = (
        (d.caller, target, d.on_failure or UNKNOWN, UNKNOWN if d.rate_per_s is None else f"{d.rate_per_s:g}/s")
        for d in audit.system.dependencies
        if d.call == "sync"
        for target in d.to
        if not profiles_of(d, target, profiles)
    )
    return frame(("from", "to", "on failure", "rate"), rows)


def first_recommended(audit: Audit) -> str | None:
    """How a decision refers to the first dependency with a recommended timeout; None where nothing is recommended."""
    ready = {advice.call for advice in audit.advices() if advice.recommended_s is not None}
    profiles = {call: profile for call, profile in audit.profiles.items() if call in ready}
    with_data = (d for d in audit.system.dependencies if any(profiles_of(d, target, profiles) for target in d.to))
    found = next(with_data, None)
    return None if found is None else f"policy {found.subject}"


def findings_about(audit: Audit, word: str) -> pd.DataFrame:
    """The findings whose check or subject holds a word, the gravest first."""
    return findings_table(finding for finding in audit.findings() if word in finding.check or word in finding.subject)


def explain_finding(finding: Finding | None) -> str:
    """A finding with its evidence, and the words of the check that found it."""
    if finding is None:
        return "Nothing was found. How much is known stands in 01_map_the_system."
    evidence = "\n".join(f"- {line}" for line in finding.evidence)
    return readable(f"{finding.title} ({finding.severity}, {finding.certainty})\n{evidence}\n\n{explain(finding.check)}")
