"""Values -> YAML and JSON, the same bytes every time; what comes from strangers is quoted by the writer, never pasted."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from auditkit.exporters.text import one_line
from auditkit.importers.settings import WRITTEN_BY_US

HEAD = f"{WRITTEN_BY_US} from the strategy of this audit. Do not edit: change the strategy and export again."


def yaml_file(documents: Iterable[Any], comments: Iterable[str] = ()) -> bytes:
    """One YAML stream, with comments at its top."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = 4096
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel says None only
    out = io.StringIO()
    out.writelines(f"# {one_line(comment, 400)}\n" for comment in (HEAD, *comments))
    writer.dump_all(list(documents), out)
    return out.getvalue().encode()


def json_file(data: Any) -> bytes:
    """One JSON document, keys in the order given."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
