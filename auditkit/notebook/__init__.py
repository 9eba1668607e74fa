"""The workbook: tables, pictures and panels that show an audit, and never compute.

from auditkit import notebook as see

audit = see.open_audit()
see.components_table(audit.system)
"""

from __future__ import annotations

from auditkit.notebook.blast_explorer import Asked, blast_explorer
from auditkit.notebook.cut_set_panel import cut_set_panel
from auditkit.notebook.decisions_board import decisions_board
from auditkit.notebook.dependency_editor import dependency_editor
from auditkit.notebook.edge_cases import edge_case_panel, edge_case_picture, edge_case_table, edge_cases_table
from auditkit.notebook.failure_tables import (
    assumptions_table,
    availability_table,
    blast_table,
    bounds_table,
    comparison_table,
    cut_sets_table,
    least_known,
    legend_table,
    single_points_table,
    states_table,
)
from auditkit.notebook.frames import readable
from auditkit.notebook.graph import graph_html, to_pyvis
from auditkit.notebook.graph_widget import dependency_graph
from auditkit.notebook.import_panel import import_panel, measure_panel
from auditkit.notebook.map_tables import (
    callers_table,
    components_table,
    conflicts_table,
    coverage_table,
    dependencies_table,
    facts_table,
    fallbacks_table,
    journeys_table,
    questions_table,
    steps_table,
    unanswered_table,
    writes_table,
)
from auditkit.notebook.opening import open_audit
from auditkit.notebook.panels import blast_panel, graph_panel, save_graph
from auditkit.notebook.pattern_panel import pattern_panel
from auditkit.notebook.progress_panel import progress_panel
from auditkit.notebook.proving import proposed_failures, today_and_proposed
from auditkit.notebook.questions_panel import questions_panel
from auditkit.notebook.reference import (
    checks_reference,
    documents_reference,
    explained,
    exporters_reference,
    importers_reference,
    latency_sources_reference,
    patterns_reference,
    seen_reference,
    sources_of_checks,
    words_reference,
)
from auditkit.notebook.simulated import assumed_table, experiment_picture, prove, standings_table, trials_table
from auditkit.notebook.simulation_panel import simulation_panel
from auditkit.notebook.simulation_picture import simulation_svg
from auditkit.notebook.strategy_panel import strategy_panel
from auditkit.notebook.strategy_tables import (
    actions_table,
    back_test_table,
    chains_table,
    decisions_table,
    experiments_table,
    findings_table,
    gaps_table,
    grounds_table,
    latency_table,
    missing_table,
    monitoring_table,
    omissions_table,
    policies_table,
    recording_table,
    refused_table,
    timeouts_table,
    two_rules_table,
    written_table,
)
from auditkit.notebook.timeout_panel import latency_picture, timeout_panel
from auditkit.notebook.times_panel import times_panel, times_table
from auditkit.notebook.tuning_panel import map_storms, tuning_panel
from auditkit.notebook.walking import (
    answer_open,
    attempt,
    closing,
    decide_once,
    explain_finding,
    exports,
    exports_table,
    files_table,
    finding_key,
    findings_about,
    first_call,
    first_callee,
    first_finding,
    first_recommended,
    measure_exports,
    names,
    rehearsal,
    rehearsal_of,
    stage_file,
    unmeasured_table,
    who,
    whole_text,
)

__all__ = [
    "Asked", "actions_table", "answer_open", "assumed_table", "assumptions_table", "attempt", "availability_table",
    "back_test_table", "blast_explorer", "blast_panel", "blast_table", "bounds_table", "callers_table", "chains_table",
    "checks_reference", "closing", "comparison_table", "components_table", "conflicts_table", "coverage_table",
    "cut_set_panel", "cut_sets_table", "decide_once", "decisions_board", "decisions_table", "dependencies_table",
    "dependency_editor", "dependency_graph", "documents_reference", "edge_case_panel", "edge_case_picture", "edge_case_table",
    "edge_cases_table", "experiment_picture", "experiments_table", "explain_finding", "explained", "exporters_reference",
    "exports", "exports_table", "facts_table", "fallbacks_table", "files_table", "finding_key", "findings_about",
    "findings_table", "first_call", "first_callee", "first_finding", "first_recommended", "gaps_table", "graph_html",
    "graph_panel", "grounds_table", "import_panel", "importers_reference", "journeys_table", "latency_picture",
    "latency_sources_reference", "latency_table", "least_known", "legend_table", "map_storms", "measure_exports",
    "measure_panel",
    "missing_table", "monitoring_table", "names", "omissions_table", "open_audit", "pattern_panel", "patterns_reference",
    "policies_table", "progress_panel", "proposed_failures", "prove", "questions_panel", "questions_table", "readable",
    "recording_table", "refused_table", "rehearsal", "rehearsal_of", "save_graph", "seen_reference", "simulation_panel",
    "simulation_svg", "single_points_table", "sources_of_checks", "stage_file", "standings_table", "states_table",
    "steps_table", "strategy_panel", "timeout_panel", "timeouts_table", "times_panel", "times_table", "to_pyvis",
    "today_and_proposed", "trials_table", "tuning_panel",
    "two_rules_table", "unanswered_table", "unmeasured_table", "who", "whole_text",
    "words_reference", "writes_table", "written_table",
]  # fmt: skip
