"""What all panels share: a widget with its parts by name, and errors shown where they belong."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.errors import AuditkitError
from auditkit.notebook.appearance import INK, WARNING


@dataclass(frozen=True, slots=True)
class Panel:
    """Something to look at and to click, with its parts by name, so that a notebook or a test can reach them."""

    box: Any
    parts: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.parts[name]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.box._repr_mimebundle_(**kwargs)


def told(message: Any, act: Callable[[], str | None]) -> None:
    """Do something for a click; what it says, or why it was refused, is shown in `message` (an HTML widget).

    A kernel's callbacks have nowhere to raise to: without this an error would end in a log that nobody opens.
    """
    try:
        said = act()
    except AuditkitError as error:
        message.value = f'<div role="alert" style="color:{WARNING};white-space:pre-wrap">{html.escape(str(error))}</div>'
    else:
        message.value = "" if said is None else f'<div role="status" style="color:{INK}">{html.escape(said)}</div>'


def offer(choice: Any, options: Sequence[tuple[str, Any]]) -> None:
    """Give a choice new options: what was chosen stays chosen where it still can, else the first is."""
    before, values = choice.value, [value for _, value in options]
    choice.options = list(options)
    choice.value = before if before in values else values[0]
