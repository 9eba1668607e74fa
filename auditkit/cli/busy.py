"""A line on the terminal that says what is being done, and for how long; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str], None]


@contextmanager
def busy(what: str) -> Iterator[Tell]:
    """Show that `what` is going on until the block ends; the function given says what comes next.

    >>> with busy("measuring") as tell:     # no terminal here, so nothing is shown
    ...     tell("planning")
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda text: shown.update(task, description=text)
