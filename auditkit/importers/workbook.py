"""Excel workbooks -> one CSV text for each sheet, so that importers, which read text, need not know of workbooks."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any, Final

from auditkit.errors import InputError

MAX_UNPACKED: Final = 100_000_000
"""Largest workbook that is unpacked, in bytes."""
MAX_TAGS: Final = 3_000_000
"""How many tags all parts of a workbook may hold; openpyxl builds some of them at once, at 270 bytes each."""
MAX_CELLS: Final = 2_000_000
_SIGNATURE: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0"


def is_workbook(content: bytes) -> bool:
    """Whether some bytes are an Excel workbook (`.xlsx`, or the older `.xls`, which is refused in words)."""
    return content.startswith(_OLD) or (content.startswith(_SIGNATURE) and b"xl/" in content)


def sheets(content: bytes, name: str) -> tuple[tuple[str, str], ...]:
    """Name (`calls.xlsx/Sheet1.csv`) and text of every sheet that holds anything; line n of the text is row n of the sheet.

    Of a formula its last result is taken. Raises `InputError` on what is no workbook, is encrypted, or is too large.
    """
    if content.startswith(_OLD):
        raise InputError.of(name, "is an old or encrypted Excel file", "save it as .xlsx without a password, or as CSV")
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
            if size > MAX_UNPACKED:
                what = f"unpacks to {size / 1e6:.0f} MB; workbooks are read up to {MAX_UNPACKED // 10**6} MB"
                raise InputError.of(name, what, "save it as CSV")
            if size > MAX_TAGS and (tags := sum(packed.read(part).count(b"<") for part in packed.infolist())) > MAX_TAGS:
                what = f"holds some {tags:,} tags; workbooks are read up to {MAX_TAGS:,}"
                raise InputError.of(name, what, "save the part that lists calls as CSV")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        made = tuple((f"{name}/{_file(sheet.title)}.csv", _text(sheet, name)) for sheet in book.worksheets)
    except InputError:
        raise
    except Exception as error:  # openpyxl passes on whatever zipfile, the XML parser and its own descriptors raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError.of(name, f"is no workbook that can be read: {said}", "save it again as .xlsx, or as CSV") from error
    full = tuple((sheet, text) for sheet, text in made if text.strip())
    if not full:
        raise InputError.of(name, "holds no cell with anything in it", "check that this is the right file")
    return full


def _file(title: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "._- " else "-" for sign in title).strip(". ") or "sheet"


def _text(sheet: Any, name: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    cells = 0
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    for row in sheet.iter_rows(values_only=True):
        cells += len(row) + 1
        if cells > MAX_CELLS:
            raise InputError.of(name, f"has a sheet of more than {MAX_CELLS:,} cells", "save the part that lists calls as CSV")
        said = [_cell(value) for value in row]
        while said and not said[-1]:
            said.pop()
        writer.writerow(said or [""])
    return stream.getvalue()


def _cell(value: object) -> str:
    """A cell as a person sees it, in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split())
