"""A few words of SVG: escaped, rounded, with a title and a description that speak for the picture."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from auditkit.document.blocks import visible
from auditkit.document.looks import INK

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


def figure(value: float) -> str:
    """A coordinate with at most two decimals.

    >>> figure(12.3456), figure(3.0)
    ('12.35', '3')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def element(name: str, /, content: str = "", **attributes: float | str | None) -> str:
    """One element; `content` is markup, attribute values are escaped, `_` in their names means `-`, None leaves one out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(figure(value) if isinstance(value, (int, float)) else visible(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def words_of(words: str) -> str:
    """Text as it stands between two tags."""
    return escape(visible(words))


def label(x: float, y: float, words: str, *, size: float = 13, anchor: str = "middle", fill: str = INK, weight: str = "") -> str:
    """Text at a place; `y` is its base line."""
    return element("text", words_of(words), x=x, y=y, font_size=size, text_anchor=anchor, fill=fill, font_weight=weight or None)


def for_typst(svg: str) -> str:
    """A picture for Typst, whose own fonts lack one of our symbols in pictures (they have it in text)."""
    return svg.replace("✕", "×")


def drawing(name: str, width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """A whole picture. `name` is unique in the document; readers that cannot see it hear title and description."""
    head = element("title", words_of(title), id=f"{name}-title") + element("desc", words_of(description), id=f"{name}-desc")
    return element(
        "svg",
        head + element("rect", x=0, y=0, width=width, height=height, fill="#ffffff") + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {figure(width)} {figure(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=FONT,
    )
