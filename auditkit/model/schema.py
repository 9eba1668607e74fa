"""JSON Schemas of the files of an audit, from the nouns: what an editor offers and marks is what the gate accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from auditkit.model.audit import AuditFacts, DecisionFile, Strategy
from auditkit.model.noun import Noun
from auditkit.model.system import System

FILES: Final[Mapping[str, tuple[type[Noun], str]]] = {
    "system.schema.json": (System, "auditkit: the audited system (system.yaml)"),
    "audit.schema.json": (AuditFacts, "auditkit: scope, people and assumptions of an audit (audit.yaml)"),
    "decisions.schema.json": (DecisionFile, "auditkit: what people decided, and why (decisions.yaml)"),
    "strategy.schema.json": (Strategy, "auditkit: the strategy that an audit ends in (strategy.yaml)"),
}
"""Every file that has a schema: the schema's own name, the noun in the file, and a title."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ONE_OR_MANY: Final = (("Dependency", "to"), ("Journey", "completes"), ("Fallback", "alternatives"))
"""Lists that may be written as a single text."""


def json_schemas() -> dict[str, str]:
    """JSON Schema (draft 2020-12) of each file, as text, by the schema's file name.

    >>> sorted(json_schemas())
    ['audit.schema.json', 'decisions.schema.json', 'strategy.schema.json', 'system.schema.json']
    """
    return {
        name: json.dumps(json_schema(noun, name, title), indent=2, ensure_ascii=False) + "\n"
        for name, (noun, title) in FILES.items()
    }


def json_schema(noun: type[Noun], name: str, title: str) -> dict[str, Any]:
    """The schema of a file that holds one noun. Where a key may be missing, `unknown` may stand as well."""
    found = noun.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, dict[str, Any]] = found.get("$defs", {})
    for owner, schema in ((noun.__name__, found), *definitions.items()):
        for key, held in schema.get("properties", {}).items():
            schema["properties"][key] = _as_in_files(owner, key, held)
    return {"$schema": _DIALECT, "$id": name, **found, "title": title}


def _as_in_files(owner: str, key: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema = {name: value for name, value in schema.items() if name != "title"}  # pydantic's titles only repeat the key
    if schema.get("type") == "array" and "minLength" in schema:
        schema["minItems"] = schema.pop("minLength")
    if (owner, key) == ("Fallback", "alternatives"):
        schema["items"] = {"anyOf": [{"type": "string"}, schema["items"]]}
    if (owner, key) in _ONE_OR_MANY:
        default = {"default": schema.pop("default")} if "default" in schema else {}
        schema = {"anyOf": [{"type": "string"}, schema], **default}
    free_text = schema.get("type") == "string" and "enum" not in schema
    if "default" not in schema or free_text:
        return schema
    default = {"default": schema.pop("default")}
    choices = schema.pop("anyOf", None) or [schema]
    unknown = {"const": "unknown", "description": "nobody has told yet; the same as a missing key"}
    return {"anyOf": [*choices, unknown], **(default if default["default"] is not None else {})}
