"""Tables handed from kernel to kernel by their address.

A tuple of forty arrays is handed on as some four hundred numbers, at each call; that took most of the time to compile and
much of the time to run. `held` puts it in memory once, and what is handed on is where it lies. Reading a field looks the
same. Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

from typing import Any

import numba.core.cgutils
import numba.extending
from numba.core import types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate, infer_getattr

_extending: Any = numba.extending  # what numba offers for extensions has no types
_cgutils: Any = numba.core.cgutils


class Held(types.Type):
    """The address of a named tuple."""

    def __init__(self, held: Any) -> None:
        self.held = held
        super().__init__(name=f"Held({held})")


@_extending.register_model(Held)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, held: Held) -> None:
        super().__init__(manager, held, manager.lookup(held.held).get_value_type().as_pointer())  # type: ignore[no-untyped-call]


@infer_getattr
class _Fields(AttributeTemplate):
    key = Held

    def generic_resolve(self, held: Held, name: str) -> Any:  # type: ignore[override]
        """The type of a field."""
        return held.held[held.held.fields.index(name)] if name in held.held.fields else None


@_extending.lower_getattr_generic(Held)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, held: Held, value: Any, name: str) -> Any:
    return builder.load(_cgutils.gep_inbounds(builder, value, 0, held.held.fields.index(name)))


@_extending.intrinsic  # type: ignore[untyped-decorator]
def held(typing: Any, tables: Any) -> Any:
    """The address of these tables; they stay where they are until the kernel that asked for it returns."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _cgutils.alloca_once_value(builder, arguments[0])

    return Held(tables)(tables), code
