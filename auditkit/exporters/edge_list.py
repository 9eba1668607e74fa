"""The map as two tables, calls and components, for spreadsheets; the edge-list importer reads them back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from auditkit.exporters.base import Exporter, Made
from auditkit.importers.dotted import flat
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import System


def export(system: System, strategy: Strategy | None) -> Made:
    """`edge-list/calls.csv` and `edge-list/components.csv`, with the columns that are used."""
    calls = [{**flat(d), "from": d.caller, "to": " | ".join(d.to)} for d in system.dependencies]
    components = [flat(component) for component in system.components]
    made = [Artifact(path="edge-list/components.csv", content=_table(components, ("id", "kind")), title="Components as a table")]
    if calls:
        made.append(Artifact(path="edge-list/calls.csv", content=_table(calls, ("from", "to")), title="Calls as a table"))
    gaps = [
        Gap(where=system.system, what=f"{count} {what} have no place in a table of calls", remedy="keep them in system.yaml")
        for count, what in ((len(system.common_causes), "common causes"), (len(system.journeys), "journeys"))
        if count
    ]
    return tuple(made), tuple(gaps)


def _table(rows: Sequence[dict[str, str]], first: tuple[str, ...]) -> bytes:
    columns = dict.fromkeys((*first, *sorted({key for row in rows for key in row})))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")


EXPORTER = Exporter(
    name="edge-list",
    title="Edge list (CSV)",
    prose=(
        "The map as it is today: a table of calls with every stated fact of a dependency, and one of components. The importer"
        " edge-list reads both back. Not in it: common causes, journeys, open questions and evidence."
    ),
    export=export,
)
