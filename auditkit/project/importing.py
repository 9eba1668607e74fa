"""Files -> the audit's system: read, merge with what is there, pass the gate, keep a redacted copy of each source."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditkit.errors import InputError
from auditkit.importers import (
    detect_format,
    dump_yaml,
    importers,
    load_yaml,
    merge,
    propose_journeys,
    redact,
    update_yaml,
    validate,
)
from auditkit.model.draft import Draft, Item
from auditkit.model.system import CommonCause, Component, Dependency, Journey, System
from auditkit.project import folder as held
from auditkit.project.files import digest, read_input, read_known, read_text, write_all


@dataclass(frozen=True, slots=True)
class Source:
    """One file that a person gave us, read once."""

    path: Path
    name: str
    text: str
    format: str
    sha256: str


def import_files(paths: Sequence[Path], folder: Path, format: str | None = None) -> held.SourceIndex:
    """Read files in any known format, merge them into the audit's system, and return what was imported so far.

    The audit folder is made where there is none. What a person has answered in `system.yaml` survives. Raises
    `InputError` with all problems, and then nothing has been written.
    """
    read = [_source(path, format) for path in _expanded(paths)]
    target = folder / held.SYSTEM
    previous, known = read_known(target)
    drafts = [_draft(source) for source in read]
    if previous is not None:
        drafts.append(load_yaml(previous, str(target)))
    merged, conflicts = merge(drafts)
    system = propose_journeys(validate(_named(merged, folder)))

    index = held.sources(folder)
    kept = {record.file: record for record in index.sources}
    contents: dict[str, bytes] = {}
    for source, draft in zip(read, drafts, strict=False):
        copy = f"sources/{source.name}"
        contents[copy] = redact(source.text, source.name).encode()
        kept[copy] = held.SourceRecord(file=copy, format=source.format, sha256=source.sha256, cannot_say=draft.cannot_say)
    index = held.SourceIndex(
        sources=tuple(kept[name] for name in sorted(kept)), conflicts=tuple(dict.fromkeys((*index.conflicts, *conflicts)))
    )
    contents[held.SYSTEM] = dump_yaml(system, previous).encode()
    listed, listed_known = read_known(folder / held.SOURCES)
    contents[held.SOURCES] = update_yaml(listed, index).encode()
    write_all(folder, contents, {held.SYSTEM: known, held.SOURCES: listed_known})
    return index


def _expanded(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix in {".yaml", ".yml", ".json", ".csv"})
            if not inside:
                raise InputError.of(str(path), "holds no file to import", "name the files")
            files.extend(inside)
        else:
            files.append(path)
    return files


def _source(path: Path, format: str | None) -> Source:
    content = read_input(path)
    text = read_text(path)
    if format is not None and format not in importers():
        raise InputError.of(f"--format {format}", "is no known format", f"choose one of: {', '.join(importers())}")
    return Source(path, path.name, text, format or detect_format(path.name, text), digest(content))


def _draft(source: Source) -> Draft:
    return importers()[source.format].read(source.text, source.name, _sibling_reader(source.path))


def _sibling_reader(path: Path) -> Callable[[str], str | None]:
    def read(relative: str) -> str | None:
        sibling = path.parent / relative
        return read_text(sibling) if sibling.is_file() else None

    return read


def _named(draft: Draft, folder: Path) -> Draft:
    if draft.system:
        return draft
    return replace(draft, system=folder.resolve().name or "system")


def answer(folder: Path, where: str, key: str, value: object, by: str) -> System:
    """Write a person's answer into `system.yaml`: `key` (dotted, as in the file) of a component, dependency or journey.

    `where` is an id, or `from -> to` with alternatives joined by `|`. The answer is kept with its evidence (`asked`), and
    passes the gate like everything else. Raises `InputError` where there is no such thing, or the value does not fit.
    """
    held.require(folder)
    path = folder / held.SYSTEM
    previous, known = read_known(path)
    before = held.system(folder)
    found = [name for name, items in _by_subject(before).items() if where in items]
    if not found:
        everything = [subject for items in _by_subject(before).values() for subject in items]
        near = difflib.get_close_matches(where, everything, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "name an id, or 'from -> to'"
        raise InputError.of(str(path), f"there is no {where!r}", remedy)
    items = _by_subject(before)[found[0]]
    raw = items[where].model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    _put(raw, key.split("."), value)
    said = {"source": by, "locator": key, "confidence": "asked"}
    raw["evidence"] = [item for item in raw.get("evidence", []) if item != said] + [said]
    draft = load_yaml(dump_yaml(before, previous), str(path))
    at = list(items).index(where)
    changed: dict[str, Any] = {found[0]: list(getattr(draft, found[0]))}
    changed[found[0]][at] = Item(raw, f"answer to {where}")
    after = validate(replace(draft, **changed))
    write_all(folder, {held.SYSTEM: dump_yaml(after, previous).encode()}, {held.SYSTEM: known})
    return after


def _by_subject(system: System) -> dict[str, dict[str, Component | Dependency | CommonCause | Journey]]:
    return {
        "components": {item.id: item for item in system.components},
        "dependencies": {item.subject: item for item in system.dependencies},
        "common_causes": {item.id: item for item in system.common_causes},
        "journeys": {item.id: item for item in system.journeys},
    }


def _put(raw: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        inner = raw.get(key)
        raw[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        raw = inner
    raw[keys[-1]] = value
