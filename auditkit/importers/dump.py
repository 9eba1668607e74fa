"""Nouns -> the YAML of their files: new files in our style, existing ones changed only where they say something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from auditkit.errors import InputError
from auditkit.importers.native import draft_of
from auditkit.importers.validate import validate
from auditkit.importers.yaml_edit import edited, identities
from auditkit.importers.yaml_text import Node, parse
from auditkit.importers.yaml_write import block
from auditkit.model.audit import AuditFacts, Strategy
from auditkit.model.noun import FROM_FILE, Noun
from auditkit.model.system import System

_NAME: Final = "the previous text"
SCHEMAS: Final[Mapping[str, str]] = {
    System.__name__: "system.schema.json",
    AuditFacts.__name__: "audit.schema.json",
    Strategy.__name__: "strategy.schema.json",
    "DecisionFile": "decisions.schema.json",
}
"""Which JSON Schema the first line of a new file names for editors, by the noun it holds."""


def dump_yaml(system: System, previous: str | None = None) -> str:
    """The native file of a system: durations, shares and rates as text with a unit, keys in the order of the nouns.

    With `previous` (what the file holds today, valid) only what differs in meaning is changed: comments, order, quotes and
    spelling (`0.5s` for `500ms`) of the rest survive, and so does an `unknown` that somebody wrote. Reading the result gives
    `system` again; components, dependencies, causes and journeys keep the order they have in the file.

    >>> from auditkit.model.system import Component
    >>> print(dump_yaml(System(system="shop", components=(Component(id="api"),))), end="")
    # yaml-language-server: $schema=schemas/system.schema.json
    auditkit: 1
    system: shop
    components:
      - id: api
    """
    return update_yaml(previous, system)


def update_yaml(previous: str | None, data: Noun | Mapping[str, Any]) -> str:
    """The YAML of any noun that has a file of its own, or of raw data; with `previous` changed only where it differs.

    Raises `InputError` where `previous` is no YAML mapping.
    """
    node = parse(previous, _NAME) if previous and _says_something(previous) else None
    if not isinstance(data, Noun):
        return edited(previous, node, data) if previous and node else block(data) + "\n"
    if previous is None or node is None or not isinstance(node.value, dict):
        schema = SCHEMAS.get(type(data).__name__)
        first = f"# yaml-language-server: $schema=schemas/{schema}\n" if schema else ""
        kept = previous.rstrip("\n") + "\n" if previous else first
        return kept + (block(plain(data)) or "{}") + "\n"
    before = _held(node, type(data))
    return edited(previous, node, plain(data) if before is None else _respelled(node.value, before, data))


def plain(noun: Noun) -> dict[str, Any]:
    """A noun in the keys and texts of its file; what is unknown, or as by default, is left out (but never the format version).

    >>> from auditkit.model.system import Bulkhead, Policy
    >>> plain(Policy(timeout_s=0.2, bulkhead=Bulkhead(max_concurrent=10, max_wait_s=0)))
    {'timeout': '200ms', 'bulkhead': {'max_concurrent': 10, 'max_wait': '0s'}}
    """
    found = noun.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    version = getattr(noun, "auditkit", None)
    return found if version is None else {"auditkit": version, **found}


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.removeprefix("\ufeff").splitlines())


def _held(node: Node, kind: type[Noun]) -> Noun | None:
    """What the previous text means; None where it does not pass, so that nothing of its spelling can be relied on."""
    try:
        return validate(draft_of(node, _NAME)) if kind is System else kind.model_validate(node.value, context=FROM_FILE)
    except (InputError, ValidationError):
        pass  # references may dangle; the entries themselves may still be readable
    try:
        return kind.model_validate(node.value, context=FROM_FILE)
    except ValidationError:
        return None


def _respelled(raw: Mapping[str, Any], old: Noun, new: Noun) -> dict[str, Any]:
    """`new` in raw form, in the words of `raw` wherever it means what `old` meant."""
    found: dict[str, Any] = {}
    fresh = new.model_dump(mode="json", by_alias=True, exclude_none=True)
    for name, field in type(new).model_fields.items():
        key = field.alias or name
        before, after = getattr(old, name), getattr(new, name)
        if before == after and type(before) is type(after):
            if key in raw:
                found[key] = raw[key]
        elif (
            isinstance(before, Noun)
            and isinstance(after, Noun)
            and type(before) is type(after)
            and isinstance(raw.get(key), dict)
        ):
            found[key] = _respelled(raw[key], before, after)
        elif isinstance(before, tuple) and isinstance(after, tuple) and isinstance(raw.get(key), list):
            found[key] = _respelled_entries(raw[key], before, after)
        elif isinstance(after, Noun):
            found[key] = plain(after)
        elif isinstance(after, tuple) and after and isinstance(after[0], Noun):
            found[key] = [plain(entry) for entry in after]
        elif key in fresh and not _is_default(after, field.get_default(call_default_factory=True)):
            found[key] = fresh[key]
    if "auditkit" in fresh and "auditkit" in raw:
        found["auditkit"] = raw["auditkit"]
    return found


def _respelled_entries(raw: list[Any], before: tuple[Any, ...], after: tuple[Any, ...]) -> list[Any]:
    """Entries of a list: those that were there before in their own words."""
    if len(raw) != len(before):
        return [_plain_entry(entry) for entry in after]
    named = [plain(entry) if isinstance(entry, Noun) else entry for entry in (*before, *after)]
    names = identities(named[: len(before)]), identities(named[len(before) :])
    found: list[Any] = []
    where = {name: index for index, name in enumerate(names[0] or ())}
    for index, entry in enumerate(after):
        same = where.get(names[1][index]) if names[0] and names[1] else before.index(entry) if entry in before else None
        if same is None:
            found.append(_plain_entry(entry))
        elif isinstance(entry, Noun) and isinstance(raw[same], dict):
            found.append(_respelled(raw[same], before[same], entry))
        else:
            found.append(raw[same] if before[same] == entry else _plain_entry(entry))
    return found


def _plain_entry(entry: Any) -> Any:
    return plain(entry) if isinstance(entry, Noun) else entry


def _is_default(value: Any, default: Any) -> bool:
    return default is not PydanticUndefined and bool(value == default)
