"""The commands: a few lines each, over `auditkit.project`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from auditkit import project
from auditkit.cli import shapes, tables
from auditkit.cli.busy import busy
from auditkit.cli.plain import said
from auditkit.errors import InputError
from auditkit.units import parse_share

app = typer.Typer(
    help="Audit the resilience of a system: map it, see what fails, derive timeouts, write the strategy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Dir = Annotated[Path, typer.Argument(metavar="DIR", help="the audit folder")]
Format = Annotated[str | None, typer.Option(help="how to read the files, where that is not seen from their content")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Mode = Literal["down", "slow"]
Assume = Literal["worst", "best"]


def _say(text: str) -> None:
    typer.echo(text)


@app.command()
def new(
    dir: Dir,
    sample: Annotated[str | None, typer.Option(help="start from a shipped sample: worked-example, flash-sale")] = None,
) -> None:
    """Make an audit folder, with the notebooks."""
    made = project.new(dir, sample)
    _say(f"{dir}: {len(made)} files. Next: auditkit run {dir}   or, in the workbook: auditkit lab {dir}")


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="the audit folder; made where there is none")],
    format: Format = None,
    json: Json = False,
) -> None:
    """Read a system from files, merge it into the audit, report what is known and what is not."""
    with busy("reading") as tell:
        taken = project.import_files(files, into, format)
        audit = project.Audit.open(into)
        tell("ranking questions")
        report = (audit.system, audit.questions(), audit.conflicts(), audit.coverage())
    if json:
        _say(shapes.dump(shapes.imported(*report)))
        return
    tables.imported(*report)
    tables.measured_too(taken, into)
    if taken.left_out:
        _say(f"\nLeft out, in no format known here: {', '.join(taken.left_out)}")
    _say(f"\nNext: auditkit lab {into} (answer in the workbook), or: auditkit latency EXPORT --into {into}")


@app.command()
def settle(
    dir: Dir,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="what is open; without it, all of that is listed")] = None,
    answer: Annotated[str | None, typer.Argument(metavar="[ANSWER]", help="yes, no, kept, dropped, a value, words")] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="who says so, and why: 'ann, from the runbook'")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="take the last answer back")] = False,
    json: Json = False,
) -> None:
    """Conflicts of sources and open questions: list them, answer one, take the last answer back."""
    if undo and (name or answer):
        raise InputError.of("auditkit settle --undo", "takes no name and no answer", "it takes back the last one")
    if undo:
        done = f"taken back: {project.take_back(dir)}"
    elif name is None:
        open_ = project.choices(dir)
        if json:
            _say(shapes.dump(shapes.choices(open_)))
        else:
            tables.choices(open_, dir)
        return
    else:
        project.choose(dir, name, answer or "", by or "")
        done = f"{name}: {answer}, says {by}"
    if json:
        _say(shapes.dump(shapes.choices(project.choices(dir))))
    else:
        said(f"{done}. Take it back: auditkit settle {dir} --undo" if not undo else f"{done}. The files are as before.")


@app.command()
def blast_radius(
    dir: Dir,
    fail: Annotated[list[str] | None, typer.Option("--fail", metavar="ID", help="what fails; may be repeated")] = None,
    mode: Annotated[Mode, typer.Option(help="down: answers with errors; slow: does not answer in time")] = "down",
    assume: Annotated[Assume, typer.Option(help="which answer open questions get")] = "worst",
    json: Json = False,
) -> None:
    """What one failure, or each single one, does to journeys and components."""
    audit = project.Audit.open(dir)
    with busy("computing what fails"):
        radii = (audit.blast_radius(fail, mode, assume),) if fail else audit.single_failures(mode, assume)
    if json:
        _say(shapes.dump(shapes.blast_radii(radii)))
    else:
        tables.blast_radii(radii)


@app.command()
def cut_sets(
    dir: Annotated[Path, typer.Argument(metavar="DIR|FILE.xml", help="the audit folder, or an Open-PSA fault tree")],
    journey: Annotated[str | None, typer.Option(help="only this journey")] = None,
    max_order: Annotated[int | None, typer.Option(min=1, help="list no larger sets")] = None,
    mode: Annotated[Mode, typer.Option()] = "down",
    assume: Annotated[Assume, typer.Option()] = "worst",
    state: Annotated[Literal["failed", "degraded"], typer.Option(help="failed or hung; or degraded or worse")] = "failed",
    json: Json = False,
) -> None:
    """Minimal cut sets of each journey, with probability and importance."""
    with busy("computing cut sets"):
        sets = project.cut_sets_of(dir, journey, max_order=max_order, mode=mode, assume=assume, state=state)
    if json:
        _say(shapes.dump(shapes.cut_sets(sets)))
    else:
        tables.cut_sets(sets)


@app.command()
def check(
    dir: Dir,
    fail_on: Annotated[project.Severity | None, typer.Option(help="exit with 1 from this severity on")] = None,
    format: Annotated[Literal["text", "json", "sarif", "github"], typer.Option()] = "text",
    json: Json = False,
) -> None:
    """Findings, the gravest first."""
    audit = project.Audit.open(dir)
    with busy("looking for findings"):
        found = audit.findings()
    if json or format == "json":
        _say(shapes.dump(shapes.findings(found)))
    elif format == "text":
        tables.findings(found, audit.sentence_on_single_points())
    else:
        _say(project.format_findings(found, format, str(dir / "system.yaml")))
    if fail_on and project.reaches(found, fail_on):
        raise typer.Exit(1)


PERIOD = "FROM/TO[=WHY]"


@app.command()
def latency(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE…|DIR]", help="exports; folders and quoted patterns too; an audit folder: what it holds"),
    ] = None,
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="keep profiles and exports in this audit")] = None,
    format: Format = None,
    unit: Annotated[str | None, typer.Option(help="unit of the durations, where the export does not say: ns us ms s")] = None,
    log_format: Annotated[str | None, typer.Option(help="format string of an access log")] = None,
    column: Annotated[list[str] | None, typer.Option(metavar="ROLE=NAME", help="a column of another name; repeat")] = None,
    connect: Annotated[str | None, typer.Option(metavar="URI", help="a database instead of files, as duckdb://FILE")] = None,
    table: Annotated[str | None, typer.Option(help="the table there")] = None,
    incident: Annotated[list[str] | None, typer.Option(metavar=PERIOD, help="no normal time: nothing is taken from it")] = None,
    normal: Annotated[list[str] | None, typer.Option(metavar=PERIOD, help="a normal time, whatever it looks like")] = None,
    json: Json = False,
) -> None:
    """Latency profiles and timeouts from exports, from a table where it lies, or of what an audit holds: imported traces too."""
    how = project.How(format, unit, log_format, columns_of(column or []))
    if into is None and files and len(files) == 1 and project.is_audit(files[0]):
        into, files = files[0], []
    if bool(connect) != bool(table):
        missing, given = ("--table NAME", "--connect") if connect else ("--connect URI", "--table")
        raise InputError.of(f"auditkit latency {given}", f"needs {missing} as well", "name both, or neither and files instead")
    if files and connect:
        raise InputError.of("auditkit latency --connect", "cannot go with files", "measure the files in a call of their own")
    if not files and not connect and into is None:
        raise InputError.of(
            "auditkit latency", "names nothing to measure", "name files, --connect with --table, or an audit folder"
        )
    incidents = tuple(project.period(text, "--incident") for text in incident or [])
    times = project.Times(incidents, tuple(project.period(text, "--normal") for text in normal or []))
    with busy("measuring"):
        if connect and table:
            measured = project.timeouts_of_table(connect, table, into, how, times)
        else:
            measured = project.timeouts(files or [], into, how, times)
    if json:
        _say(shapes.dump(shapes.latency(measured.advices)))
    else:
        tables.latency(measured.advices)
    for line in measured.notes:
        said(line, file=sys.stderr)


def columns_of(options: list[str]) -> tuple[tuple[str, str], ...]:
    """`ROLE=NAME` options as pairs. Raises `InputError` on anything else."""
    pairs = [option.partition("=") for option in options]
    for role, equals, name in pairs:
        if not (role and equals and name):
            raise InputError.of("--column", f"{role + equals + name!r} is no ROLE=NAME", "write for example duration=took_ms")
    return tuple(sorted((role, name) for role, _, name in pairs))


@app.command()
def plan(dir: Dir, json: Json = False) -> None:
    """Propose the strategy; decisions are kept."""
    audit = project.Audit.open(dir)
    with busy("planning"):
        strategy = audit.plan()
    if project.unmeasured(dir):
        typer.echo(f"latency exports are not measured yet, and the plan goes without them: auditkit run {dir}", err=True)
    if json:
        _say(shapes.dump(shapes.plan(strategy)))
        return
    tables.plan(strategy)
    _say(f"\nNext: auditkit export {dir}")


@app.command()
def export(
    dir: Dir,
    to: Annotated[str, typer.Option(help="targets, separated by commas; an unknown one lists them all")] = "md,html",
    check: Annotated[
        Path | None, typer.Option("--check", metavar="DEPLOYED", help="write nothing; compare with the files deployed there")
    ] = None,
    json: Json = False,
) -> None:
    """Write the document and other files into DIR/out, or report where deployed files differ (exit code 1)."""
    audit, targets = project.Audit.open(dir), tuple(name.strip() for name in to.split(",") if name.strip())
    if check is not None:
        differences = audit.drift(targets, check)
        if json:
            _say(shapes.dump(shapes.exported(None, differences)))
        else:
            tables.drift(differences)
        raise typer.Exit(1 if differences else 0)
    with busy("writing"):
        written = audit.export(targets)
    if json:
        _say(shapes.dump(shapes.exported(written, ())))
        return
    for file in written.artifacts:
        _say(str(dir / file.path))
    for gap in written.gaps:
        said(f"gap in {gap.target}: {gap.where}  {gap.what}  {gap.remedy}")


@app.command()
def run(
    dir: Dir,
    simulate: Annotated[bool, typer.Option("--simulate", help="prove the plan too, which may take minutes")] = False,
    json: Json = False,
) -> None:
    """All steps, headless: measure, check, plan, write the document; with --simulate also prove the plan in simulation."""
    audit = project.Audit.open(dir)
    with busy("reading") as tell:
        done = audit.run(tell)
    if simulate and any(step.name == "prove" and step.condition != "done" for step in audit.steps()):
        from auditkit.project import simulating

        simulating.simulate(dir, progress=tables.progress())  # what was simulated before upon these inputs is kept
        with busy("writing what was simulated") as tell:
            done = audit.run(tell)
    if json:
        _say(shapes.dump(shapes.summary(done)))
    else:
        tables.summary(done)


@app.command()
def simulate(
    dir: Dir,
    experiment: Annotated[str | None, typer.Option(help="only this experiment of the plan")] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the first run; equal seeds give equal results")] = 1,
    json: Json = False,
) -> None:
    """The plan's experiments, simulated with today's settings and with the proposed ones."""
    from auditkit.project import simulating  # arrays and kernels, which no other command needs

    if project.unmeasured(dir):
        typer.echo(f"latency exports are not measured yet, and this goes without them: auditkit run {dir}", err=True)
    kept = simulating.kept_before(dir, seed) if experiment is None else ()
    if kept:
        typer.echo(f"{len(kept)} experiments were simulated before upon these inputs and are kept; now the others.", err=True)
    runs = simulating.simulate(dir, experiment, seed, progress=tables.progress())
    left = simulating.left_out(dir)
    if json:
        _say(shapes.dump(shapes.simulated(runs, simulating.healthy_costs(dir), kept, left)))
        return
    tables.simulated(runs)
    tables.healthy(simulating.healthy_costs(dir))
    if left:
        _say(f"\nNot simulated, and not proven: {len(left)} experiments of the plan. For the rest: auditkit simulate {dir}")


@app.command()
def tune(
    dir: Dir,
    dependency: Annotated[str, typer.Argument(metavar="DEPENDENCY", help="a call of the plan: 'api:home -> users'")],
    fault_share: Annotated[
        str, typer.Option(help="how much of the time its fault is assumed to be there: 1% are seven hours a month")
    ] = "1%",
    seed: Annotated[int, typer.Option(min=0, help="seed of the first run; equal seeds give equal results")] = 1,
    json: Json = False,
) -> None:
    """One call's settings around their closed forms, simulated: which values are as good as the best."""
    from auditkit.project import tuning

    try:
        share = parse_share(fault_share)
    except ValueError as error:
        raise InputError.of("--fault-share", str(error), "for example: --fault-share 1%") from error
    found = tuning.tuned(dir, dependency, fault_share=share, seed=seed, progress=tables.progress("value"))
    if json:
        _say(shapes.dump(shapes.tuned(found)))
    else:
        tables.tuned(found)


@app.command()
def storms(
    dir: Dir,
    dependency: Annotated[str, typer.Argument(metavar="DEPENDENCY", help="a call of the plan: 'api:home -> users'")],
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="draw the map into this file")] = None,
    seed: Annotated[int, typer.Option(min=0, help="equal seeds give equal results")] = 1,
    json: Json = False,
) -> None:
    """Load, attempts and queues with which a call's retries keep its callee down, and the margin until then."""
    from auditkit.project import storms as mapping

    found = mapping.storms(dir, dependency, seed=seed, progress=tables.progress("cell"))
    if svg is not None:
        mapping.draw(found, svg)
    if json:
        _say(shapes.dump(shapes.storm(found)))
    else:
        tables.storm(found)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="the earlier audit folder")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="the later audit folder")],
    fail_on_new: Annotated[project.Severity | None, typer.Option(help="exit with 1 where something this grave is new")] = None,
    json: Json = False,
) -> None:
    """What changed in risk and settings from one audit to another."""
    changes = project.diff(old, new)
    if json:
        _say(shapes.dump(shapes.comparison(changes)))
    else:
        tables.comparison(changes)
    if fail_on_new and changes.has_new(fail_on_new):
        raise typer.Exit(1)


@app.command()
def lab(
    dir: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("my-audit"),
    app: Annotated[bool, typer.Option("--app", help="as an app without code, by Voila (pip install 'auditkit[app]')")] = False,
) -> None:
    """Open the workbook in JupyterLab."""
    raise typer.Exit(project.open_app(dir) if app else project.open_lab(dir))


@app.command()
def explain(check: Annotated[str, typer.Argument(metavar="CHECK")]) -> None:
    """Print what a check means: why it matters, how it is decided, how to mend it, when it is wrong."""
    _say(project.explain(check))


@app.command()
def schema(
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="write them into DIR/schemas instead")] = None,
) -> None:
    """Print the JSON Schemas of the files of an audit, or write them where editors look for them."""
    if into is None:
        _say(project.schemas())
        return
    for path in project.write_schemas(into):
        _say(str(path))
