"""Rules that every notebook keeps: a conversation in short cells, without stored results, one question each."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
LOOPS = (ast.For, ast.While, ast.AsyncFor, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.comprehension)


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def notebook(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(request.param, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: Any) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_it_is_valid_and_its_cells_keep_their_ids(notebook: Any) -> None:
    """nbformat 4.5, ids that were given by hand and differ."""
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) and not re.fullmatch(r"[0-9a-f]{8}", name) for name in ids)


def test_it_stores_no_results(notebook: Any) -> None:
    """What is shown is computed when it is shown."""
    for cell in code(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_sources_are_collapsed_but_where_something_is_to_be_changed(notebook: Any) -> None:
    """Who reads sees questions and answers; who decides, or follows the stage, sees the call."""
    for cell in code(notebook):
        open_to_see = re.match(r"open|decide|stage", cell.id) is not None
        assert cell.metadata.get("jupyter", {}).get("source_hidden", False) is not open_to_see, cell.id


def test_it_has_a_dozen_to_two_dozen_code_cells(notebook: Any) -> None:
    """Long enough to be worth a notebook, short enough for an hour's audit."""
    assert 12 <= len(code(notebook)) <= 25


def test_its_cells_are_short_and_define_nothing(notebook: Any) -> None:
    """At most six lines; no function, class or loop: whatever needs one belongs into the package."""
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= 6, cell.id
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, LOOPS)], cell.id
        assert max(map(len, cell.source.splitlines())) <= 130, cell.id


def test_it_asks_predicts_looks_decides_and_says_what_is_unknown(notebook: Any) -> None:
    """Every notebook goes the same way, and starts with its question."""
    text = prose(notebook)
    assert "**The question of this notebook:" in notebook.cells[0].source
    assert "*What you need:*" in notebook.cells[0].source
    assert "## What was written, and what is next?" in text
    if "99 · Reference" in notebook.cells[0].source:
        return  # it is looked things up in, nothing is decided there
    for part in ("## Predict", "## Decide", "## What we still do not know"):
        assert part in text


def test_it_opens_one_audit_first_and_says_last_what_was_written(notebook: Any) -> None:
    """Nothing passes through the kernel: the first cell opens the folder, the last one tells how it stands."""
    cells = code(notebook)
    assert cells[0].source.startswith("from auditkit import notebook as see\n")
    assert "audit = see.open_audit()" in cells[0].source
    assert cells[-1].source.startswith("print(see.closing(audit, ")


def test_decisions_carry_a_reason_and_a_name(notebook: Any) -> None:
    """Nobody decides without saying why; who it is comes from the one who runs it."""
    for cell in code(notebook):
        tree = ast.parse(cell.source)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("decide", "decide_once"):
                given = {word.arg: ast.unparse(word.value) for word in call.keywords}
                assert given["by"] == "see.who(audit)"
                assert given["reason"] == "why"
                assert re.search(r'^why = "[^"]{20,}"$', cell.source, re.MULTILINE)
