"""SVG -> PNG, by Typst, for formats that cannot hold SVG."""

from __future__ import annotations

import datetime as dt

from auditkit.document.svg import for_typst

_PAGE = b"""#set page(width: auto, height: auto, margin: 0pt)
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))
#image(bytes(sys.inputs.svg), format: "svg")
"""


def png(svg: str, ppi: float = 192) -> bytes:
    """A picture as PNG, on Typst's own fonts, so that every machine gives the same bytes."""
    import typst

    made = typst.compile(
        _PAGE,
        format="png",
        ppi=ppi,
        ignore_system_fonts=True,
        sys_inputs={"svg": for_typst(svg)},
        timestamp=dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    )
    return bytes(made[0] if isinstance(made, list) else made)
