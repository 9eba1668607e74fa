"""The notebooks, run in order on one audit folder, with numbers in what they show.

Nothing passes through a kernel: it forgets everything between two notebooks, and each finds in the folder what the one before
left. Single notebooks are run once more, each in a kernel of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from jupyter_client.client import KernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from auditkit.notebook import open_audit
from auditkit.project import Audit

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

Shown = dict[str, str]
"""What each code cell of a notebook showed, by the id of the cell."""


def environment(folder: Path) -> dict[str, str]:
    """What a kernel is told: where the package and the audit are, and where it may leave things when it is killed."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own = {"AUDITKIT_AUDIT": str(folder), "TMPDIR": str(folder.parent)}
    return {**os.environ, **own, "PYTHONPATH": path, "PYTHONWARNINGS": "default"}


def run(notebook: Path, folder: Path, until: str | None = None, kernel: Kernel | None = None) -> Shown:
    """Execute one notebook on one audit folder, perhaps only up to a cell.

    In a kernel of its own; or in one that others have used, which forgets first what they have left in it.
    """
    loaded = nbformat.read(notebook, as_version=4)
    if until is not None:
        loaded.cells = loaded.cells[: [cell.id for cell in loaded.cells].index(until) + 1]
    shown = [cell for cell in loaded.cells if cell.cell_type == "code"]
    if kernel is None:
        client = NotebookClient(loaded, timeout=60, kernel_name="python3")
    else:  # whose manager it does not own, it does not shut down
        loaded.cells.insert(0, new_code_cell("%reset -f"))
        client = NotebookClient(loaded, timeout=60, km=kernel.manager)
        client.kc = kernel.client
    client.execute(cwd=str(folder.parent), env=environment(folder))
    return {cell.id: "\n".join(map(text, cell.outputs)) for cell in shown}


@dataclass(frozen=True)
class Kernel:
    """A kernel that outlives a notebook, and whoever speaks with it."""

    manager: KernelManager
    client: KernelClient


@contextmanager
def kernel_on(folder: Path) -> Iterator[Kernel]:
    """One kernel for several notebooks, or for one that is to be killed."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder.parent), env=environment(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def killed_after(cell: str, notebook: Path, folder: Path) -> None:
    """Execute a notebook up to a cell, and then kill its kernel without a word.

    The kernel is the test's own: no client is left that could miss it while it dies.
    """
    with kernel_on(folder) as kernel:
        run(notebook, folder, until=cell, kernel=kernel)
        assert kernel.manager.is_alive()
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
        kernel.manager.provisioner.process.wait(timeout=30)


def text(output: nbformat.NotebookNode) -> str:
    """What a person reads of an output; a warning on the error stream is read, too."""
    if output.output_type == "stream":
        return str(output.text)
    data = output.get("data", {})
    html = data.get("text/html")
    return (
        str(data.get("text/plain", ""))
        if html is None
        else re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("<wbr>", ""))).replace("&gt;", ">")
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("workbook") / "my-audit"
    yield folder
    shutil.rmtree(folder.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def shown(place: Path) -> dict[str, Shown]:
    """Every notebook, in order; the first makes the folder from the sample."""
    place.parent.mkdir(exist_ok=True)
    with kernel_on(place) as kernel:
        return {notebook.stem: run(notebook, place, kernel=kernel) for notebook in NOTEBOOKS}


def test_no_cell_is_empty_and_none_complains(shown: dict[str, Shown]) -> None:
    """On the sample every cell shows something, and no warning reaches a reader."""
    for notebook, cells in shown.items():
        for cell, said in cells.items():
            assert said.strip(), f"{notebook} {cell}"
            assert "Warning" not in said, f"{notebook} {cell}: {said}"
            assert "Empty DataFrame" not in said, f"{notebook} {cell}"


def test_start_shows_down_and_slow_apart(shown: dict[str, Shown]) -> None:
    """An optional call: down it costs nothing, slow it stops everything."""
    cells = shown["00_start"]
    assert cells["victim"] == "'recommendation'"
    assert "recommendation down ◐ degraded ✓ ok ✓ ok 0%" in cells["down"]
    assert "recommendation slow ∞ hung ∞ hung ∞ hung 100%" in cells["slow"]
    assert "defer, says Ada Example" in cells["decide"]
    assert "refused" in cells["stage-break"]
    assert "recommendation slow ∞ hung ∞ hung ∞ hung 100%" in cells["stage-break"]
    assert "recommendation slow ◐ degraded ✓ ok ✓ ok 0%" in cells["stage-repair"]


def test_map_refuses_a_mistake_and_takes_an_answer(shown: dict[str, Shown]) -> None:
    """The typo is named with its repair and changes nothing; the answer settles a question."""
    cells = shown["01_map_the_system"]
    assert "calls: web -> orders\n" in cells["stage-break"]
    assert "Whom does orders call by 'pay'?" in cells["stage-break"]
    assert "coverage: low, because 1 of 2 calls go to somebody who is in no file (orders)" in cells["stage-break"]
    assert "calls: orders -> payment, web -> orders" in cells["stage-repair"]
    assert "web orders, payment, web" in cells["stage-repair"]
    assert "there is no component 'recomendation' write 'recommendation'" in re.sub(r"\s+", " ", cells["stage-typo"])
    assert "on_failure is now ignore" in cells["decide"]
    assert cells["after"] == "{'questions before': 2, 'questions now': 1}"


def test_blast_radius_finds_points_pairs_and_the_unreached_fallback(shown: dict[str, Shown]) -> None:
    """The known answers of the sample, after the answer of 01."""
    cells = shown["03_blast_radius"]
    assert "home api none found zone-a" in cells["sets"]
    assert "account api, users, users-db users-db pg-cluster, zone-a" in cells["sets"]
    for pair in ("pg-cluster + session-cache", "session-cache + users", "session-cache + users-db"):
        assert f"home 2 {pair}" in cells["pairs"]
    assert "home 0.1502% of the time" in cells["availability"]
    assert "warehouse home ∞ hung, account ∞ hung, order ∞ hung order ✕ failed" in cells["bounds"]
    assert "recommendation slow ∞ hung" in cells["stage-break"]
    assert "recommendation slow ◐ degraded ✓ ok ✓ ok 0%" in cells["stage-repair"]
    assert "accept_risk, says Ada Example" in cells["decide"]


def test_latencies_become_timeouts_or_refusals(shown: dict[str, Shown]) -> None:
    """p99 of 100 ms gives 300 ms; 187 samples and a cut-off recording give none."""
    cells = shown["04_latency_to_timeouts"]
    assert "7 calls measured from 2 files" in cells["measure"]
    assert re.search(r"api -> recommendation 6000 99\.4ms \[.*?\] 300ms justified none seen 0\.0[5-9]\d*% p99", cells["advices"])
    assert re.search(r"api -> inventory:check 8000 .*? 250ms justified .*? false timeouts", cells["advices"])
    assert "187 samples; a p99 bound needs 299" in cells["refused"]
    assert re.search(r"inventory -> warehouse 19\d\d .*? refused provisional .*? data cut off", cells["stage-break"])
    assert re.search(r"inventory -> warehouse 2000 1\.26s .*? seed", cells["stage-repair"])
    assert "inventory inventory-db fail" in cells["unmeasured"]
    assert "policy api:home -> recommendation\nadopt, says Ada Example" in cells["decide"]


def test_dependencies_show_the_fallback_that_shares_its_fate(shown: dict[str, Shown]) -> None:
    """One line in a deployment makes a single point of failure, and the next one unmakes it."""
    cells = shown["02_dependencies"]
    assert "home api none found zone-a" in cells["stage-before"]
    assert "home api none found pg-cluster, zone-a" in cells["stage-break"]
    assert "home api none found zone-a" in cells["stage-repair"]
    assert "users 3 api:home, api:account, api:order" in cells["callers"]
    assert "api:order -> inventory:reserve no fail 10/s" in cells["writes"]
    assert "the user as of the last visit session-cache 1h" in cells["fallbacks"]
    assert "adopt, says Ada Example" in cells["decide"]


def test_patterns_are_right_one_by_one_and_too_long_together(shown: dict[str, Shown]) -> None:
    """300 + 120 + 250 ms miss 500 ms; at the same time they are 300 ms."""
    cells = shown["05_patterns"]
    assert "shared-database slow ◷ late 100%" in cells["stage-break"]
    assert "shared-database slow ◐ degraded 0%" in cells["stage-repair"]
    assert "api:home -> recommendation none timeout 300ms" in cells["policies"]
    assert "adopt, says Ada Example" in cells["decide"]


def test_proposed_settings_contain_what_today_stops_everything(shown: dict[str, Shown]) -> None:
    """Slow recommendations: all value lost today, none with the proposed settings; a zone no setting saves."""
    cells = shown["06_prove_it"]
    hung = "home ∞ hung, account ∞ hung, order ∞ hung"
    assert f"recommendation {hung} home ◐ degraded 100% 0%" in cells["slow"]
    assert f"zone-a {hung} {hung} 100% 100%" in cells["slow"]
    assert int(cells["experiment-count"]) > 0


def test_experiments_are_simulated_from_top_to_bottom(shown: dict[str, Shown]) -> None:
    """No click: verdicts with both settings, what each is needed for, and how far each pattern has come."""
    cells = shown["06_prove_it"]
    assert re.search(r"\d+ of \d+ faults simulated, seed 1\. Kept in out/simulation\.json\.", cells["prove"])
    assert "No proposed setting is refuted." in cells["prove"]
    slow = "chaos-timeout-api-home-recommendation ✕ fails ✓ holds api:home -> recommendation home: 0.00% bad"
    assert slow in cells["verdicts"]
    assert "chaos-timeout-api-home-recommendation" in cells["picture"]
    assert "api:home -> recommendation holds in simulation" in cells["standing"]
    assert "inventory-db workers unknown: as many as it takes" in cells["assumed"]


def test_eight_edge_cases_come_out_and_the_usual_advice_fails_on_stage(shown: dict[str, Shown]) -> None:
    """What fails and what cures, with figures; a pool of 10 and 5 failures in 30 s degrade healthy pages."""
    cells = shown["06_prove_it"]
    assert "four attempts (0% full); deadlines propagated (50.1% full) no retries (99.3% full)" in cells["cases"]
    assert "a timeout (74% full) a timeout and a bulkhead (100% full)" in cells["cases"]
    advised = "as usually advised home: at most 0.5% degraded from 0 to 90 s 57.6% degraded: fails"
    assert advised in cells["stage-break"]
    assert (
        "as usually advised home: at most 0.1% errors or late from 91 to 119 s 0% errors or late: holds" in cells["stage-break"]
    )
    assert "after verification home: at most 0.5% degraded from 0 to 90 s 0.197% degraded: holds" in cells["stage-repair"]


def test_reference_names_every_check_with_its_words(shown: dict[str, Shown]) -> None:
    """Generated from the code: nothing can be missing."""
    from auditkit.checks import CHECKS
    from auditkit.importers import IMPORTERS

    cells = shown["99_reference"]
    for check in CHECKS.values():
        assert check.name in cells["checks"]
    for importer in IMPORTERS.values():
        assert importer.title in cells["importers"]


def test_the_same_notebooks_lead_through_online_boutique(shared: Path, tmp_path: Path) -> None:
    """A stranger's system: every cell runs, and nobody's decision is made up."""
    folder = tmp_path / "boutique"
    audit = Audit.importing([shared / "data/topologies/boutique/release/kubernetes-manifests.yaml"], folder)
    audit.measure([shared / "data/latency/traces_csv/17_00_trace.csv"])
    with kernel_on(folder) as kernel:
        cells = {notebook.stem: run(notebook, folder, kernel=kernel) for notebook in NOTEBOOKS}
    assert "12 components, " in cells["03_blast_radius"]["open"]
    assert audit.decisions == ()
    assert "Not recorded" in cells["03_blast_radius"]["decide"]
    assert "not in this system, nothing was changed" in cells["01_map_the_system"]["decide"]
    assert "faults simulated, seed 1. Kept in out/simulation.json." in cells["06_prove_it"]["prove"]
    assert "\nAll steps are done and up to date.\n" in cells["07_strategy"]["close"]


def test_strategy_is_written_with_its_decisions(shown: dict[str, Shown], place: Path) -> None:
    """The document lies in the folder, names the adopted timeout, and nothing is stale at the end."""
    cells = shown["07_strategy"]
    assert "api:home -> recommendation none timeout 300ms" in cells["plan"]
    assert "out/strategy.md" in cells["write"]
    assert "10 calls without any measurement" in cells["stage-break"]
    assert "9 calls without any measurement" in cells["stage-repair"]
    assert "components without evidence of where it comes from" in cells["missing"]
    assert "\nAll steps are done and up to date.\n" in cells["close"]
    written = (place / "out" / "strategy.md").read_text(encoding="utf-8")
    assert "api:home -> recommendation" in written
    assert "300ms" in written or "300 ms" in written
    assert len(Audit.open(place).decisions) >= 4


def test_running_a_notebook_again_changes_no_decision(shown: dict[str, Shown], place: Path) -> None:
    """What somebody decided otherwise meanwhile is kept."""
    assert shown
    audit = Audit.open(place)
    audit.decide("policy api:home -> recommendation", "defer", "we wait for the release", "Sam Example")
    before = audit.decisions
    cells = run(ROOT / "notebooks" / "04_latency_to_timeouts.ipynb", place, until="decide")
    assert "defer, says Sam Example: we wait for the release" in cells["decide"]
    assert audit.decisions == before


@pytest.mark.parametrize("stem", ["04_latency_to_timeouts", "07_strategy"])
def test_a_killed_kernel_loses_nothing(stem: str, place: Path, shown: dict[str, Shown], tmp_path: Path) -> None:
    """Between two cells the kernel is killed outright: what was answered, measured and decided lies in the folder."""
    assert shown
    folder = tmp_path / "my-audit"
    shutil.copytree(place, folder)
    answered = (folder / "system.yaml").read_bytes()
    shutil.rmtree(folder / "out")
    for name in ("decisions.yaml", "latency/profiles.parquet", "strategy.yaml"):
        (folder / name).unlink()
    killed_after("decide", ROOT / "notebooks" / f"{stem}.ipynb", folder)
    killed = Audit.open(folder)
    assert len(killed.decisions) == 1
    assert bool(killed.profiles) == (stem == "04_latency_to_timeouts")
    assert bool(killed.strategy) == (stem == "07_strategy")
    assert (folder / "system.yaml").read_bytes() == answered
    cells = run(ROOT / "notebooks" / f"{stem}.ipynb", folder, until="decide")
    assert "says Ada Example" in cells["decide"]
    assert Audit.open(folder).decisions == killed.decisions


def test_a_folder_is_found_around_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the environment; else the parent of the notebook's folder; else a fresh copy of the sample."""
    monkeypatch.delenv("AUDITKIT_AUDIT", raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    made = open_audit()
    assert made.folder == tmp_path / "elsewhere" / "my-audit"
    assert made.system.system == "worked-example"
    monkeypatch.chdir(made.folder / "notebooks")
    assert open_audit().folder.resolve() == made.folder.resolve()
    monkeypatch.setenv("AUDITKIT_AUDIT", str(tmp_path / "named"))
    assert open_audit().folder == tmp_path / "named"
