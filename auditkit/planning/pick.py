"""What planning decides about one pattern of one call: a figure with its ground, a reason against it, or what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from auditkit.model.audit import Ground
from auditkit.model.latency import LatencyProfile
from auditkit.model.paths import Paths
from auditkit.model.system import Nothing

S = TypeVar("S")
Profiles = Mapping[str, LatencyProfile]


@dataclass(frozen=True, slots=True)
class Pick(Generic[S]):
    """`value` is what is proposed, `"none"` a pattern left out for `why_not`, None an open end that `needs` something."""

    value: S | Nothing | None = None
    ground: Ground | None = None
    why_not: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The system with all timeouts in it, as the other patterns build on them."""

    paths: Paths
    profiles: Profiles
