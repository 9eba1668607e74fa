"""Names and comments as other formats can bear them."""

from __future__ import annotations

import hashlib
import re


def one_line(text: str, most: int = 200) -> str:
    r"""Text that is safe in a comment of one line: no control characters, no direction marks, cut where it is long.

    >>> one_line("a\nb\u202ec"), len(one_line("x" * 300))
    ('a b c', 200)
    """
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+", " ", text)
    plain = re.sub(r"\s+", " ", plain).strip()
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def identifier(text: str) -> str:
    """A name for programs: letters, digits and `_`, never a digit first; what had to change, or has capitals, gets a short hash.

    Names that differ in capitals only stay different where they are written small, or where a file system sees no difference.

    >>> identifier("orders"), identifier("orders-db")
    ('orders', 'orders_db_2adfdb')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "x"
    plain = f"_{plain}" if plain[0].isdigit() else plain
    if plain == text == text.lower() and len(plain) <= 60:
        return plain
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain[:53]}_{mark}"
