"""Tables handed from kernel to kernel by their address.

A tuple of forty arrays is handed on as some four hundred numbers, at each call; that took most of the time to compile and
much of the time to run. `held` puts it in memory once, and what is handed on is where it lies. Reading a field looks the
same. Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, lower_getattr_generic, register_model


class Held(types.Type):  # type: ignore[misc]
    """The address of a named tuple."""

    def __init__(self, held: Any) -> None:
        self.held = held
        super().__init__(name=f"Held({held})")


@register_model(Held)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, held: Held) -> None:
        super().__init__(manager, held, manager.lookup(held.held).get_value_type().as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = Held

    def generic_resolve(self, held: Held, name: str) -> Any:
        """The type of a field."""
        return held.held[held.held.fields.index(name)] if name in held.held.fields else None


@lower_getattr_generic(Held)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, held: Held, value: Any, name: str) -> Any:
    return builder.load(cgutils.gep_inbounds(builder, value, 0, held.held.fields.index(name)))


@intrinsic  # type: ignore[untyped-decorator]
def held(typing: Any, tables: Any) -> Any:
    """The address of these tables; they stay where they are until the kernel that asked for it returns."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.alloca_once_value(builder, arguments[0])

    return Held(tables)(tables), code
