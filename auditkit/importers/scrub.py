"""The last thing before an import is believed: no name, no evidence and no message of it holds a credential by its form.

Values under the names of credentials are never looked at by an importer. This is for credentials that stand where nobody
expects them: in the name of a span, of a service, of a component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from auditkit.credentials import without_credentials, without_in_problems, without_quoted, without_settings
from auditkit.model.draft import Draft, Item
from auditkit.model.system import Question

T = TypeVar("T")


def scrub(draft: Draft) -> Draft:
    """The draft without credentials in any of its texts.

    >>> scrub(Draft(source="x", system="amqp://u:hunter2@mq")).system
    'amqp://u:REDACTED@mq'
    """
    return replace(
        draft,
        system=without_credentials(draft.system) if draft.system else draft.system,
        components=_items(draft.components),
        dependencies=_items(draft.dependencies),
        common_causes=_items(draft.common_causes),
        journeys=_items(draft.journeys),
        for_every_caller=_items(draft.for_every_caller),
        questions=tuple(map(_question, draft.questions)),
        cannot_say=tuple(map(without_credentials, draft.cannot_say)),
        problems=without_in_problems(draft.problems),
    )


def _items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(replace(item, data=_clean(item.data)) for item in items)


def _question(question: Question) -> Question:
    said = question.model_dump()
    cleaned = _clean(said)
    return question if cleaned == said else Question.model_validate(cleaned)


@lru_cache(maxsize=50_000)
def _quoted(text: str) -> str:
    """A locator, which may quote a label of a diagram."""
    return without_settings(without_credentials(text), "=:")


def _clean(value: T) -> T:
    """A raw value with all its texts cleaned, keys included."""
    if isinstance(value, str):
        return without_quoted(value)  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {  # type: ignore[return-value]
            _clean(key): _quoted(below) if key == "locator" and isinstance(below, str) else _clean(below)
            for key, below in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_clean(below) for below in value)
    return value
