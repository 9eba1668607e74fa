"""A little language for tests of the command line."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from auditkit.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def auditkit(*arguments: str | Path) -> Ran:
    """Run one command in this process, as a shell would."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    argv = ["auditkit", *map(str, arguments)]
    with patch.object(sys, "argv", argv), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return Ran(int(code or 0) if isinstance(code, (int, type(None))) else 1, out.getvalue(), err.getvalue())


def tree(folder: Path) -> Mapping[str, bytes]:
    """Every file of a folder, with its content."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
