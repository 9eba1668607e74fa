"""Excel workbooks: every sheet is a text of its own, whose lines are the rows of the sheet."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from auditkit.errors import InputError
from auditkit.importers.workbook import is_workbook, sheets
from auditkit.project import folder as held
from auditkit.project.importing import import_files


def book(**rows: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, cells in rows.items():
        sheet = made.create_sheet(title)
        for row in cells:
            sheet.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


SHOP = book(
    Calls=[["from", "to", "stage", "idempotent"], [], ["web", "orders, old", 1, True], ["web", "db", 2.0, None]],
    Components=[["id", "kind", "instances"], ["db", "database", 2]],
    Notes=[["Ask Ann about these"]],
)


def test_rows_are_lines_and_cells_are_what_a_person_sees() -> None:
    """Blank rows keep their place, numbers have no needless .0, commas are quoted."""
    made = dict(sheets(SHOP, "shop.xlsx"))
    assert list(made) == ["shop.xlsx/Calls.csv", "shop.xlsx/Components.csv", "shop.xlsx/Notes.csv"]
    assert made["shop.xlsx/Calls.csv"].splitlines()[2:] == ['web,"orders, old",1,true', "web,db,2"]


def test_a_workbook_is_imported_sheet_by_sheet(tmp_path: Path) -> None:
    """The notes are passed over; evidence names sheet and row; the copies that are kept are text."""
    path = tmp_path / "shop.xlsx"
    components: list[list[object]] = [["id", "kind", "instances"], ["db", "database", 2]]
    path.write_bytes(book(Calls=[["from", "to"], ["web", "db"]], Components=components, Notes=[["x"]]))
    import_files([path], tmp_path / "audit")
    system = held.system(tmp_path / "audit")
    assert (system.component("db").kind, system.component("db").instances) == ("database", 2)
    assert [(e.source, e.locator) for e in system.dependencies[0].evidence] == [("shop.xlsx/Calls.csv", "line 2")]
    assert (tmp_path / "audit/sources/shop.xlsx/Calls.csv").read_text(encoding="utf-8") == "from,to\nweb,db\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0rest", "b.xls  is an old or encrypted Excel file"),
        (b"PK\x03\x04 xl/ and no more", "b.xls  is no workbook that can be read: File is not a zip file"),
        (book(Empty=[]), "b.xls  holds no cell with anything in it"),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, said: str) -> None:
    """With what to save it as."""
    assert is_workbook(content)
    with pytest.raises(InputError, match=r"b\.xls") as caught:
        sheets(content, "b.xls")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("part", "text", "said"),
    [
        ("xl/styles.xml", "<a>" + "<font/>" * 3_000_001, "holds some 3,000,... tags"),
        ("xl/worksheets/sheet1.xml", "<a>" + " " * 100_000_001, "unpacks to 100 MB"),
        (
            "xl/worksheets/sheet1.xml",
            '<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>',
            "no workbook",
        ),
    ],
    ids=["tags", "blanks", "entities"],
)
def test_a_small_workbook_that_unpacks_to_much_is_refused(part: str, text: str, said: str) -> None:
    """Half a megabyte of it once took five gigabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHOP)) as shop, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name in shop.namelist():
            made.writestr(name, text if name == part else shop.read(name))
    with pytest.raises(InputError, match=said):
        sheets(packed.getvalue(), "b.xlsx")


@pytest.mark.filterwarnings("ignore")  # openpyxl and zipfile warn of what they mend
def test_damaged_workbooks_are_told_in_one_line() -> None:
    """150 files with bytes changed, put in or cut off."""
    draw = random.Random(1)
    told: list[str] = []
    for _ in range(150):
        content = bytearray(SHOP)
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(content))
            content[at : at + draw.randrange(3)] = bytes([draw.randrange(256)] * draw.randrange(3))
        try:
            sheets(bytes(content[: draw.choice((len(content), draw.randrange(len(content) + 1)))]), "b.xlsx")
        except InputError as error:
            told.append(str(error))
    assert told
    assert not any("\n" in problem for problem in told)
