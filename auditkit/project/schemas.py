"""The JSON Schemas of the files of an audit, as one text."""

from __future__ import annotations

import json

from auditkit.model.schema import json_schemas


def schemas() -> str:
    """All schemas as one JSON object: file name -> schema."""
    return json.dumps({name: json.loads(text) for name, text in json_schemas().items()}, indent=2, ensure_ascii=False)
