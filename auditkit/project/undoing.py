"""Taking the last answer back: what the files that answers go into said before, put back where nobody changed them since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditkit.project import folder as held
from auditkit.project.files import digest, read_input, write_all


@dataclass(frozen=True, slots=True)
class Answers:
    """What `system.yaml` and `audit.yaml` said at one time: all that answers can change."""

    files: Mapping[str, bytes]


def answers(folder: Path) -> Answers:
    """What the files that answers go into say now."""
    held.require(folder)
    return Answers({name: read_input(folder / name) for name in (held.SYSTEM, held.FACTS) if (folder / name).is_file()})


def put_back(folder: Path, before: Answers, after: Answers) -> None:
    """Put back what the files said `before` a change, after which they said `after`.

    Raises `ExternalEdit`, and changes nothing, where one of them says something else by now: a later change would be lost.
    """
    changed = {name: content for name, content in before.files.items() if after.files.get(name) != content}
    write_all(folder, changed, {name: digest(content) for name, content in after.files.items() if name in changed})
