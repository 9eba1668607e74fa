"""The document as DOCX, with real heading styles, linked grounds, tables whose head repeats, and equal bytes for equal inputs.

A user's own template (a .docx) is honoured: its styles, page size, header and footer stay, its text is replaced.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from auditkit.document.blocks import Block, Bullets, Heading, Listing, Paragraph, Picture, Rich, Row, Run, Table
from auditkit.document.columns import widths
from auditkit.document.context import Context
from auditkit.document.looks import PLAIN, TONES
from auditkit.document.rasters import png
from auditkit.errors import InputError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph as WordParagraph

_NOTICES: Final = {"missing": "FFF8E3", "warning": "FDECE3"}
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_SUMMARY: Final = 0.88
"""Size of the letters of the summary, so that it is one page also with a wider font than ours."""
_MARGIN: Final = 60
"""Left and right in a cell, in twentieths of a point."""
_BOOKMARK: Final = 40
"""Word allows so many characters in the name of a bookmark."""


def docx(doc: Context, template: bytes | None = None) -> bytes:
    """The document as DOCX. `template`: a .docx whose styles and page are used instead of our own.

    Raises `InputError` where it is none.
    """
    from docx import Document

    word = Document() if template is None else _opened(template)
    if template is not None:
        _empty(word)
    else:
        _page(word)
        _footer(word, f"{doc.title[:80]} – auditkit {doc.version}")
    _properties(word, doc)
    word.add_heading(doc.title, level=0)
    word.add_paragraph(doc.subtitle)
    if doc.author:
        word.add_paragraph(f"Owner of the audit: {doc.author}")
    for section in doc.sections:
        heading = word.add_heading(f"{section.number} {section.title}", level=1)
        heading.paragraph_format.page_break_before = True if section.number == 2 else None  # the summary is a page of its own
        _bookmark(heading, section.anchor)
        for block in section.blocks:
            _write(word, block, _SUMMARY if section.number == 1 and template is None else 1.0)
    out = io.BytesIO()
    word.save(out)
    return _same_bytes(out.getvalue())


def _opened(template: bytes) -> Document:
    from docx import Document

    try:
        return Document(io.BytesIO(template))
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise InputError.of(
            "template.docx", "is no Word document", "save it as .docx in a word processor, or move it away"
        ) from error


def _empty(word: Document) -> None:
    """Takes the text out of a template; page, styles, header and footer stay."""
    body = word.element.body
    for child in list(body):
        if not child.tag.endswith("}sectPr"):
            body.remove(child)


def _page(word: Document) -> None:
    from docx.shared import Mm, Pt

    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(16)
    section.top_margin = section.bottom_margin = Mm(18)
    word.styles["Normal"].font.name = "Calibri"
    word.styles["Normal"].font.size = Pt(9.5)
    word.styles["Normal"].paragraph_format.space_after = Pt(3)
    word.styles["Normal"].paragraph_format.line_spacing = 1.0
    for level in (1, 2):
        word.styles[f"Heading {level}"].paragraph_format.space_before = Pt(18 / level)
        word.styles[f"Heading {level}"].paragraph_format.space_after = Pt(4)


def _footer(word: Document, words: str) -> None:
    """What this is, and the number of the page."""
    from docx.shared import Pt

    paragraph = word.sections[0].footer.paragraphs[0]
    paragraph.add_run(f"{words} – page ").font.size = Pt(8)
    field = _element("w:fldSimple", {"w:instr": "PAGE"})
    number = paragraph.add_run("1")
    number.font.size = Pt(8)
    field.append(number._r)
    paragraph._p.append(field)


def _properties(word: Document, doc: Context) -> None:
    when = dt.datetime.fromisoformat(doc.date)
    core = word.core_properties
    core.title, core.author, core.subject = doc.title[:255], doc.author[:255], doc.subtitle
    core.created = core.modified = when
    core.last_modified_by, core.revision, core.language, core.comments = f"auditkit {doc.version}", 1, "en", ""


def _write(word: Document, block: Block, scale: float) -> None:
    """One block; `scale` makes its letters smaller than those of the page."""
    before = len(word.paragraphs) if scale != 1 else 0
    match block:
        case Heading():
            _bookmark(word.add_heading(block.text, level=2), block.anchor)
        case Paragraph():
            paragraph = word.add_paragraph()
            _runs(paragraph, block.text)
            if block.kind in _NOTICES:
                _shade(paragraph._p.get_or_add_pPr(), _NOTICES[block.kind])
        case Bullets():
            for item in block.items:
                _runs(word.add_paragraph(style=_style(word, "List Number" if block.ordered else "List Bullet")), item)
        case Table():
            _table(word, block, scale)
        case Picture():
            _picture(word, block)
        case Listing():
            for line in block.lines:
                _code(word.add_paragraph(), line)
    if scale != 1 and not isinstance(block, Heading):
        for paragraph in word.paragraphs[before:]:
            for run in paragraph.runs:
                run.font.size = int(scale * word.styles["Normal"].font.size)


def _table(word: Document, block: Table, scale: float) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Emu, Pt
    from docx.table import _Cell

    caption = word.add_paragraph()
    caption.add_run(block.caption).bold = True
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_after = Pt(3)
    made = word.add_table(rows=1 + len(block.rows), cols=len(block.head), style=_style(word, "Table Grid"))
    made.autofit = False
    _add_margins(made._tbl.tblPr)
    points = scale * (8.5 if len(block.head) <= 5 else 7.5 if len(block.head) <= 8 else 6.5)
    style = _cell_style(word, points)
    wide = [int(width) for width in widths(block, _usable(word), Pt(points), Pt(2 * _MARGIN / 20))]
    for column, width in zip(made._tbl.tblGrid.gridCol_lst, wide, strict=True):
        column.w = Emu(width)  # LibreOffice goes by the grid, Word by the cells
    head = Row(tuple((Run(title, "strong"),) for title in block.head))
    for number, (line, row) in enumerate(zip(made._tbl.tr_lst, (head, *block.rows), strict=True)):
        line.get_or_add_trPr().append(_element("w:cantSplit"))
        if number == 0:
            line.get_or_add_trPr().append(_element("w:tblHeader"))
        cells = tuple(_Cell(cell, made) for cell in line.tc_lst)  # made.rows[n].cells lays the whole table out again, each time
        _row(cells, row, style)
        for index, cell in enumerate(cells):
            cell.width = Emu(wide[index])
            if index in block.figures:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if number == 0:
                _shade(cell._tc.get_or_add_tcPr(), "F4F6F8")
    word.add_paragraph().paragraph_format.space_after = Pt(0)


def _add_margins(properties: BaseOxmlElement) -> None:
    """Narrow margins left and right in cells, so that words have the room; `tblLook` has to stand behind them."""
    margins = _element("w:tblCellMar")
    for side in ("w:left", "w:right"):
        margins.append(_element(side, {"w:w": str(_MARGIN), "w:type": "dxa"}))
    look = properties.find(_qualified("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)


def _cell_style(word: Document, points: float) -> str:
    """Id of the style of small print in tables; said once for all cells, since a table of a large system has thousands."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    name = f"Auditkit cell {points:g}"
    if name not in word.styles:
        made = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if _style(word, "Normal"):
            made.base_style = word.styles["Normal"]
        made.font.size, made.paragraph_format.space_after = Pt(points), Pt(1)
    return str(word.styles[name].style_id)


def _style(word: Document, name: str) -> str | None:
    """A style's name where the template has it."""
    return name if name in word.styles else None


def _usable(word: Document) -> int:
    """Width between the margins, in English Metric Units; that of A4 where a template does not say."""
    page = word.sections[0]
    return int(page.page_width or 7_560_000) - int(page.left_margin or 0) - int(page.right_margin or 0)


def _row(cells: tuple[_Cell, ...], row: Row, style: str) -> None:
    for index, (cell, runs) in enumerate(zip(cells, row.cells, strict=True)):
        paragraph = cell.paragraphs[0]
        paragraph._p.get_or_add_pPr().append(_element("w:pStyle", {"w:val": style}))
        _runs(paragraph, runs)
        if index == 0 and row.anchor:
            _bookmark(paragraph, row.anchor)


def _picture(word: Document, block: Picture) -> None:
    from docx.shared import Emu

    usable = _usable(word)
    width = float(re.search(r'width="([0-9.]+)"', block.svg)[1]) * 9525  # type: ignore[index]  # each of our pictures has one
    shape = word.add_picture(io.BytesIO(png(block.svg)), width=Emu(int(min(usable, width))))
    shape._inline.docPr.set("descr", block.alt)
    shape._inline.docPr.set("title", block.title)
    word.add_paragraph(block.title, style=_style(word, "Caption"))


def _runs(paragraph: WordParagraph, runs: Rich) -> None:
    for run in runs:
        holder = paragraph._p
        if run.to:
            holder = _element("w:hyperlink", {"w:anchor": _name(run.to), "w:history": "1"})
            paragraph._p.append(holder)
        _run(paragraph, holder, run)


def _run(paragraph: WordParagraph, holder: BaseOxmlElement, run: Run) -> None:
    from docx.shared import RGBColor

    made = paragraph.add_run(run.text)
    if holder is not paragraph._p:
        holder.append(made._r)
        made.font.color.rgb = RGBColor(0x00, 0x5F, 0x95)
    if run.style == "code":
        made.font.name = "Consolas"
    elif run.style == "strong":
        made.bold = True
    elif run.style == "muted":
        made.font.color.rgb = RGBColor(0x59, 0x59, 0x59)
    elif run.style in {"state", "severity"}:
        _shade(made._r.get_or_add_rPr(), TONES.get(run.tone, PLAIN).fill.lstrip("#").upper())


def _code(paragraph: WordParagraph, line: str) -> None:
    paragraph.add_run(line).font.name = "Consolas"


def _bookmark(paragraph: WordParagraph, anchor: str) -> None:
    """A place that links lead to."""
    number = str(zlib.crc32(anchor.encode()) & 0x7FFFFFFF)
    paragraph._p.insert(0, _element("w:bookmarkStart", {"w:id": number, "w:name": _name(anchor)}))
    properties = paragraph._p.find(_qualified("w:pPr"))
    if properties is not None:
        paragraph._p.remove(properties)
        paragraph._p.insert(0, properties)
    paragraph._p.append(_element("w:bookmarkEnd", {"w:id": number}))


def _name(anchor: str) -> str:
    """Name of a bookmark: letters, digits and `_`, at most 40 of them, unique."""
    plain = re.sub(r"\W", "_", f"a_{anchor}")
    return plain if len(plain) <= _BOOKMARK else f"{plain[:31]}_{hashlib.sha256(anchor.encode()).hexdigest()[:8]}"


def _shade(properties: BaseOxmlElement, fill: str) -> None:
    properties.append(_element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": fill}))


def _element(tag: str, attributes: dict[str, str] | None = None) -> BaseOxmlElement:
    from docx.oxml import OxmlElement

    made = OxmlElement(tag)
    for key, value in (attributes or {}).items():
        made.set(_qualified(key), value)
    return made


def _qualified(name: str) -> str:
    from docx.oxml.ns import qn

    return qn(name)


def _same_bytes(made: bytes) -> bytes:
    """The same archive without the moment of writing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename, _ZIP_DATE), old.read(entry), zipfile.ZIP_DEFLATED)
    return out.getvalue()
