"""A new audit folder, empty or from a shipped sample, with the notebooks."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from auditkit.document import shipped
from auditkit.errors import InputError
from auditkit.importers import update_yaml
from auditkit.model.audit import AuditFacts
from auditkit.model.schema import json_schemas
from auditkit.model.system import FORMAT_VERSION
from auditkit.project import folder as held
from auditkit.project.files import write_all

_FIRST_LINES = """\
# yaml-language-server: $schema=schemas/system.schema.json
# What runs, who calls whom, and what users want from it. `auditkit import FILE --into .` fills this in; or write it by hand.
"""


def samples() -> tuple[str, ...]:
    """Names of the shipped samples."""
    return tuple(sorted(entry.name for entry in shipped("data").iterdir() if (entry / held.SYSTEM).is_file()))


def new(folder: Path, sample: str | None = None) -> tuple[str, ...]:
    """Make an audit folder and return the paths of its files.

    Raises `InputError` where the folder holds something already, or there is no such sample; nothing is written then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError.of(str(folder), "exists and is not empty", "choose another name")
    if sample is not None and sample not in samples():
        raise InputError.of(f"--sample {sample}", "is no shipped sample", f"choose one of: {', '.join(samples())}")
    contents = beginning()
    if sample is None:
        name = folder.resolve().name
        empty = {"auditkit": FORMAT_VERSION, "system": name, "components": [], "dependencies": [], "journeys": []}
        contents[held.SYSTEM] = (_FIRST_LINES + update_yaml(None, empty)).encode()
        contents[held.FACTS] = first_facts(name)
    else:
        contents |= _files(shipped("data") / sample, "", {".yaml", ".csv", ".md", ".py"})
        contents.pop("answers.yaml", None)  # the known answers are for whoever has done the audit
    write_all(folder, contents, {})
    return tuple(sorted(contents))


def beginning() -> dict[str, bytes]:
    """What every audit folder has beside its own files: the notebooks, and the schemas that editors are led to."""
    return {**workbook(), **{f"schemas/{name}": text.encode() for name, text in json_schemas().items()}}


def workbook() -> dict[str, bytes]:
    """The notebooks, by their paths in an audit folder."""
    return _files(shipped("notebooks"), "notebooks/", {".ipynb"})


def first_facts(name: str) -> bytes:
    """An audit.yaml in which only the title is filled in."""
    return update_yaml(None, AuditFacts(title=f"Resilience audit of {name}")).encode()


def _files(folder: Traversable, prefix: str, suffixes: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            found |= _files(entry, f"{prefix}{entry.name}/", suffixes)
        elif PurePosixPath(entry.name).suffix in suffixes:
            found[prefix + entry.name] = entry.read_bytes()
    return found
