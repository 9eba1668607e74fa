"""What a document is made of, whatever it is written as: sections of paragraphs, tables, lists and pictures.

Every format writes these same values, so that Markdown, HTML, PDF and DOCX say the same. All text is shown as it is:
characters that are invisible or that turn the direction of writing are spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "code", "strong", "state", "severity", "muted"]

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Text in one line, with control characters and direction marks spelled out, so that nothing is hidden or turned round.

    >>> visible("a\u202eb\n c\x00"), visible("naïve 🦊")
    ('a⟨U+202E⟩b c⟨U+0000⟩', 'naïve 🦊')
    """
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", re.sub(r"[\s\u2028\u2029]+", " ", text))


@dataclass(frozen=True, slots=True)
class Run:
    """Some text of one style. `to` is the anchor inside the document that it links to; `tone` a state or a severity."""

    text: str
    style: Style = "plain"
    to: str = ""
    tone: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


Rich = tuple[Run, ...]
Part = str | Run | Rich | None


def rich(*parts: Part) -> Rich:
    """Text put together from pieces; nothing from `None` and from empty pieces.

    >>> rich("waits for ", code("db"), None) == (Run("waits for "), Run("db", "code"))
    True
    """
    found: list[Run] = []
    for part in parts:
        if isinstance(part, str):
            found.extend([Run(part)] if part else [])
        elif isinstance(part, Run):
            found.append(part)
        elif part is not None:
            found.extend(part)
    return tuple(found)


def code(text: str, to: str = "") -> Run:
    """A name or a setting."""
    return Run(text, "code", to)


def strong(text: str) -> Run:
    """Text to be seen first."""
    return Run(text, "strong")


def marked(words: str) -> Rich:
    """Our own sentences, in which names stand between backticks. Never for text from outside.

    >>> marked("state `owner`") == (Run("state "), Run("owner", "code"))
    True
    """
    return rich(*(code(part) if index % 2 else part for index, part in enumerate(words.split("`"))))


def muted(text: str) -> Run:
    """Text for those who look twice."""
    return Run(text, "muted")


def link(text: str, to: str) -> Run:
    """Text that leads to another place of the document."""
    return Run(text, "plain", to)


def joined(items: Iterable[Part], between: str = ", ") -> Rich:
    """Pieces with something between them."""
    found: list[Part] = []
    for item in items:
        found.extend([between, item] if found else [item])
    return rich(*found)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `kind` says whether it warns, or names missing evidence."""

    text: Rich
    kind: Literal["text", "lead", "missing", "warning"] = "text"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section, with its anchor."""

    text: str
    anchor: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Rich, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; other places link to `anchor`."""

    cells: tuple[Rich, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption. `figures` are the columns that hold numbers, by place; `widths` are relative."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    figures: frozenset[int] = frozenset()
    widths: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "caption", visible(self.caption))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as SVG, with its title, what it shows in words, and the name of its file."""

    name: str
    svg: str
    title: str
    alt: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", visible(self.title))
        object.__setattr__(self, "alt", visible(self.alt))


@dataclass(frozen=True, slots=True)
class Listing:
    """Settings or program text, kept line by line."""

    lines: tuple[str, ...]
    language: str = ""


Block = Paragraph | Heading | Bullets | Table | Picture | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """One of the numbered sections."""

    number: int
    anchor: str
    title: str
    blocks: tuple[Block, ...]


def text(*parts: Part) -> Paragraph:
    """A plain paragraph."""
    return Paragraph(rich(*parts))


def missing(*parts: Part) -> Paragraph:
    """A paragraph that says what could not be filled, and what would fill it."""
    return Paragraph(rich(*parts), "missing")


def warning(*parts: Part) -> Paragraph:
    """A paragraph that readers must not overlook."""
    return Paragraph(rich(*parts), "warning")


def bullets(items: Iterable[Part], ordered: bool = False) -> Bullets:
    """A list of texts."""
    return Bullets(tuple(rich(item) for item in items), ordered)


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Part] | Row],
    *,
    figures: Iterable[int] = (),
    widths: Sequence[float] = (),
) -> Table:
    """A table from rows of texts. Raises `ValueError` where a row has another number of cells than the head."""
    made = tuple(row if isinstance(row, Row) else Row(tuple(rich(cell) for cell in row)) for row in rows)
    for row in made:
        if len(row.cells) != len(head):
            raise ValueError(f"table {caption!r}: {len(row.cells)} cells under {len(head)} headings")
    return Table(caption, tuple(head), made, frozenset(figures), tuple(widths) or (1.0,) * len(head))
