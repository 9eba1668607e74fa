"""Which audit folder a notebook speaks with."""

from __future__ import annotations

import os
from pathlib import Path

from auditkit.project import Audit

VARIABLE = "AUDITKIT_AUDIT"
"""Environment variable that names the audit folder; `auditkit lab DIR` sets it."""

SAMPLE = "worked-example"


def open_audit(folder: Path | str | None = None, sample: str = SAMPLE) -> Audit:
    """The audit of `folder`; else the one that AUDITKIT_AUDIT names; else the one around the notebook; else `./my-audit`.

    `my-audit` is made from the shipped sample where it is not there yet, so that no cell is ever empty. A folder that was
    named and does not exist is made in the same way. Raises `InputError` where a folder holds something else.
    """
    named = folder or os.environ.get(VARIABLE)
    if named:
        place = Path(named)
    else:
        here = Path.cwd()
        around = next((place for place in (here, here.parent) if (place / "system.yaml").is_file()), None)
        place = around or here / "my-audit"
    empty = not place.exists() or (place.is_dir() and not any(place.iterdir()))
    return Audit.new(place, sample=sample) if empty else Audit.open(place)
