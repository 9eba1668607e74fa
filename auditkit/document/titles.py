"""Names and titles of the sections, in the order of the document."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "summary": "Summary",
    "scope": "Scope, owners, journeys, objectives",
    "topology": "Topology, and how sure we are of it",
    "dependencies": "Dependencies",
    "failures": "Failure analysis",
    "availability": "Availability and the ceiling of objectives",
    "timeouts": "Timeouts",
    "retries": "Retries",
    "breakers": "Circuit breakers",
    "bulkheads": "Bulkheads",
    "fallbacks": "Fallbacks",
    "uncovered": "Not covered by patterns",
    "monitoring": "Monitoring",
    "experiments": "Experiments",
    "decisions": "Decisions and accepted risks",
    "plan": "Action plan and sign-off",
    "appendix": "Appendix",
}
