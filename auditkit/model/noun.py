"""What every noun of the model has in common, and the field types that read text with a unit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationInfo, WithJsonSchema, model_validator

from auditkit.units import format_duration, format_rate, format_share, parse_duration, parse_rate, parse_share

NONE: Final = "none"
"""Stated absence, in a file: `timeout: none`. A missing key, or `unknown`, is a question instead."""

Nothing = Literal["none"]


class Noun(BaseModel):
    """A frozen value. `unknown` in a file means the same as a missing key."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=False)

    @model_validator(mode="before")
    @classmethod
    def _unknown_is_missing(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "unknown" not in data.values():
            return data
        optional = _may_be_unknown(cls)
        return {key: value for key, value in data.items() if not (value == "unknown" and key in optional)}


@cache
def _may_be_unknown(noun: type[Noun]) -> frozenset[str]:
    """Keys and names that may be missing, and for which `unknown` is not a text or a word of its own."""
    return frozenset(
        key
        for name, field in noun.model_fields.items()
        if not field.is_required()
        if field.default is None or not (field.annotation is str or "unknown" in get_args(field.annotation))
        for key in (name, field.alias or name)
    )


FROM_FILE: Final = {"from_file": True}
"""Validation context of the gate: in a file, a duration or rate without a unit is refused; in Python it is seconds."""


def _reading(parse: Callable[[Any], float]) -> Callable[[Any, ValidationInfo], float]:
    def read(value: Any, info: ValidationInfo) -> float:
        in_python = not (info.context or {}).get("from_file")
        if in_python and isinstance(value, (int, float)) and not isinstance(value, bool):
            if not (0 <= value < float("inf")):
                raise ValueError(f"{value!r} is negative or not finite")
            return float(value)
        return parse(value)

    return read


Seconds = Annotated[
    float,
    BeforeValidator(_reading(parse_duration)),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["200ms", "5m"],
            "pattern": r"^\s*([0-9.]+([eE][+-]?[0-9]+)?\s*(ns|us|µs|μs|ms|s|m|min|h|d)\s*)+$",
        }
    ),
]
"""Seconds as a float; text with a unit (`200ms`) in files."""

Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(format_share, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["99.95%"]}, {"type": "number", "minimum": 0, "maximum": 1}]}),
]
"""A share 0..1; `99.95%` or a plain number in files."""

PerSecond = Annotated[
    float,
    BeforeValidator(_reading(parse_rate)),
    PlainSerializer(format_rate, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["200/s", "12000/min"]}),
]
"""Events per second; `200/s` in files."""
