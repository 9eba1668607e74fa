"""auditkit: the resilience audit workbook.

The front door: `Audit` is a conversation with one audit folder; the functions work on a `System` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditkit.errors import AuditkitError, InputError
from auditkit.version import VERSION

if TYPE_CHECKING:
    from auditkit.engine import blast_radius, cut_sets, single_failures
    from auditkit.model.system import System
    from auditkit.notebook import open_audit
    from auditkit.project import Audit

__all__ = [
    "Audit",
    "AuditkitError",
    "InputError",
    "System",
    "__version__",
    "blast_radius",
    "cut_sets",
    "open_audit",
    "single_failures",
]

__version__ = VERSION

_PLACES = {
    "Audit": "auditkit.project",
    "System": "auditkit.model.system",
    "blast_radius": "auditkit.engine",
    "cut_sets": "auditkit.engine",
    "open_audit": "auditkit.notebook",
    "single_failures": "auditkit.engine",
}


def __getattr__(name: str) -> Any:
    # loaded on first use: a notebook that only draws need not wait for the parsers
    if name not in _PLACES:
        raise AttributeError(f"module 'auditkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
