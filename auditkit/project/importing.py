"""Files -> the audit's system: read, merge with what is there, pass the gate, keep a redacted copy of each source."""

from __future__ import annotations

import difflib
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from auditkit.credentials import no_credentials_in_errors, without_forms, without_glued
from auditkit.errors import InputError, Problem
from auditkit.importers import (
    detect_format,
    dump_yaml,
    importers,
    load_yaml,
    merge,
    propose_journeys,
    redact,
    renamed,
    scrub,
    update_yaml,
    validate,
)
from auditkit.importers.compose_order import lies_over, templates
from auditkit.importers.workbook import is_workbook, sheets
from auditkit.importers.yaml_text import too_large
from auditkit.model.draft import Draft, Item
from auditkit.model.system import CommonCause, Component, Dependency, Journey, System
from auditkit.project import creating, measuring
from auditkit.project import folder as held
from auditkit.project.files import decode, digest, free_name, read_input, read_known, read_text, write_all
from auditkit.spans import SPAN_FORMATS

_SUFFIXES: Final = frozenset(
    {".yaml", ".yml", ".json", ".csv", ".xlsx", ".graphml", ".dsl", ".dot", ".gv", ".mmd", ".mermaid", ".properties"}
)
"""What is looked at in a folder; a file that is named itself may have any suffix."""
MAX_COMPONENTS: Final = 20_000
"""How many components one import may bring."""
_TAKEN_APART: Final = 2_000_000
LARGEST_SIBLING: Final = 10_000_000
"""Longest file, in bytes, that is read because another one refers to it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file that a person gave us, read once. `name` is unique among the files given together."""

    path: Path
    name: str
    text: str
    format: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took, and which files of the folders named it left out because they are in no format known here.

    `measured` are the calls whose latencies are known since, from traces; `notes` say what there is to know about them.
    """

    index: held.SourceIndex
    left_out: tuple[str, ...]
    measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_files(paths: Sequence[Path], folder: Path, format: str | None = None) -> Imported:
    """Read files (or folders of files) in any known format, and merge them into the audit's system.

    The audit folder is made where there is none. What a person has answered in `system.yaml` survives. Traces are measured
    as well, as `auditkit latency` would. Raises `InputError` with all problems, and then nothing has been written.
    """
    with no_credentials_in_errors():
        with _without_collecting():
            taken, traced = _import(paths, folder, format)
        return _measured(taken, folder) if traced else taken


def _measured(taken: Imported, folder: Path) -> Imported:
    """The latencies of traces that were just imported. The map is written already: what cannot be measured is only told."""
    try:
        found = measuring.measure_into((), folder)
    except InputError as error:
        return replace(taken, notes=(*taken.notes, "latencies are not measured: " + "; ".join(map(str, error.problems))))
    return replace(taken, measured=tuple(found.profiles), notes=(*taken.notes, *found.warnings))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Millions of small values and no circles among them: the garbage collector only walks them, for a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _import(paths: Sequence[Path], folder: Path, format: str | None) -> tuple[Imported, bool]:
    """What was taken and written, and whether there were traces in it."""
    read, left_out = _sources(paths, format)
    target = folder / held.SYSTEM
    previous, known = read_known(target)
    groups = _groups(read)
    ids = held.facts(folder).names
    drafts = [renamed(_not_too_many(_draft(reader, group)), ids) for reader, group in groups]
    said = {source.name: draft.cannot_say for (_, group), draft in zip(groups, drafts, strict=True) for source in group}
    if previous is not None:
        drafts.append(load_yaml(previous, str(target)))
    names = {source.name for source in read}
    earlier = _former(folder, lambda record: record.name in names)
    merged, conflicts = merge(drafts, earlier, _standing(folder, names, drafts))
    system = propose_journeys(validate(_named(merged, folder)))

    index = held.sources(folder)
    kept = {record.file: record for record in index.sources}
    # an audit that begins with an import is as complete as one that `new` makes
    contents = {} if (folder / held.SYSTEM).exists() else _beginning(folder, system.system)
    for source in read:
        copy = f"sources/{source.name}"
        contents[copy] = redact(source.text, source.name).encode()
        kept[copy] = held.SourceRecord(
            file=copy, format=source.format, sha256=source.sha256, cannot_say=said.get(source.name, ())
        )
    index = held.SourceIndex(
        sources=tuple(kept[name] for name in sorted(kept)), conflicts=tuple(dict.fromkeys((*index.conflicts, *conflicts)))
    )
    contents[held.SYSTEM] = dump_yaml(system, previous).encode()
    if large := too_large(contents[held.SYSTEM].decode()):
        what = f"would have {large[0]}; it can be read up to {large[1]}"
        raise InputError.of(str(target), what, "import fewer files, or fewer calls: a part of the system at a time")
    listed, listed_known = read_known(folder / held.SOURCES)
    contents[held.SOURCES] = update_yaml(listed, index).encode()
    write_all(folder, contents, {held.SYSTEM: known, held.SOURCES: listed_known})
    notes = tuple(
        f"{name} is only extended by other files: none of its services is taken to run by itself"
        for name in sorted(_only_extended(read))
    )
    return Imported(index, left_out, notes=notes), any(source.format in SPAN_FORMATS for source in read)


def _beginning(folder: Path, system: str) -> dict[str, bytes]:
    """What a new audit has beside its system; what is there already stays."""
    made = {**creating.beginning(), held.FACTS: creating.first_facts(system)}
    return {name: content for name, content in made.items() if not (folder / name).exists()}


def _standing(folder: Path, names: set[str], drafts: Sequence[Draft]) -> list[Draft]:
    """The settings of sources that are not read now, where settings are: attempts of a library and of a mesh multiply."""
    if not any(item.library for draft in drafts for item in (*draft.dependencies, *draft.for_every_caller)):
        return []
    return _former(
        folder,
        lambda record: record.name not in names and record.format in importers() and importers()[record.format].settings,
    )


def _former(folder: Path, wanted: Callable[[held.SourceRecord], bool]) -> list[Draft]:
    """What some sources said the last time, from the copies that were kept."""
    ids = held.facts(folder).names
    records = [r for r in held.sources(folder).sources if wanted(r) and (folder / r.file).is_file()]
    former = [
        Source(folder / r.file, r.name, read_text(folder / r.file), r.format, r.sha256)
        for r in records
        if r.format in importers()
    ]
    drafts: list[Draft] = []
    for reader, group in _groups(former):
        try:
            drafts.append(renamed(_draft(reader, group), ids))
        except InputError:
            continue  # a copy without its credentials or its siblings may not be readable; then nothing counts as earlier
    return drafts


def _sources(paths: Sequence[Path], format: str | None) -> tuple[list[Source], tuple[str, ...]]:
    if format is not None and format not in importers():
        raise InputError.of(f"--format {format}", "is no known format", f"choose one of: {', '.join(importers())}")
    read: list[Source] = []
    left_out: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        inside = _inside(path) if path.is_dir() else [path]
        for file in inside:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            try:
                content = read_input(file)
                texts = _texts(content, name, file, format)
            except InputError as error:
                if path.is_dir() and format is None:
                    left_out.append(str(file))  # a folder holds other things as well; a file that was named must be readable
                else:
                    problems.extend(error.problems)
                continue
            for part, text, kind in texts:
                taken = {"index.yaml", *(source.name for source in read)}
                read.append(Source(file, free_name(part, taken), text, kind, digest(content)))
    if problems:
        raise InputError(problems)
    if not read:
        raise InputError.of(", ".join(map(str, paths)), "holds no file that can be imported", "name the files")
    return read, tuple(left_out)


def _texts(content: bytes, name: str, file: Path, format: str | None) -> list[tuple[str, str, str]]:
    """Name, text and format of a file, or of those sheets of a workbook that are in a format at all."""
    if not is_workbook(content):
        text = decode(content, file)
        return [(name, text, format or detect_format(name, text))]
    found: list[tuple[str, str, str]] = []
    unknown: list[InputError] = []
    for part, text in sheets(content, name):
        try:
            found.append((part, text, format or detect_format(part, text)))
        except InputError as error:
            unknown.append(error)  # a sheet of notes beside the calls
    if not found:
        raise unknown[0]
    return found


def _inside(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in _SUFFIXES)


def _groups(sources: Sequence[Source]) -> list[tuple[str, list[Source]]]:
    """Files that describe one system only together: those of one format (or of one that joins it), and of one folder where
    files refer to siblings. Each group with its reader.
    """
    groups: dict[tuple[str, str], list[Source]] = {}
    extended = _only_extended(sources)
    sources = [source for source in sources if source.name not in extended]
    given = {source.format for source in sources}
    for source in sources:
        joined = importers()[source.format].joins
        reader = joined if joined in given else source.format
        place = str(source.path.parent) if reader == "compose" else ""
        alone = importers()[reader].read_together is None
        groups.setdefault((reader, source.name if alone else place), []).append(source)
    for (reader, _), group in groups.items():
        if reader == "compose":
            group.sort(key=lambda source: lies_over(source.name))  # stable: else in the order given, as with `-f a -f b`
    return [(reader, group) for (reader, _), group in groups.items()]


def _only_extended(sources: Sequence[Source]) -> frozenset[str]:
    """Compose files whose services run only in what extends them; they are kept beside the others, which need them."""
    return templates([(source.name, source.text) for source in sources if source.format == "compose"])


def _draft(reader: str, group: Sequence[Source]) -> Draft:
    """What some files say. Passwords in addresses and tokens are gone before they are read: an importer may cut them in two."""
    importer, first = importers()[reader], group[0]
    read_sibling = _sibling_reader(first.path)
    files = [(source.name, _legible(source.text)) for source in group]
    if importer.read_together is None or len(group) == 1:
        return scrub(importer.read(files[0][1], files[0][0], read_sibling))
    return scrub(importer.read_together(files, read_sibling))


def _legible(text: str) -> str:
    """What an importer gets to read: it may cut a text in two, and what names a credential from what is one."""
    text = without_forms(text)
    return without_glued(text) if len(text) < _TAKEN_APART else text


def _not_too_many(draft: Draft) -> Draft:
    if len(draft.components) > MAX_COMPONENTS:
        what = f"holds {len(draft.components):,} components; the map takes {MAX_COMPONENTS:,}"
        raise InputError.of(draft.source, what, "are names made up for each request? import a part of the system")
    return draft


def _sibling_reader(path: Path) -> Callable[[str], str | None]:
    def read(relative: str) -> str | None:
        sibling = path.parent / relative
        try:
            if relative.endswith("/"):
                return "\n".join(sorted(inside.name for inside in sibling.iterdir())) if sibling.is_dir() else None
            size = sibling.stat().st_size if sibling.is_file() else LARGEST_SIBLING + 1
            if not 0 < size <= LARGEST_SIBLING:
                return None if size else ""  # what the system makes up when it is read (/proc) may have no end
            return _legible(read_text(sibling))
        except (InputError, OSError, ValueError):
            return None  # a key store, a picture, a name that no file can have: nothing that could be read for addresses

    return read


def _named(draft: Draft, folder: Path) -> Draft:
    return draft if draft.system else replace(draft, system=folder.resolve().name or "system")


def answer(folder: Path, where: str, key: str, value: object, by: str) -> System:
    """Write a person's answer into `system.yaml`: `key` (dotted, as in the file) of a component, dependency or journey.

    `where` is an id, or `from -> to` with alternatives joined by `|`. The answer is kept with its evidence (`asked`), and
    passes the gate like everything else. Raises `InputError` where there is no such thing, or the value does not fit.
    """
    return answer_all(folder, [(where, key, value)], by)


def answer_all(folder: Path, answers: Sequence[tuple[str, str, object]], by: str) -> System:
    """Several answers (where, key, value) of one person as one change: all of them hold, or nothing is written."""
    held.require(folder)
    path = folder / held.SYSTEM
    previous, known = read_known(path)
    before = held.system(folder)
    named = named_things(before)
    draft = load_yaml(dump_yaml(before, previous), str(path))
    changed: dict[str, Any] = {kind: list(getattr(draft, kind)) for kind in named}
    for where in dict.fromkeys(where for where, _, _ in answers):
        # two dependencies of one name are one call to whoever answers: both get the answer
        found = [(kind, at, item) for kind, items in named.items() for at, (name, item) in enumerate(items) if name == where]
        if not found:
            everything = [name for items in named.values() for name, _ in items]
            near = difflib.get_close_matches(where, everything, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "name an id, or 'from -> to'"
            raise InputError.of(str(path), f"there is no {where!r}", remedy)
        for kind, at, item in (one for one in found if one[0] == found[0][0]):  # a journey may be called like a component
            raw = item.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
            for key, value in ((key, value) for about, key, value in answers if about == where):
                _put(raw, key.split("."), value)
                said = {"source": by, "locator": key, "confidence": "asked"}
                raw["evidence"] = [line for line in raw.get("evidence", []) if line != said] + [said]
            changed[kind][at] = Item(raw, f"answer to {where}")
    after = validate(replace(draft, **changed))
    write_all(folder, {held.SYSTEM: dump_yaml(after, previous).encode()}, {held.SYSTEM: known})
    return after


Named = Component | Dependency | CommonCause | Journey


def named_things(system: System) -> dict[str, list[tuple[str, Named]]]:
    """Everything that can be answered about, by kind, each with its name: an id, or `from -> to`."""
    return {
        "components": [(item.id, item) for item in system.components],
        "dependencies": [(item.subject, item) for item in system.dependencies],
        "common_causes": [(item.id, item) for item in system.common_causes],
        "journeys": [(item.id, item) for item in system.journeys],
    }


def _put(raw: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        inner = raw.get(key)
        raw[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        raw = inner
    raw[keys[-1]] = value
