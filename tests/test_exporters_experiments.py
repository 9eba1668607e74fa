"""Experiments for other tools: their validators accept them, a planted fault is rejected, and each can be ended and undone."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from document_books import HOSTILE, hostile_book, shop_strategy, shop_system
from exporters_inputs import boutique, everything, sample
from ruamel.yaml import YAML
from test_exporters_settings import crd

from auditkit.checks import Facts, run_checks
from auditkit.exporters import EXPORTERS
from auditkit.model.audit import RETRY_ERRORS, Experiment, Scenario, Strategy
from auditkit.planning import plan
from auditkit.simulation import setup_of

TARGETS = ("chaos-toolkit", "litmus", "chaos-mesh", "chaos-monkey", "toxiproxy", "fis")


@pytest.fixture(scope="module", params=["worked-example", "flash-sale", "boutique", "retries", "hostile"])
def inputs(request, shared) -> tuple[Any, Strategy]:
    """Both samples and Online Boutique with what their plan brings, one on retries, one whose words are hostile."""
    if request.param == "hostile":
        book = hostile_book()
        return book.system, book.strategy
    if request.param == "retries":
        system, strategy = retrying("recommendation")
        return system, strategy.model_copy(update={"experiments": (*shop_strategy().experiments, *strategy.experiments)})
    system = boutique(shared) if request.param == "boutique" else sample(request.param)
    facts = Facts(system=system)
    planned = plan(facts, run_checks(facts), (), ())
    return system, everything(system).model_copy(update={"experiments": planned.experiments[:30]})


def retrying(callee: str) -> tuple[Any, Strategy]:
    """The shop with one experiment on retries of a call."""
    some = (
        shop_strategy()
        .experiments[0]
        .model_copy(update={"id": "chaos-retry", "pattern": "retry", "scenario": Scenario(id="s", fail=(callee,), mode="down")})
    )
    return shop_system(), shop_strategy().model_copy(update={"experiments": (some,)})


def made(target: str, inputs) -> dict[str, bytes]:
    return {artifact.path: artifact.content for artifact in EXPORTERS[target].export(*inputs)[0]}


def yaml(content: bytes) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(io.BytesIO(content)))


@pytest.mark.parametrize("target", TARGETS)
def test_equal_inputs_give_equal_files(target, inputs):
    """Two runs differ in nothing, and there is something to write."""
    assert made(target, inputs)
    assert EXPORTERS[target].export(*inputs) == EXPORTERS[target].export(*inputs)


def test_chaos_toolkit_validates_its_experiments(inputs, tmp_path):
    """`chaos validate`, as a user runs it; one with a planted fault is rejected."""
    files = made("chaos-toolkit", inputs)
    content = next(iter(files.values()))
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(content)
    broken = json.loads(content)
    del broken["method"][0]["provider"]["url"]
    bad.write_text(json.dumps(broken))
    program = Path(sys.executable).with_name("chaos")
    if not program.exists():
        pytest.skip("no chaos in this environment (pip install chaostoolkit)")
    outcome = [
        subprocess.run(
            [str(program), "--no-version-check", "validate", path.name],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )
        for path in (good, bad)
    ]  # fmt: skip
    assert outcome[0].returncode == 0, outcome[0].stdout + outcome[0].stderr
    assert outcome[1].returncode != 0


def test_chaos_toolkit_accepts_every_experiment(inputs):
    """The library's own validation, on all files; each ends on a broken hypothesis and always rolls back."""
    from chaoslib.experiment import ensure_experiment_is_valid

    for content in made("chaos-toolkit", inputs).values():
        experiment = json.loads(content)
        ensure_experiment_is_valid(experiment)
        assert experiment["runtime"] == {
            "hypothesis": {"strategy": "continuously", "frequency": 10, "fail_fast": True},
            "rollbacks": {"strategy": "always"},
        }
        assert len(experiment["rollbacks"]) == len(experiment["method"]) > 0
        assert "production" not in experiment["tags"]


KINDS = {
    "HTTPChaos": "chaosmesh_httpchaos.crd.yaml",
    "NetworkChaos": "chaosmesh_networkchaos.crd.yaml",
    "PodChaos": "chaosmesh_podchaos.crd.yaml",
    "StressChaos": "chaosmesh_stresschaos.crd.yaml",
}


def test_chaos_mesh_accepts_every_object(inputs, shared):
    """Chaos Mesh's own CRD schemas, closed; an unknown key is rejected, and every fault ends by itself."""
    schemas = {kind: crd(shared, file) for kind, file in KINDS.items()}
    seen = [document for content in made("chaos-mesh", inputs).values() for document in yaml(content)]
    for document in seen:
        jsonschema.validate(document, schemas[document["kind"]])
        assert document["spec"]["duration"].endswith("s")
        assert document["spec"]["selector"]["namespaces"] == ["staging"]
        assert document["metadata"]["annotations"]["auditkit/rollback"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**seen[0], "spec": {**seen[0]["spec"], "durations": "5m"}}, schemas[seen[0]["kind"]])


def test_litmus_accepts_every_engine(inputs, shared):
    """Litmus' own CRD schema, closed; each engine has a probe that stops it."""
    schema = crd(shared, "litmus_chaosengine.crd.yaml")
    seen = [document for content in made("litmus", inputs).values() for document in yaml(content)]
    for document in seen:
        jsonschema.validate(document, schema)
        (experiment,) = document["spec"]["experiments"]
        assert experiment["spec"]["probe"][0]["runProperties"]["stopOnFailure"] is True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**seen[0], "spec": {**seen[0]["spec"], "engineState": 1}}, schema)


def test_cfn_lint_accepts_the_fis_template(inputs, tmp_path):
    """cfn-lint as a user runs it; a template without stop conditions is rejected."""
    content = made("fis", inputs)["fis/experiments.json"]
    data = json.loads(content)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(content)
    del next(iter(data["Resources"].values()))["Properties"]["StopConditions"]
    bad.write_text(json.dumps(data, ensure_ascii=False))
    program = Path(sys.executable).with_name("cfn-lint")
    if not program.exists():
        pytest.skip("no cfn-lint in this environment (pip install cfn-lint); the template's form is checked in the next test")
    codes = [subprocess.run([program, str(p)], capture_output=True, text=True, check=False, timeout=240) for p in (good, bad)]
    assert codes[0].returncode == 0, codes[0].stdout
    assert "StopConditions" in codes[1].stdout


def test_every_fis_experiment_can_be_stopped(inputs):
    """A CloudWatch alarm ends it, and names of resources are what CloudFormation takes."""
    data = json.loads(made("fis", inputs)["fis/experiments.json"])
    for name, resource in data["Resources"].items():
        assert name.isalnum()
        assert resource["Properties"]["StopConditions"][0]["Source"] == "aws:cloudwatch:alarm"


def test_toxiproxy_files_name_each_proxy_once(inputs):
    """Ports and names are unique, and every toxic goes to a proxy that exists."""
    files = made("toxiproxy", inputs)
    proxies = json.loads(files["toxiproxy/proxies.json"])
    assert len({p["name"] for p in proxies}) == len({p["listen"] for p in proxies}) == len(proxies)
    for toxics in json.loads(files["toxiproxy/toxics.json"]).values():
        assert {step["proxy"] for step in toxics["apply"]} <= {p["name"] for p in proxies}
        assert toxics["rollback"]["request"] == "POST /reset"


def test_chaos_monkey_spares_what_has_no_spare():
    """recommendation runs twice and needs one: one may be killed at random; orders-db runs alone and is left alone."""
    strategy = shop_strategy()
    alone = strategy.experiments[0].model_copy(
        update={"id": "db", "scenario": Scenario(id="s", fail=("orders-db",), mode="down")}
    )
    made_files, gaps = EXPORTERS["chaos-monkey"].export(
        shop_system(), strategy.model_copy(update={"experiments": (*strategy.experiments, alone)})
    )
    paths = {artifact.path for artifact in made_files}
    assert "chaos-monkey/netflix/recommendation.json" in paths
    assert "chaos-monkey/netflix/orders-db.json" not in paths
    assert any(gap.where == "orders-db" and "no spare" in gap.what for gap in gaps)
    spring = next(a for a in made_files if a.path.endswith("recommendation/application-chaos-monkey.yml"))
    assert yaml(spring.content)[0]["chaos"]["monkey"]["enabled"] is False


@pytest.mark.parametrize("target", ["chaos-mesh", "litmus", "fis"])
def test_production_only_where_the_experiment_names_it(target):
    """Staging is where everything runs first; an experiment that names production goes there, and no other."""
    strategy = shop_strategy()
    named = strategy.experiments[0].model_copy(update={"id": "named", "environment": "production"})
    both = strategy.model_copy(update={"experiments": (*strategy.experiments, named)})
    assert b'"production"' not in b"".join(made(target, (shop_system(), strategy)).values()).replace(
        b": production", b'"production"'
    )
    assert b"production" in b"".join(made(target, (shop_system(), both)).values())


def test_a_cause_breaks_all_that_it_takes():
    """The deploy that takes api and orders breaks both; ids are those of the experiment."""
    deploy = Experiment(
        id="chaos-deploy",
        claim="c",
        hypothesis="h",
        scenario=Scenario(id="s", fail=("deploy",), mode="down"),
        method="m",
        abort="a",
        rollback="r",
    )
    files = made("chaos-toolkit", (shop_system(), Strategy(system="shop", experiments=(deploy,))))
    experiment = json.loads(files["chaos-toolkit/chaos-deploy.json"])
    assert [action["name"] for action in experiment["method"]] == ["break-api", "break-orders"]
    assert [action["name"] for action in experiment["rollbacks"]] == ["mend-api", "mend-orders"]


def test_what_is_not_ours_is_a_gap():
    """Nothing can be done to another company's mail service from inside; a proxy in front of it can."""
    outside = Experiment(
        id="mail",
        claim="c",
        hypothesis="h",
        scenario=Scenario(id="s", fail=("mail",), mode="slow"),
        method="m",
        abort="a",
        rollback="r",
    )
    inputs = shop_system(), Strategy(system="shop", experiments=(outside,))
    files, gaps = EXPORTERS["chaos-mesh"].export(*inputs)
    assert files == ()
    assert "mail is not run by us" in gaps[0].what
    assert made("toxiproxy", inputs)


def test_a_retry_experiment_breaks_a_share_of_the_answers_and_no_more():
    """30 %, as its method says and as it is simulated: with all answers broken no retry could keep its claim."""
    inputs = retrying("recommendation")
    (toxics,) = json.loads(made("toxiproxy", inputs)["toxiproxy/toxics.json"]).values()
    (toxic,) = [step["toxic"] for step in toxics["apply"]]
    assert (toxic["type"], toxic["toxicity"]) == ("reset_peer", RETRY_ERRORS)
    experiment = json.loads(made("chaos-toolkit", inputs)["chaos-toolkit/chaos-retry.json"])
    assert experiment["method"][0]["provider"]["arguments"]["toxicity"] == RETRY_ERRORS
    assert experiment["rollbacks"][0]["provider"]["method"] == "DELETE"
    (engine,) = yaml(made("litmus", inputs)["litmus/chaos-retry.yaml"])
    (run,) = engine["spec"]["experiments"]
    assert run["name"] == "pod-http-status-code"
    assert {"name": "TOXICITY", "value": "30"} in run["spec"]["components"]["env"]
    (mesh,) = yaml(made("chaos-mesh", inputs)["chaos-mesh/chaos-retry.yaml"])
    assert (mesh["kind"], mesh["spec"]["mode"], mesh["spec"]["value"]) == ("HTTPChaos", "fixed-percent", "30")
    spring = made("chaos-monkey", inputs)["chaos-monkey/spring-boot/recommendation/application-chaos-monkey.yml"]
    assert yaml(spring)[0]["chaos"]["monkey"]["assaults"]["level"] == 3
    assert setup_of(inputs[1].experiments[0]).faults[0].value == RETRY_ERRORS


def test_what_a_tool_cannot_break_in_part_is_left_out_with_a_word():
    """FIS drops packets, Chaos Mesh knows answers of HTTP only: a share of a database's errors is theirs to refuse."""
    files, gaps = EXPORTERS["fis"].export(*retrying("recommendation"))
    assert files == ()
    assert any("cannot let a share of the answers be errors" in gap.what for gap in gaps)
    files, gaps = EXPORTERS["chaos-mesh"].export(*retrying("orders-db"))
    assert files == ()
    assert any("where they are no HTTP" in gap.what for gap in gaps)


def test_what_is_down_answers_with_errors_where_the_tool_can_do_so():
    """Lost packets are felt as slow: Litmus lets a service answer 503 instead, and says so where it cannot."""
    system, strategy = retrying("recommendation")
    for callee, name in (("recommendation", "pod-http-status-code"), ("orders-db", "pod-network-loss")):
        scenario = Scenario(id="s", fail=(callee,), mode="down")
        down = strategy.experiments[0].model_copy(update={"id": "down", "pattern": "circuit_breaker", "scenario": scenario})
        files, gaps = EXPORTERS["litmus"].export(system, strategy.model_copy(update={"experiments": (down,)}))
        assert yaml(files[0].content)[0]["spec"]["experiments"][0]["name"] == name
        assert any("felt as slow" in gap.what or "feel as slow" in gap.what for gap in gaps) is (callee == "orders-db")


def test_slow_is_slower_than_the_longest_timeout():
    """A delay below the timeout would prove nothing: twice the timeout is added."""
    files = made(
        "toxiproxy",
        (shop_system(), everything(shop_system(), timeout="3s").model_copy(update={"experiments": shop_strategy().experiments})),
    )
    (toxics,) = json.loads(files["toxiproxy/toxics.json"]).values()
    assert toxics["apply"][0]["toxic"]["attributes"]["latency"] == 6000


@pytest.mark.parametrize("target", TARGETS)
def test_hostile_words_stay_words(target):
    """They may stand in titles and comments; they start no document, no key and no path of their own."""
    book = hostile_book()
    for path, content in made(target, (book.system, book.strategy)).items():
        assert set(path) <= set("abcdefghijklmnopqrstuvwxyz0123456789-./")
        text = content.decode()
        assert "\u202e" not in text
        parsed = [json.loads(text)] if path.endswith(".json") else yaml(content)
        assert parsed
    assert "<script>" in HOSTILE
