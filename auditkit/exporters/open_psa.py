"""Each journey's failure as an Open-PSA fault tree, so that anybody can check our answers with their own tool."""

from __future__ import annotations

from auditkit.engine import journey_fault_tree, read_fault_trees
from auditkit.errors import LimitReached
from auditkit.exporters.base import Exporter, Made
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

_NAMED_AT_MOST = 10


def export(system: System, strategy: Strategy | None) -> Made:
    """`open-psa/<journey>.xml` for each journey: failed or hung when atoms are down, open questions at their worst answer."""
    made, gaps = [], []
    if not system.journeys:
        gaps.append(Gap(where=system.system, what="no journey is known, so there is no top event", remedy="name a journey"))
    for journey in system.journeys:
        try:
            text = journey_fault_tree(system, journey.id)
        except LimitReached as error:
            gaps.append(Gap(where=journey.id, what=f"could not be written as a fault tree: {error}", remedy="break the circle"))
            continue
        path = f"open-psa/{label(journey.id)}.xml"
        made.append(Artifact(path=path, content=text.encode(), title=f"Fault tree of {journey.id} (Open-PSA MEF)"))
        gaps += _without_probability(journey.id, text, path)
    return tuple(made), tuple(gaps)


def _without_probability(journey: str, text: str, path: str) -> list[Gap]:
    """The gap of basic events for which the system states no availability."""
    (tree,) = read_fault_trees(text, path)
    unknown = [name for name in tree.formula.variables if name not in tree.probabilities]
    if not unknown:
        return []
    more = f" and {len(unknown) - _NAMED_AT_MOST} more" if len(unknown) > _NAMED_AT_MOST else ""
    what = f"no probability of {', '.join(unknown[:_NAMED_AT_MOST])}{more}: availability is unknown"
    return [Gap(where=journey, what=what, remedy="state their availability in system.yaml, or give probabilities in your tool")]


EXPORTER = Exporter(
    name="open-psa",
    title="Fault trees (Open-PSA MEF)",
    prose=(
        "One fault tree a journey, as the system runs today, for SCRAM, XFTA and other tools: the top gate is the journey "
        "failed or hung, basic events are components, common causes and placement domains that are down. Circles of calls are "
        "written out. Not in it: mode slow, lateness, degraded answers, and the range of open questions (the worst counts). "
        "Names that the format does not allow are replaced and stand as labels."
    ),
    export=export,
)
