"""What an importer is. Adding a format is one file with an `Importer`, and one line in `table.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditkit.model.draft import Draft

ReadSibling = Callable[[str], str | None]
"""Text of a file, by its path relative to the one being read; None where there is none, or nothing that is text.

A path that ends in `/` gives the names in that folder, one a line. Importers never touch the disk.
"""


def beginning(text: str, most: int = 200_000) -> str:
    r"""The first `most` characters without their empty lines: what detection looks at.

    A pattern that begins with blank space tries every line of a file that holds nothing else, each time to its end.

    >>> beginning("a:\n\n  \n  b: 1\n\n")
    'a:\n  b: 1'
    """
    return "\n".join(line for line in text[:most].splitlines() if line.strip())


def no_siblings(relative: str) -> str | None:
    """A `ReadSibling` for a text that stands alone."""
    return None


@dataclass(frozen=True, slots=True)
class Importer:
    """One format that systems are read from.

    `name` is what `--format` takes, `title` what a person reads, `prose` says what is read, with which confidence, and what
    the format cannot say. `detect(name, text)` looks at the content first and must be cheap; it never raises.
    `read(text, name, read_sibling)` gives items with their lines, and raises `InputError` (all problems at once) on text
    that is not of the format; what is merely possible becomes a question, never an edge. `read_together(files, read_sibling)`,
    where a format has it, reads several files (name, text) that describe one system only together.
    """

    name: str
    title: str
    prose: str
    detect: Callable[[str, str], bool]
    read: Callable[[str, str, ReadSibling], Draft]
    read_together: Callable[[Sequence[tuple[str, str]], ReadSibling], Draft] | None = None
    joins: str | None = None
    """Format that files of this one are read together with, where both are given: it knows what the names in them mean."""
    settings: bool = False
    """Says how one layer bounds calls: it is kept in mind while others are imported, for attempts of two layers multiply."""
    drawn: bool = False
    """What somebody drew or wrote into a catalogue, beside what is configured and runs; alone it makes coverage low."""
