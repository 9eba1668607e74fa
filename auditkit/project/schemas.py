"""The JSON Schemas of the files of an audit: as one text, or as files."""

from __future__ import annotations

import json
from pathlib import Path

from auditkit.model.schema import json_schemas
from auditkit.project.files import write_all


def schemas() -> str:
    """All schemas as one JSON object: file name -> schema."""
    return json.dumps({name: json.loads(text) for name, text in json_schemas().items()}, indent=2, ensure_ascii=False)


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write each schema into `schemas/` of a folder, where the first lines of our files lead editors; return the paths.

    A new audit has them already; those of an older version are replaced.
    """
    contents = {f"schemas/{name}": text.encode() for name, text in json_schemas().items()}
    write_all(folder, contents, {})
    return tuple(folder / name for name in contents)
