"""Writing what auditkit generates, without ever overwriting what somebody edited by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from auditkit.errors import ExternalEdit, Problem
from auditkit.project import folder as held
from auditkit.project.files import current, digest, write_all
from auditkit.project.steps import StepName, inputs_digest


def write_generated(
    folder: Path,
    contents: Mapping[str, bytes],
    steps: Iterable[StepName],
    own: Mapping[str, bytes] | None = None,
    expected: Mapping[str, str | None] | None = None,
) -> None:
    """Write generated files as one change, and note in the manifest what they are and which inputs these `steps` rest on.

    `own` are files of the audit that change with them, `expected` the digests that these had when they were read. Raises
    `ExternalEdit` where a generated file is no longer what we wrote; nothing is written then.
    """
    manifest = held.manifest(folder)
    now = {path: current(folder / path) for path in (*contents, held.MANIFEST)}
    edited = [path for path in contents if now[path] not in (None, manifest.written.get(path), digest(contents[path]))]
    if edited:
        raise ExternalEdit(
            Problem(str(folder / path), "was edited by hand since it was generated", "move it away, then run the command again")
            for path in edited
        )
    everything = {**(own or {}), **contents}
    written = {path: digest(content) for path, content in contents.items()}
    rests_on: dict[str, str] = {step: inputs_digest(folder, step, everything) for step in steps}
    new = held.Manifest(
        written=dict(sorted((manifest.written | written).items())), steps=dict(sorted((manifest.steps | rests_on).items()))
    )
    text = new.model_dump_json(indent=2) + "\n"
    write_all(folder, {**everything, held.MANIFEST: text.encode()}, {**(expected or {}), **now})
