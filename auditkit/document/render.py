"""Context -> text, by the templates that travel with the package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditkit.document.blocks import Block, Bullets, Heading, Listing, Paragraph, Picture, Table
from auditkit.document.context import Context
from auditkit.document.markdown import md, md_rich
from auditkit.document.shipped_files import shipped

if TYPE_CHECKING:
    from jinja2 import Environment

_TYPES: tuple[tuple[type, str], ...] = (
    (Heading, "heading"),
    (Paragraph, "paragraph"),
    (Bullets, "bullets"),
    (Table, "table"),
    (Picture, "picture"),
    (Listing, "listing"),
)


def template(name: str) -> str:
    """The text of one shipped template."""
    return shipped("templates").joinpath(name).read_text(encoding="utf-8")


def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FunctionLoader(template),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["md"] = md
    made.filters["md_rich"] = md_rich
    made.tests["block"] = is_block
    made.filters["percents"] = percents
    made.filters["pieces"] = pieces
    return made


def is_block(block: Block, name: str) -> bool:
    """Whether a block is of the type of that name; templates ask so."""
    return any(isinstance(block, kind) and name == known for kind, known in _TYPES)


def percents(widths: Iterable[float]) -> list[str]:
    """Relative widths as percentages of their sum.

    >>> percents((1, 3))
    ['25', '75']
    """
    all_widths = list(widths)
    return [f"{100 * width / sum(all_widths):.4g}" for width in all_widths]


def pieces(text: str) -> list[str]:
    """Text cut where a very long word may be broken: behind what stands between its parts, and else every 20 letters.

    >>> pieces("short"), pieces("a-name-of-something-very-long")
    (['short'], ['a-', 'name-', 'of-', 'something-', 'very-', 'long'])
    """
    return re.sub(_LONG, lambda word: _CUT.sub("\\1\0", word[0]), text).split("\0")


_LONG = re.compile(r"\S{20,}")
_CUT = re.compile(r"([-_./:>|,;=]+|[^\s\-_./:>|,;=]{20})(?=.)")


def fill(name: str, **values: object) -> str:
    """One template, filled."""
    return _environment().get_template(name).render(**values)


def html(doc: Context) -> str:
    """The document as one self-contained page."""
    return fill("strategy.html.j2", doc=doc, style=template("strategy.css"), script=template("strategy.js"))


def markdown(doc: Context) -> str:
    """The document as Markdown; pictures are files beside it."""
    return fill("strategy.md.j2", doc=doc)
