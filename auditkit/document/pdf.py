"""The document as PDF, by Typst: tagged, PDF/UA-1 and PDF/A-2a, byte-identical for equal inputs.

All text goes to Typst as data (JSON), never as markup. Only Typst's own fonts are used, so that every machine gives the same
bytes; where a text needs letters that they lack, the machine's fonts are asked, and what nobody has is spelled out.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, Final

from auditkit.document.blocks import Block, Bullets, Heading, Listing, Paragraph, Picture, Rich, Run, Table
from auditkit.document.context import Context
from auditkit.document.looks import PLAIN, TONES
from auditkit.document.render import template
from auditkit.document.svg import for_typst
from auditkit.errors import AuditkitError

STANDARDS: Final = ("ua-1", "a-2a")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_KNOWN: Final = re.compile(
    "[^\n\u0020-\u007e\u00a0-\u017f\u0370-\u03ff\u0400-\u045f\u200b\u2010-\u2026\u2032\u20ac\u2190-\u2193\u2212"
    "\u21c4\u221e\u2260\u2264\u2265\u00d7\u25a0\u25b2\u25cb\u25cf\u25d0\u25f7\u2713\u2715\u27e8\u27e9]"
)
"""Whatever the fonts inside Typst may lack."""


def pdf(doc: Context) -> bytes:
    """The document as PDF. Raises `AuditkitError` where Typst refuses it, with its reason."""
    data = json.dumps(_data(doc), ensure_ascii=False)
    if _KNOWN.search(data) is None:
        return _compiled(data, own_fonts=True)
    import typst

    try:
        return _compiled(data, own_fonts=False)
    except typst.TypstError:
        return _compiled(_KNOWN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", data), own_fonts=True)


def _compiled(data: str, *, own_fonts: bool) -> bytes:
    import typst

    try:
        made = typst.compile(
            template("strategy.typ").encode(),
            format="pdf",
            ignore_system_fonts=own_fonts,
            sys_inputs={"doc": data},
            pdf_standards=list(STANDARDS),
            timestamp=_EPOCH,
        )
    except typst.TypstError as error:
        if not own_fonts:
            raise
        raise AuditkitError(f"Typst refuses the document: {error}") from error
    return bytes(made)


def pages(doc: Context, ppi: float = 72) -> list[bytes]:
    """The pages of the PDF as PNG pictures, to be looked at."""
    import typst

    data = _KNOWN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", json.dumps(_data(doc), ensure_ascii=False))
    made = typst.compile(
        template("strategy.typ").encode(),
        format="png",
        ppi=ppi,
        ignore_system_fonts=True,
        sys_inputs={"doc": data},
        timestamp=_EPOCH,
    )
    return [bytes(page) for page in made] if isinstance(made, list) else [bytes(made)]


def _data(doc: Context) -> dict[str, Any]:
    return {
        "title": doc.title,
        "subtitle": doc.subtitle,
        "date": [int(part) for part in doc.date.split("-")],
        "author": doc.author,
        "shown_title": breakable(doc.title),
        "shown_author": breakable(doc.author),
        "footer": f"{breakable(doc.title[:80])} – auditkit {doc.version}",
        "sections": [
            {"number": s.number, "anchor": s.anchor, "title": s.title, "blocks": [_block(block) for block in s.blocks]}
            for s in doc.sections
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"type": "heading", "text": breakable(block.text), "anchor": block.anchor}
        case Paragraph():
            return {"type": "paragraph", "kind": block.kind, "text": _runs(block.text)}
        case Bullets():
            return {"type": "bullets", "ordered": block.ordered, "items": [_runs(item) for item in block.items]}
        case Table():
            return {
                "type": "table",
                "caption": breakable(block.caption),
                "head": list(block.head),
                "widths": list(block.widths),
                "figures": sorted(block.figures),
                "rows": [{"anchor": row.anchor, "cells": [_runs(cell) for cell in row.cells]} for row in block.rows],
            }
        case Picture():
            return {
                "type": "picture",
                "svg": for_typst(block.svg),
                "title": breakable(block.title),
                "alt": block.alt,
                "share": _share_of_page(block.svg),
            }
        case Listing():
            return {"type": "listing", "lines": list(block.lines), "language": block.language}


def _share_of_page(svg: str) -> float:
    """Which part of the page's width a picture needs: small ones are not blown up, tall ones fit on a page."""
    width, height = (float(found) for found in re.findall(r'(?:width|height)="([0-9.]+)"', svg)[:2])
    return round(min(1.0, width / 640, 0.9 * 1.4 * width / height), 3)


def _runs(runs: Rich) -> list[dict[str, str]]:
    return [_run(run) for run in runs]


def _run(run: Run) -> dict[str, str]:
    return {"text": breakable(run.text), "style": run.style, "to": run.to, "fill": TONES.get(run.tone, PLAIN).fill}


def breakable(text: str) -> str:
    """Text with invisible places where a long name may be broken, so that no table is wider than its page.

    >>> breakable("short"), breakable("a-very-long-name-of-something").count(chr(0x200b))
    ('short', 5)
    """
    return re.sub(r"\S{13,}", lambda word: re.sub(r"([-_./:>|,;=]+|[^\s\-_./:>|,;=]{10})(?=.)", "\\1\u200b", word[0]), text)
