"""How numba and the kernels are loaded: without what only takes time."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def at_rest(loads: bool = True) -> Iterator[None]:
    """While something `loads`, Python's garbage collector rests.

    Compiling makes millions of objects, of which most stay: to go through all of them again and again took a tenth of the time.

    >>> with at_rest():
    ...     gc.isenabled()
    False
    """
    collects = gc.isenabled() and loads
    if collects:
        gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def load_kernels() -> None:
    """Load numba, and what it makes kernels of. They are compiled, or read from disk, as they are first called."""
    with at_rest("numba" not in sys.modules):
        import auditkit.simulation.kernel
        import auditkit.simulation.kernel_arrivals  # noqa: F401


def is_loaded(kernel: Any) -> bool:
    """Whether a kernel's machine code is there: compiled, or read from disk."""
    return bool(kernel.signatures)
