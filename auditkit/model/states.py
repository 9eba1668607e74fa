"""States of many things in many scenarios, a byte each: what a failure does to 10,000 components, 10,000 times over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import PlainSerializer, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from auditkit.model.state import State

_STATES: Final = tuple(State)


@dataclass(frozen=True, slots=True, eq=False)
class States(Mapping[str, State]):
    """A mapping from names to states. The names are shared by all scenarios of a system; `codes` holds a byte for each of them,
    the position of its state in `State`.

    >>> found = States({"api": 0, "db": 1}, bytes([1, 4]))
    >>> found["db"].value, dict(found) == found == {"api": State.DEGRADED, "db": State.HUNG}
    ('hung', True)
    """

    names: Mapping[str, int]
    codes: bytes

    def __getitem__(self, name: str) -> State:
        return _STATES[self.codes[self.names[name]]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, States) and other.names is self.names:
            return self.codes == other.codes
        return isinstance(other, Mapping) and len(self) == len(other) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # as of any mapping


def _as_it_is(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, States) else validate(value)


StatesByName = Annotated[
    Mapping[str, State],
    WrapValidator(_as_it_is),
    PlainSerializer(lambda states: {name: state.value for name, state in states.items()}, return_type=dict[str, str]),
]
"""Field type: any mapping of names to states; a `States` is kept as it is."""
