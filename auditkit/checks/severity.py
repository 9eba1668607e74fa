"""How grave a finding is, from the journeys that it touches."""

from __future__ import annotations

from collections.abc import Collection

from auditkit.checks.base import Facts
from auditkit.model.audit import SEVERITIES, Severity
from auditkit.model.failure import Certainty
from auditkit.model.system import Journey

STRICT_SLO = 0.999
"""An objective from which on a journey is one that the business has promised to keep up."""


def severity(
    facts: Facts, touched: Collection[Journey], certainty: Certainty = "proven", at_most: Severity = "critical", step: int = 0
) -> Severity:
    """Severity from the share of all journeys' value that is touched, what was promised of it, and how sure that is.

    Half of the value or more is high, less is medium, no journey at all is low. One step up where a touched journey has an
    objective of 99.9 % or more, one step down where it is only possible; `step` is the check's own correction. Never below
    low, never above `at_most`.

    >>> from auditkit.model.system import System
    >>> shop = System.model_validate({"system": "s", "components": [{"id": "a"}], "journeys": [
    ...     {"id": "buy", "entry": "a", "value": 6, "slo": 0.999}, {"id": "look", "entry": "a", "value": 4}]})
    >>> [severity(Facts(shop), [j]) for j in shop.journeys], severity(Facts(shop), [shop.journeys[0]], "possible")
    (['critical', 'medium'], 'high')
    """
    total = sum(j.value for j in facts.system.journeys)
    share = sum(j.value for j in touched) / total if total else 0.0
    level = SEVERITIES.index("low" if not touched else ("high" if share >= 0.5 else "medium"))
    if any(isinstance(j.slo, float) and j.slo >= STRICT_SLO for j in touched):
        level += 1
    if certainty == "possible":
        level -= 1
    level = min(max(level + step, SEVERITIES.index("low")), SEVERITIES.index(at_most))
    return SEVERITIES[level]
