"""PDF and DOCX: reproducible, accessible, nothing cut off, hostile text as text."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest
from cli import auditkit, tree
from document_books import HOSTILE, hostile_book, shop_book
from PIL import Image
from simulated_books import simulated_book

from auditkit.document import document
from auditkit.document.analysis import analysed
from auditkit.document.blocks import Table
from auditkit.document.context import context
from auditkit.document.pdf import breakable, pages
from auditkit.document.rasters import png
from auditkit.document.word import docx


def written(book, name: str) -> bytes:
    (artifact,) = document(book, (name,))
    return artifact.content


@pytest.fixture(scope="module")
def shop_pdf() -> bytes:
    return written(shop_book(), "pdf")


@pytest.fixture(scope="module")
def hostile_docx() -> bytes:
    return written(hostile_book(), "docx")


def test_the_pdf_keeps_to_pdf_ua_and_pdf_a(shop_pdf):
    """Typst refuses what breaks PDF/UA-1 (titles, alternative texts, tags) or PDF/A-2a, so that it was made is the check."""
    assert shop_pdf.startswith(b"%PDF-1.7")
    for claim in (
        b"<pdfuaid:part>1</pdfuaid:part>",
        b"<pdfaid:part>2</pdfaid:part>",
        b"<pdfaid:conformance>A</pdfaid:conformance>",
    ):
        assert claim in shop_pdf
    assert len(shop_pdf) < 5_000_000


def test_a_picture_without_alternative_text_would_be_refused():
    """The planted fault: the same standard, an image that says nothing."""
    import typst

    source = b'#set document(title: "t")\n#image(bytes(sys.inputs.svg), format: "svg")'
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'
    with pytest.raises(typst.TypstError, match="missing alt text"):
        typst.compile(source, format="pdf", sys_inputs={"svg": svg}, pdf_standards=["ua-1"], ignore_system_fonts=True)


def test_equal_books_give_equal_pdf(shop_pdf):
    """Not one byte differs between two runs."""
    assert written(shop_book(), "pdf") == shop_pdf


def test_equal_books_give_equal_docx():
    """Not one byte differs between two runs."""
    assert written(shop_book(), "docx") == written(shop_book(), "docx")


@pytest.mark.parametrize("book", [shop_book(), hostile_book()], ids=["shop", "hostile"])
def test_no_text_leaves_its_page(book):
    """Every page is rendered; the outer 12 mm stay empty on the left and on the right, so nothing runs over an edge."""
    for number, page in enumerate(pages(context(analysed(book)), ppi=50), start=1):
        picture = Image.open(io.BytesIO(page)).convert("L")
        width, height = picture.size
        edge = round(width * 12 / 210)
        for left in (0, width - edge):
            darkest = picture.crop((left, 0, left + edge, height)).getextrema()[0]
            assert darkest > 200, f"page {number}: something stands {'right' if left else 'left'} of the margin"


def test_long_names_can_be_broken():
    """300 letters without a gap would be wider than any table."""
    longest = max(len(part) for part in breakable("a" * 300).split("\u200b"))
    assert longest == 10
    assert breakable("api:home -> recommendation") == "api:home -> recommendation".replace(
        "recommendation", "recommenda\u200btion"
    )


def test_hostile_text_is_text_in_the_pdf(tmp_path):
    """Letters that Typst's fonts lack do not stop the document; what was written is what is read."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("no pdftotext here (Debian: poppler-utils); the page test above holds")
    (tmp_path / "s.pdf").write_bytes(written(hostile_book(), "pdf"))
    subprocess.run([program, "-raw", tmp_path / "s.pdf", tmp_path / "s.txt"], check=True)
    text = (tmp_path / "s.txt").read_text().replace("\u200b", "").replace("\n", "")
    for words in ("<script>alert(1)</script>", "{{7*7}}", "#evil", "$(rm)", "⟨U+202E⟩evil"):
        assert words in text.replace(" ", "")


def test_headings_of_the_docx_are_real_headings():
    """Seventeen of level 1, so that Word's navigation and contents work; heads of tables repeat."""
    from docx import Document

    word = Document(io.BytesIO(written(shop_book(), "docx")))
    assert sum(p.style.name == "Heading 1" for p in word.paragraphs) == 17
    assert all(table.rows[0]._tr.trPr.xpath("./w:tblHeader") for table in word.tables)
    pictures = [shape._inline.docPr.get("descr") for shape in word.inline_shapes]
    assert pictures
    assert all(pictures)
    anchors = set(word.element.body.xpath("//w:bookmarkStart/@w:name"))
    assert set(word.element.body.xpath("//w:hyperlink/@w:anchor")) <= anchors


def test_hostile_text_is_text_in_the_docx(hostile_docx):
    """The archive opens, and the words stand there as they were written, direction marks spelled out."""
    from docx import Document

    word = Document(io.BytesIO(hostile_docx))
    text = "\n".join(cell.text for table in word.tables for row in table.rows for cell in row.cells)
    assert "<script>alert(1)</script> {{ 7*7 }}" in text
    assert "⟨U+202E⟩evil" in text
    assert "\u202e" in HOSTILE


def test_a_template_of_ones_own_is_honoured():
    """Its page size, its styles and its header stay; its text goes."""
    from docx import Document
    from docx.shared import Mm

    own = Document()
    own.sections[0].page_width = Mm(216)
    own.sections[0].header.paragraphs[0].text = "Confidential"
    own.styles["Heading 1"].font.name = "Comic Neue"
    own.add_paragraph("Lorem ipsum")
    blank = io.BytesIO()
    own.save(blank)
    word = Document(io.BytesIO(docx(context(shop_book()), blank.getvalue())))
    assert abs(word.sections[0].page_width - Mm(216)) < Mm(1)
    assert word.sections[0].header.paragraphs[0].text == "Confidential"
    assert word.styles["Heading 1"].font.name == "Comic Neue"
    assert not any("Lorem ipsum" in p.text for p in word.paragraphs)


def test_a_template_without_our_styles_still_works():
    """A template may lack list and caption styles; the document is written in what it has."""
    from docx import Document

    own = Document()
    for name in ("List Bullet", "List Number", "Caption", "Table Grid"):
        own.styles[name].delete()
    blank = io.BytesIO()
    own.save(blank)
    assert zipfile.ZipFile(io.BytesIO(docx(context(shop_book()), blank.getvalue()))).testzip() is None


def test_the_docx_opens_in_libreoffice(tmp_path, hostile_docx):
    """Opened and converted by another program than the one that wrote it."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("no LibreOffice here (Debian: libreoffice-writer-nogui); python-docx opens the file in the tests above")
    (tmp_path / "strategy.docx").write_bytes(hostile_docx)
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    done = subprocess.run(
        [program, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "strategy.docx")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (tmp_path / "strategy.pdf").stat().st_size > 10_000, done.stderr


def test_no_heading_of_a_column_is_broken_in_libreoffice(tmp_path):
    """Whatever font stands in for ours: each word in the head of a table stands whole, and the summary is one page."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None or shutil.which("pdftotext") is None:
        pytest.skip("no LibreOffice or no pdftotext here (Debian: libreoffice-writer-nogui, poppler-utils)")
    (tmp_path / "strategy.docx").write_bytes(written(simulated_book(), "docx"))
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    convert = [program, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "strategy.docx")]
    subprocess.run(convert, capture_output=True, timeout=300, check=True)
    ran = subprocess.run(["pdftotext", str(tmp_path / "strategy.pdf"), "-"], capture_output=True, text=True, check=True)
    assert "2 Scope, owners" in ran.stdout.split("\f")[1]
    seen = set(ran.stdout.split())
    sections = context(analysed(simulated_book())).sections
    heads = {
        word for s in sections for block in s.blocks if isinstance(block, Table) for title in block.head for word in title.split()
    }
    assert heads - seen == set()


def test_a_template_beside_the_audit_is_used_and_a_broken_one_said(tmp_path):
    """`template.docx` lends its page and styles; one that is no Word file stops the export in one line."""
    from docx import Document
    from docx.shared import Mm

    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "system.yaml").write_text("auditkit: 1\nsystem: shop\ncomponents: [{id: api}]\n", encoding="utf-8")
    own = Document()
    own.sections[0].page_width = Mm(216)
    own.save(str(shop / "template.docx"))
    assert auditkit("export", shop, "--to", "docx").code == 0
    word = Document(str(shop / "out" / "strategy.docx"))
    assert abs(word.sections[0].page_width - Mm(216)) < Mm(1)
    before = tree(shop)
    for broken in (b"", b"no archive", zip_of(**{"a.txt": b"x"}), zip_of(**{"[Content_Types].xml": b"<", "_rels/.rels": b"<"})):
        (shop / "template.docx").write_bytes(broken)
        ran = auditkit("export", shop, "--to", "docx,md")
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
        assert "template.docx" in ran.err
    (shop / "template.docx").write_bytes(before["template.docx"])
    assert tree(shop) == before


def zip_of(**files):
    """An archive of a few files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_pictures_for_word_are_the_same_every_time():
    """PNG without a moment of writing in it."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#0072b2"/></svg>'
    first = png(svg)
    assert first == png(svg)
    assert Image.open(io.BytesIO(first)).size == (80, 40)


def test_tables_say_what_they_are_in_the_order_that_word_demands():
    """The schema of table properties is a sequence; Word calls a file damaged where it is another one."""
    from docx import Document

    order = ("tblStyle", "tblW", "jc", "tblLayout", "tblCellMar", "tblLook")
    for table in Document(io.BytesIO(written(shop_book(), "docx"))).tables:
        names = [child.tag.rpartition("}")[2] for child in table._tbl.tblPr]
        assert "tblCellMar" in names
        assert names == sorted(names, key=order.index)


def test_columns_have_their_widths_in_every_word_processor():
    """Word reads a column's width from its cells, LibreOffice from the table's grid; both are told, and fill the page."""
    from docx import Document

    made = Document(io.BytesIO(written(shop_book(), "docx")))
    section = made.sections[0]
    usable = section.page_width - section.left_margin - section.right_margin
    for table in made.tables:
        grid = [column.w for column in table._tbl.tblGrid.gridCol_lst]
        assert grid == [cell.width for cell in table.rows[0].cells]
        assert abs(sum(grid) - usable) < 127 * 127 * len(grid)
