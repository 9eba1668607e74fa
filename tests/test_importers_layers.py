"""Attempts of a client's library and of a mesh below it: they multiply, so both count and somebody is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.importers import importers, merge
from auditkit.importers.envoy import ENVOY
from auditkit.importers.istio import ISTIO
from auditkit.importers.linkerd import LINKERD
from auditkit.importers.resilience4j import RESILIENCE4J
from auditkit.model.draft import Conflict, Draft
from auditkit.project.audit import Audit

CLIENT = """
spring: {application: {name: api}}
resilience4j:
  retry: {instances: {orders: {maxAttempts: 3, waitDuration: 100ms}}}
"""
LIMIT = "  timelimiter: {instances: {orders: {timeoutDuration: 500ms}}}\n"
MESH = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orders}
spec:
  hosts: [orders]
  http:
    - route: [{destination: {host: orders}}]
      retries: {attempts: 2, perTryTimeout: 300ms, backoff: 10ms}
"""
ASKED = (
    "resilience4j makes 3 attempts of api -> orders, and for each of them Istio makes 3 (vs.yaml:8): 3 × 3 = 9 attempts for one"
    " request where everything fails; the map has the 3 of resilience4j: which layer should try again? (application.yml:4)"
)


def client(text: str = CLIENT) -> Draft:
    """What a program's own settings say."""
    return RESILIENCE4J.read(text, "application.yml", lambda _: None)


def mesh(text: str = MESH) -> Draft:
    """What the mesh says."""
    return ISTIO.read(text, "vs.yaml", lambda _: None)


def policy_of(drafts: list[Draft]) -> tuple[dict[str, object], dict[str, str], tuple[Conflict, ...]]:
    """The policy of the one call, the questions by id, and the conflicts."""
    merged, conflicts = merge(drafts)
    (call,) = merged.dependencies
    return dict(call.data["policy"]), {question.id: question.what for question in merged.questions}, conflicts


def test_attempts_of_two_layers_are_multiplied_in_a_question() -> None:
    """3 of the library, each of them 3 of the mesh: 9, which is no conflict, since both are in force."""
    policy, asked, conflicts = policy_of([client(), mesh()])
    assert asked["layers api -> orders"] == ASKED
    assert policy["retry"]["max_attempts"] == 3
    assert conflicts == ()


def test_an_attempt_of_the_client_takes_as_long_as_all_of_the_mesh() -> None:
    """3 × 300 ms and waits of 10 and 20 ms are 930 ms, unless the client gives up before."""
    assert policy_of([client(), mesh()])[0]["timeout"] == "930ms"
    assert policy_of([client(CLIENT + LIMIT), mesh()])[0]["timeout"] == "500ms"


def test_the_order_of_the_files_decides_nothing() -> None:
    """One way or the other, the same draft."""
    one, other = merge([client(), mesh()])[0], merge([mesh(), client()])[0]
    assert (one.dependencies, set(one.questions)) == (other.dependencies, set(other.questions))


@pytest.mark.parametrize(
    ("once", "attempts", "timeout"), [("client", 3, "300ms"), ("client with a limit", 3, "156667us"), ("mesh", 3, "300ms")]
)
def test_where_one_layer_does_not_try_again_the_other_one_holds(once: str, attempts: int, timeout: str) -> None:
    """1 × 3 is 3, and nothing is asked; a limit of the client's is for all attempts of the mesh together."""
    above = client(CLIENT.replace("3,", "1,") + (LIMIT if "limit" in once else "")) if "client" in once else client()
    below = mesh(MESH.replace("attempts: 2", "attempts: 0") if once == "mesh" else MESH)
    policy, asked, conflicts = policy_of([above, below])
    assert (policy["retry"]["max_attempts"], policy["timeout"]) == (attempts, timeout)
    assert not [name for name in asked if name.startswith("layers")]
    assert conflicts == ()


def test_retries_that_a_mesh_does_by_default_multiply_as_well() -> None:
    """Nobody has written them down, and they are in force."""
    silent = MESH.replace("      retries: {attempts: 2, perTryTimeout: 300ms, backoff: 10ms}\n", "")
    asked = policy_of([client(), mesh(silent)])[1]
    assert "Istio makes 3 (vs.yaml:8, its default): 3 × 3 = 9 attempts" in asked["layers api -> orders"]


def test_linkerd_multiplies_as_well() -> None:
    """Its annotations on the Service are those of a mesh."""
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: orders, annotations: {retry.linkerd.io/http: 5xx,"
    text += " retry.linkerd.io/limit: '1'}}\nspec: {}\n"
    found = LINKERD.read(text, "service.yaml", lambda _: None)
    assert "Linkerd makes 2 (service.yaml:3): 3 × 2 = 6 attempts" in policy_of([client(), found])[1]["layers api -> orders"]


PROXY = """
node: {cluster: api}
static_resources:
  virtual_hosts:
    - name: orders
      domains: ["*"]
      routes:
        - match: {prefix: "/"}
          route: {cluster: orders, timeout: 2s, retry_policy: {num_retries: 3, per_try_timeout: 0.3s}}
  clusters: [{name: orders, connect_timeout: 1s}]
"""
POLLY = '{"orders": {"Retry": {"MaxRetryAttempts": 2}, "AttemptTimeout": {"Timeout": "00:00:01"}}}'
CHANNEL = """{"methodConfig": [{"name": [{"service": "shop.Orders"}], "retryPolicy": {"maxAttempts": 4,
 "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"""
HYSTRIX_TEXT = """spring.application.name=api
hystrix.command.orders.execution.isolation.thread.timeoutInMilliseconds=700
"""


@pytest.mark.parametrize(
    ("reader", "text", "name", "product"),
    [("resilience4j", CLIENT, "application.yml", "3 × 4 = 12"), ("dotnet", POLLY, "api/appsettings.json", "3 × 4 = 12"),
     ("grpc", CHANNEL, "api/orders.json", "4 × 4 = 16"), ("hystrix", HYSTRIX_TEXT, "api.properties", "")],
)  # fmt: skip
def test_envoy_multiplies_what_each_library_tries(reader: str, text: str, name: str, product: str) -> None:
    """Also where the library speaks of one service of the channel; Hystrix never tries again, so nothing multiplies."""
    above = importers()[reader].read(text, name, lambda _: None)
    merged, _ = merge([above, ENVOY.read(PROXY, "envoy.yaml", lambda _: None)])
    asked = [question.what for question in merged.questions if question.id.startswith("layers")]
    assert len(asked) == bool(product)
    assert all(product in what for what in asked)


def test_two_libraries_contradict_each_other() -> None:
    """Two figures for one layer are a conflict, as before."""
    other = RESILIENCE4J.read(CLIENT.replace("3,", "5,"), "other.yml", lambda _: None)
    _, asked, conflicts = policy_of([client(), other])
    assert [conflict.what for conflict in conflicts] == ["api -> orders: policy.retry"]
    assert not [name for name in asked if name.startswith("layers")]


@pytest.mark.parametrize("first", ["application.yml", "vs.yaml"])
def test_layers_meet_where_they_are_imported_one_after_the_other(tmp_path: Path, first: str) -> None:
    """Whichever comes first; and reading both again changes nothing, nor asks again what was answered."""
    files = {"application.yml": CLIENT, "vs.yaml": MESH}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    second = next(name for name in files if name != first)
    audit = Audit.importing([tmp_path / first], tmp_path / "audit")
    audit.import_files([tmp_path / second])
    (call,) = audit.system.dependencies
    assert (call.policy.retry.max_attempts, call.policy.timeout_s) == (3, 0.93)
    assert {e.source for e in call.evidence} == set(files)
    (asked,) = [question for question in audit.system.questions if question.id == "layers api -> orders"]
    assert asked.what == ASKED
    assert not audit.conflicts()
    audit.settle(asked.id, "the mesh only", by="ann")
    before = (tmp_path / "audit" / "system.yaml").read_bytes()
    audit.import_files([tmp_path / name for name in files])
    assert (tmp_path / "audit" / "system.yaml").read_bytes() == before
    (tmp_path / "vs.yaml").write_text(MESH.replace("300ms", "200ms"), encoding="utf-8")
    audit.import_files([tmp_path / "vs.yaml"])
    assert audit.system.dependencies[0].policy.timeout_s == 0.63


@pytest.mark.parametrize("first", ["envoy.yaml", "api/orders.json"])
def test_a_proxy_and_one_service_of_a_channel_meet_whichever_comes_first(tmp_path: Path, first: str) -> None:
    """The operation waits for all attempts of the proxy; reading the folder again changes nothing."""
    for name, text in {"envoy.yaml": PROXY, "api/orders.json": CHANNEL}.items():
        (tmp_path / "both" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "both" / name).write_text(text, encoding="utf-8")
    (tmp_path / "one" / first).parent.mkdir(parents=True)
    (tmp_path / "one" / first).write_bytes((tmp_path / "both" / first).read_bytes())
    audit = Audit.importing([tmp_path / "one"], tmp_path / "audit")
    audit.import_files([tmp_path / "both"])
    assert [q.id for q in audit.system.questions if q.id.startswith("layers")] == ["layers api -> orders:shop.Orders"]
    assert audit.conflicts() == ()
    before = (tmp_path / "audit" / "system.yaml").read_bytes()
    audit.import_files([tmp_path / "both"])
    assert (tmp_path / "audit" / "system.yaml").read_bytes() == before
