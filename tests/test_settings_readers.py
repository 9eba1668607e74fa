"""Settings in force today, read from meshes, proxies and libraries: what is exported, read back, is the same policy."""

from __future__ import annotations

import pytest
from document_books import policy
from exporters_inputs import boutique, everything, sample, two

from auditkit.exporters import EXPORTERS
from auditkit.exporters.calls import calls, http_only
from auditkit.importers import IMPORTERS, detect_format, dump_yaml, load_yaml, merge, validate
from auditkit.importers.base import ReadSibling, no_siblings
from auditkit.importers.kubernetes import read_together
from auditkit.model.audit import Strategy
from auditkit.model.draft import Draft
from auditkit.model.label import label
from auditkit.model.noun import FROM_FILE
from auditkit.model.policy import attempts, backoffs_s
from auditkit.model.system import Policy, System
from auditkit.project.importing import import_files

WAITS: dict[str, object] = {"backoff": "50ms", "multiplier": 2, "max_backoff": "500ms"}
EXPRESSIBLE = {
    "istio": {
        "timeout": "300ms",
        "retry": {"max_attempts": 3, **WAITS, "jitter": "full"},
        "circuit_breaker": {"failures": 5, "in_a_row": True, "open_for": "30s"},
        "bulkhead": {"max_concurrent": 12},
    },
    "resilience4j": {
        "timeout": "300ms",
        "retry": {"max_attempts": 3, **WAITS, "jitter": "full"},
        "circuit_breaker": {
            "failure_rate": "50%", "window": "10s", "min_calls": 20, "slow_call": "200ms", "slow_call_rate": "80%",
            "open_for": "30s", "growth": 2, "max_open": "5m", "half_open_calls": 3,
        },
        "bulkhead": {"max_concurrent": 12, "max_wait": "0s"},
    },
    "linkerd": {
        "timeout": "300ms",
        "retry": {"max_attempts": 3, "backoff": "0s", "jitter": "none"},
        "circuit_breaker": {"failures": 5, "in_a_row": True, "open_for": "30s", "growth": 2, "max_open": "5m",
                            "half_open_calls": 1},
    },
    "envoy": {
        "timeout": "300ms",
        "retry": {"max_attempts": 3, **WAITS, "jitter": "full", "budget": "1%"},
        "circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "30s", "max_open": "5m"},
        "bulkhead": {"max_concurrent": 12},
    },
    "hystrix": {
        "timeout": "300ms",
        "circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "30s", "half_open_calls": 1},
        "bulkhead": {"max_concurrent": 12, "max_wait": "0s"},
    },
    "dotnet": {
        "timeout": "300ms",
        "retry": {"max_attempts": 3, **WAITS, "jitter": "full"},
        "circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "30s", "half_open_calls": 1},
        "bulkhead": {"max_concurrent": 12, "max_wait": "0s"},
    },
    "grpc": {"timeout": "300ms", "retry": {"max_attempts": 3, **WAITS, "budget": "1%"}},
}  # fmt: skip
"""For each target a policy that it can hold in full, in its own way of waiting."""
NO_WAITS = {"linkerd"}
"""Targets that retry at once."""


def exported(target: str, system: System, strategy: Strategy | None) -> list[tuple[str, str]]:
    """Path (as below the target's own folder) and text of each exported file."""
    artifacts, _ = EXPORTERS[target].export(system, strategy)
    return [(artifact.path, artifact.content.decode()) for artifact in artifacts]


def calls_only(system: System) -> str:
    """The file of somebody who knows the calls, and how none of them is bounded."""
    open_ = tuple(dependency.model_copy(update={"policy": None}) for dependency in system.dependencies)
    return dump_yaml(system.model_copy(update={"dependencies": open_}), None)


def read_back(target: str, files: list[tuple[str, str]]) -> list[Draft]:
    """Every exported file, recognised by its content, and read."""
    settings = [(path, text) for path, text in files if not path.endswith(".cs")]
    assert {detect_format(path, text) for path, text in settings} == {target}
    return [IMPORTERS[target].read(text, path, beside(path, files)) for path, text in settings]


def beside(path: str, files: list[tuple[str, str]]) -> ReadSibling:
    """The exported files in the folder of one of them."""
    folder = path.rpartition("/")[0]
    inside = {other.removeprefix(f"{folder}/"): text for other, text in files if other.rpartition("/")[0] == folder}
    return lambda relative: "\n".join(inside) if relative == "./" else inside.get(relative)


def round_trip(target: str, **settings: object) -> Policy:
    """The policy of `api:x -> Orders.V2` after an export and an import into the same audit, which knew no settings."""
    system, strategy = two(**settings)
    person = load_yaml(dump_yaml(system, None), "system.yaml")
    merged, conflicts = merge([person, *read_back(target, exported(target, system, strategy))])
    assert not conflicts
    (dependency,) = validate(merged).dependencies
    assert dependency.subject == "api:x -> Orders.V2"
    assert isinstance(dependency.policy, Policy)
    return dependency.policy


@pytest.mark.parametrize("target", EXPRESSIBLE)
def test_what_is_exported_and_read_back_is_the_same_policy(target):
    """Every figure that a target can hold survives the way out and back, into the refined call that it was made for."""
    assert round_trip(target, **EXPRESSIBLE[target]) == policy(**EXPRESSIBLE[target])


@pytest.mark.parametrize("target", [target for target in EXPRESSIBLE if target != "hystrix"])
@pytest.mark.parametrize("tried", [1, 2, 3, 4, 5])
def test_attempts_come_back_as_attempts(target, tried):
    """Istio, Linkerd, Envoy and Polly count retries, the others attempts; all come back as attempts, with the timeout of one."""
    waits = {} if target in NO_WAITS else WAITS
    back = round_trip(target, timeout="100ms", retry={"max_attempts": tried, **waits})
    assert (attempts(back), back.timeout_s) == (tried, 0.1)


@pytest.mark.parametrize("target", ["istio", "envoy"])
def test_a_retry_before_sending_stays_one(target):
    """Conditions after which nothing can have been sent come back as such."""
    careful = {"max_attempts": 2, **WAITS, "jitter": "full", "only": "before_sending"}
    assert round_trip(target, timeout="300ms", retry=careful).retry == policy(retry=careful).retry


@pytest.mark.parametrize("target", ["istio", "resilience4j", "dotnet"])
@pytest.mark.parametrize("stated", ["none", {"max_attempts": 1}])
def test_no_retry_comes_back_as_none(target, stated):
    """A single attempt is no retry, however it was written."""
    assert round_trip(target, timeout="100ms", retry=stated).retry == "none"


def test_failures_in_a_row_come_back_as_a_count():
    """resilience4j has no breaker by count; all of the last five failed is read as five failures."""
    stated = {"failures": 5, "open_for": "30s"}
    in_force = {**stated, "in_a_row": True, "slow_call": "60s", "slow_call_rate": "100%", "half_open_calls": 10}
    assert round_trip("resilience4j", circuit_breaker=stated) == policy(circuit_breaker=in_force)


@pytest.mark.parametrize("target", [target for target in EXPRESSIBLE if target != "linkerd"])
@pytest.mark.parametrize("name", ["worked-example", "flash-sale", "boutique"])
def test_every_call_of_the_samples_survives_the_way_out_and_back(target, name, shared):
    """All calls that a target can see come back, each with its policy, and no other."""
    system = boutique(shared) if name == "boutique" else sample(name)
    strategy = everything(system, **EXPRESSIBLE[target])
    unseen = {gap.where for gap in EXPORTERS[target].export(system, strategy)[1] if "is not HTTP" in gap.what}
    expected = {
        f"{label(call.caller)} -> {label(call.callee)}": call.policy
        for call in calls(system, strategy)[0]
        if call.name not in unseen
    }
    merged, _ = merge([load_yaml("system: s", "s.yaml"), *read_back(target, exported(target, system, strategy))])
    assert {dependency.subject: dependency.policy for dependency in validate(merged).dependencies} == expected


@pytest.mark.parametrize("name", ["worked-example", "flash-sale", "boutique"])
def test_every_call_of_the_samples_is_bounded_by_linkerd_again(name, shared):
    """Annotations hold for whoever calls a Service: every call that Linkerd sees, once its callers are known, and no other."""
    system = boutique(shared) if name == "boutique" else sample(name)
    strategy = everything(system, **EXPRESSIBLE["linkerd"])
    seen = {subject for call in http_only(calls(system, strategy)[0], "Linkerd")[0] for subject in call.subjects}
    known = load_yaml(calls_only(system), "system.yaml")
    merged, _ = merge([known, *read_back("linkerd", exported("linkerd", system, strategy))])
    bounded = {dependency.subject: dependency.policy for dependency in validate(merged).dependencies if dependency.policy}
    assert bounded == dict.fromkeys(seen, policy(**EXPRESSIBLE["linkerd"]))
    assert seen


# ---------------------------------------------------------------------------------------------------- Istio

RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orders}
spec:
  hosts: [orders]
  http:
  - timeout: 2s
    retries: {attempts: 2, perTryTimeout: 500ms}
    route: [{destination: {host: orders.shop.svc.cluster.local}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: orders}
spec:
  host: orders
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 100}, tcp: {maxConnections: 40}}
    outlierDetection: {consecutive5xxErrors: 7, baseEjectionTime: 1m}
"""


def read(format: str, text: str, name: str) -> Draft:
    return IMPORTERS[format].read(text, name, no_siblings)


def load_compose(text: str) -> Draft:
    return read("compose", text, "compose.yaml")


def asked(draft: Draft) -> str:
    """All questions of a draft, one a line."""
    return "\n".join(question.what for question in draft.questions)


def test_a_rule_for_everybody_holds_for_each_known_call():
    """Without the caller's labels a rule holds for all callers of a host: synchronous ones, whose files are merged with it."""
    known = "from,to,call\nweb,orders,sync\napi,orders,sync\njobs,orders,async\napi,users,sync\n"
    merged, _ = merge([load_yaml("system: s", "s.yaml"), read("edge-list", known, "e.csv"), read("istio", RULES, "rules.yaml")])
    found = {d.subject: d.policy for d in validate(merged).dependencies}
    bounded = policy(
        timeout="500ms",
        retry={"max_attempts": 3, "backoff": "25ms", "multiplier": 2, "max_backoff": "250ms", "jitter": "full"},
        bulkhead={"max_concurrent": 40},
        circuit_breaker={"failures": 7, "in_a_row": True, "open_for": "1m"},
    )
    assert found == {"web -> orders": bounded, "api -> orders": bounded, "jobs -> orders": None, "api -> users": None}


def test_a_contradiction_names_the_call():
    """A rule for everybody that says otherwise than a person is listed under the call, not under an entry without a name."""
    person = "system: s\ncomponents: [{id: web}, {id: orders}]\ndependencies: [{from: web, to: orders, policy: {timeout: 1s}}]\n"
    _, conflicts = merge([load_yaml(person, "s.yaml"), read("istio", RULES, "rules.yaml")])
    assert [(found.what, found.kept, found.dropped) for found in conflicts] == [
        ("web -> orders: policy.timeout", "1s (s.yaml)", "500ms (rules.yaml)")
    ]


def test_a_rule_for_everybody_invents_no_call():
    """Where no call of the host is known, the rule raises a question."""
    merged, _ = merge([load_yaml("system: s\ncomponents: [{id: orders}]", "s.yaml"), read("istio", RULES, "rules.yaml")])
    assert merged.dependencies == ()
    assert "no call of it is known: who calls it? (rules.yaml:8)" in asked(merged)


def test_a_rule_for_everybody_does_not_make_a_call_more_certain():
    """A rule bounds whatever calls there are; a call that only start order shows stays one that only start order shows."""
    known = load_compose("services: {web: {image: w, depends_on: [orders]}, orders: {image: o}}")
    merged, _ = merge([load_yaml("system: s", "s.yaml"), known, read("istio", RULES, "rules.yaml")])
    (found,) = validate(merged).dependencies
    assert found.confidence == "ordering"
    assert attempts(found.policy) == 3


def test_a_mesh_file_finds_its_workloads_among_the_manifests(tmp_path):
    """Given together, host names and labels mean the components behind them; the result is what one file would have said."""
    manifests = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: order-server}
spec: {replicas: 2, template: {metadata: {labels: {app: order-pods}}, spec: {containers: [{name: c, image: o}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec: {selector: {app: order-pods}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: w, env: [{name: ORDERS_URL, value: "http://orders:80"}]}]}
"""
    (tmp_path / "manifests.yaml").write_text(manifests)
    (tmp_path / "rules.yaml").write_text(RULES)
    import_files([tmp_path / "rules.yaml", tmp_path / "manifests.yaml"], tmp_path / "apart")
    (tmp_path / "all.yaml").write_text(f"{manifests}---{RULES}")
    import_files([tmp_path / "all.yaml"], tmp_path / "together")
    for folder in ("apart", "together"):
        system = validate(load_yaml((tmp_path / folder / "system.yaml").read_text(), "system.yaml"))
        (dependency,) = system.dependencies
        assert dependency.subject == "web -> order-server"
        assert isinstance(dependency.policy, Policy)
        assert dependency.policy.timeout_s == 0.5


def test_a_whole_call_that_ends_before_its_attempts_is_asked_about():
    """Three attempts of 2 s do not fit into a call of 2 s; which of them is meant is a question."""
    rules = RULES.replace("perTryTimeout: 500ms", "perTryTimeout: 2s")
    assert "the whole call ends after 2s, but 3 attempts of 2s take up to 6075ms" in asked(read("istio", rules, "r.yaml"))


def test_only_the_whole_call_is_bounded():
    """Each attempt gets an equal part, so that the worst case stays that of the file."""
    rules = RULES.replace(", perTryTimeout: 500ms", "")
    assert read("istio", rules, "r.yaml").for_every_caller[0].data["policy"]["timeout"] == "641667us"


def test_routes_for_some_paths_only_are_asked_about():
    """A route with a path of its own bounds some operations; which ones, only a person knows."""
    slow = "  http:\n  - match: [{uri: {prefix: /report}}]\n    timeout: 30s\n    route: [{destination: {host: orders}}]\n"
    draft = read("istio", RULES.replace("  http:\n", slow), "r.yaml")
    assert draft.for_every_caller[0].data["policy"]["timeout"] == "500ms"
    assert "other timeouts or retries for some calls of orders" in asked(draft)


def test_an_injected_fault_is_asked_about():
    """Bookinfo's samples delay a call by 7 s on purpose; whether that is still meant, only a person knows."""
    faulty = "  http:\n  - fault: {delay: {fixedDelay: 7s}}\n    route: [{destination: {host: orders}}]\n"
    assert "makes calls of orders fail on purpose (delay)" in asked(read("istio", RULES.replace("  http:\n", faulty), "r.yaml"))


def test_what_holds_at_a_gateway_only_is_no_call_between_components():
    """A route for what comes in from outside bounds nobody's call inside."""
    assert read("istio", RULES.replace("  hosts:", "  gateways: [public]\n  hosts:"), "r.yaml").for_every_caller[0].data[
        "policy"
    ].keys() == {"circuit_breaker", "bulkhead"}


def test_an_update_of_the_rules_updates_the_audit(tmp_path):
    """A rule that is read again with another figure changes what it had said of a refined call."""
    (tmp_path / "audit").mkdir()
    text = "system: s\ncomponents: [{id: web}, {id: orders}]\ndependencies:\n- {from: 'web:buy', to: 'orders:create'}\n"
    (tmp_path / "audit/system.yaml").write_text(text)
    for timeout in ("500ms", "400ms"):
        (tmp_path / "rules.yaml").write_text(RULES.replace("500ms", timeout))
        import_files([tmp_path / "rules.yaml"], tmp_path / "audit")
        assert f"timeout: {timeout}" in (tmp_path / "audit/system.yaml").read_text()


# ---------------------------------------------------------------------------------------------------- Linkerd

ANNOTATED = """
apiVersion: v1
kind: Service
metadata:
  name: pay
  annotations: {retry.linkerd.io/http: 5xx, timeout.linkerd.io/request: 2s, balancer.linkerd.io/failure-accrual: consecutive}
"""
PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: pay.shop.svc.cluster.local}
spec:
  routes:
  - {name: all, condition: {pathRegex: ".*"}, isRetryable: true}
  retryBudget: {retryRatio: 0.1, minRetriesPerSecond: 5, ttl: 10s}
"""
MESH_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: pay, annotations: {retry.linkerd.io/limit: "3"}}
spec:
  parentRefs: [{name: pay, kind: Service}]
  rules:
  - {timeouts: {request: 4s}}
  - {matches: [{path: {value: /report}}], timeouts: {request: 9s}}
"""


def test_linkerd_has_the_defaults_of_its_documentation():
    """One retry, and a breaker after 7 failures in a row for 1 s to 60 s: linkerd.io/2/reference, Retries, Circuit Breaking."""
    (item,) = read("linkerd", ANNOTATED, "services.yaml").for_every_caller
    assert item.data["policy"] == {
        "timeout": "1s",
        "retry": {"max_attempts": 2, "backoff": "0s", "jitter": "none"},
        "circuit_breaker": {
            "failures": 7,
            "in_a_row": True,
            "open_for": "1s",
            "growth": 2.0,
            "max_open": "1m",
            "half_open_calls": 1,
        },
    }
    assert "retry.linkerd.io/limit 1" in item.data["evidence"][1]["locator"]


def test_a_profile_makes_annotations_void_and_limits_no_attempts():
    """A route of a profile ends after 10 s where it does not say otherwise; its retries have a budget, and no number."""
    draft = read("linkerd", f"{ANNOTATED}---{PROFILE}", "all.yaml")
    (item,) = draft.for_every_caller
    assert (item.data["policy"]["timeout"], item.data["policy"].get("retry")) == ("10s", None)
    assert "without a limit on attempts, only with a budget (10 % more requests, and 5 a second at least)" in asked(draft)
    assert "void by its ServiceProfile" in asked(draft)
    assert "void" not in asked(read("linkerd", ANNOTATED, "services.yaml"))


def test_a_route_of_a_service_comes_before_its_annotations():
    """The rule for all calls holds with the route's own retries; the one for a path is asked about; the breaker stays."""
    draft = read("linkerd", f"{ANNOTATED}---{MESH_ROUTE}", "all.yaml")
    (item,) = draft.for_every_caller
    assert (item.data["policy"]["timeout"], item.data["policy"]["retry"]["max_attempts"]) == ("1s", 4)
    assert item.data["policy"]["circuit_breaker"]["failures"] == 7
    assert [question.id for question in draft.questions] == ["routes pay"]


def test_annotations_among_manifests_are_read_with_them():
    """In a cluster the settings bound the workload behind the Service, and a route of a Service lets nobody in."""
    manifests = f"""{ANNOTATED}spec: {{selector: {{app: payments}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: payments, labels: {{app: payments}}}}, spec: {{containers: []}}}}
---{MESH_ROUTE}"""
    draft = read_together([("all.yaml", manifests)])
    assert [item.data["to"] for item in draft.for_every_caller] == ["payments"]
    assert draft.journeys == ()


# ---------------------------------------------------------------------------------------------------- Envoy

BOOTSTRAP = """
node: {cluster: web}
static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          route_config:
            virtual_hosts:
            - name: all
              retry_policy: {retry_on: 5xx}
              routes:
              - {match: {prefix: /slow}, route: {cluster: orders, timeout: 30s}}
              - {match: {prefix: /}, route: {cluster: orders, timeout: 2.025s}}
              - match: {prefix: /}
                route: {weighted_clusters: {clusters: [{name: users, weight: 1}]}, retry_policy: {num_retries: 0}}
  clusters:
  - name: orders
    connect_timeout: 1s
    load_assignment:
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: order-server.shop.svc, port_value: 80}}}}]}]
    circuit_breakers: {thresholds: [{priority: HIGH, max_requests: 5}, {max_requests: 30}]}
  - {name: users, connect_timeout: 1s, outlier_detection: {}}
  - name: own
    load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1}}}}]}]}
    outlier_detection: {}
"""


def test_a_bootstrap_of_envoy_has_the_defaults_of_its_api():
    """Envoy's v3 API: 15 s a route, one retry after 25 ms, 5 errors, 30 s to 300 s; its own program is not called."""
    draft = read("envoy", BOOTSTRAP, "front.yaml")
    waits = {"backoff": "25ms", "multiplier": 2.0, "max_backoff": "250ms", "jitter": "full"}
    assert {item.data["to"]: item.data["policy"] for item in draft.dependencies} == {
        "order-server": {"timeout": "1s", "retry": {"max_attempts": 2, **waits}, "bulkhead": {"max_concurrent": 30}},
        "users": {
            "timeout": "15s",
            "retry": "none",
            "circuit_breaker": {"failures": 5, "in_a_row": True, "open_for": "30s", "max_open": "5m"},
        },
    }
    assert {question.id for question in draft.questions} == {"routes web -> order-server", "ejection (front.yaml)"}


def test_whose_proxy_it_is_is_asked_where_nothing_tells():
    """Without `node.cluster` and without a place no call is made up, nor from a dump of a mesh's proxy, which knows everybody."""
    nobody = read("envoy", BOOTSTRAP.replace("node: {cluster: web}", "node: {}"), "envoy.yaml")
    dump = read("envoy", BOOTSTRAP.replace("name: orders", "name: outbound|80||orders.shop.svc.cluster.local"), "dump.yaml")
    assert nobody.dependencies == dump.dependencies == ()
    assert "does not say whose" in asked(nobody)
    assert "import the mesh's own objects" in asked(dump)


@pytest.mark.parametrize("target", ["envoy", "hystrix"])
def test_a_file_of_ours_is_named_for_its_caller(target):
    """`import out/envoy` gives the files without their folder; what they begin with says that the name is the caller's."""
    system, strategy = two(**EXPRESSIBLE[target])
    ((path, text),) = exported(target, system, strategy)
    (item,) = read(target, text, path.rpartition("/")[2]).dependencies
    assert item.data["from"] == "api"
    strangers = text.replace("Written by auditkit", "Written by hand")
    assert read(target, strangers, path.rpartition("/")[2]).dependencies == ()


def test_a_timeout_of_nought_switches_it_off():
    """A route whose timeout is 0 s has none, which is not the same as saying nothing."""
    draft = read("envoy", BOOTSTRAP.replace("timeout: 2.025s", "timeout: 0s"), "front.yaml")
    assert draft.dependencies[0].data["policy"]["timeout"] == "none"


# ---------------------------------------------------------------------------------------------------- resilience4j

NESTED = """
spring:
  application:
    name: web
resilience4j:
  circuitbreaker:
    configs:
      default: {sliding-window-type: TIME_BASED, sliding-window-size: 30, failureRateThreshold: 40}
      slow: {baseConfig: default, slowCallDurationThreshold: PT2S}
    instances:
      orders: {base-config: slow, wait-duration-in-open-state: 10s}
  retry.instances.orders:
    max-attempts: 4
    waitDuration: ${WAIT:250}
  thread-pool-bulkhead:
    instances:
      orders: {maxThreadPoolSize: 8, coreThreadPoolSize: 4}
---
spring.config.activate.on-profile: test
resilience4j.retry.instances.orders.maxAttempts: 1
"""


def test_resilience4j_is_read_however_it_is_written():
    """Nested or dotted keys, any case, base configurations, placeholders and ISO durations; profiles are left out and named."""
    (item,) = read("resilience4j", NESTED, "application.yml").dependencies
    assert (item.data["from"], item.data["to"]) == ("web", "orders")
    assert item.data["policy"] == {
        "retry": {"max_attempts": 4, "backoff": "250ms", "jitter": "none"},
        "circuit_breaker": {
            "failure_rate": "40%", "window": "30s", "min_calls": 100, "slow_call": "2s", "slow_call_rate": "100%",
            "open_for": "10s", "half_open_calls": 10,
        },
        "bulkhead": {"max_concurrent": 8},
    }  # fmt: skip
    assert any("profile test" in said for said in read("resilience4j", NESTED, "application.yml").cannot_say)


def test_properties_say_the_same_as_yaml():
    """The same settings as a properties file, with its comments, continued lines and brackets."""
    text = (
        "# ours\nspring.application.name = web\n"
        "resilience4j.retry.instances.[orders.v2].maxAttempts : 3\n"
        "resilience4j.timelimiter.instances.[orders.v2].timeout-duration=1\\\n  500ms\n"
    )
    assert detect_format("application.properties", text) == "resilience4j"
    (item,) = read("resilience4j", text, "application.properties").dependencies
    assert item.data["to"] == "orders.v2"
    assert item.data["policy"] == {"timeout": "1.5s", "retry": {"max_attempts": 3, "backoff": "500ms", "jitter": "none"}}
    assert item.where("policy.timeout") == "application.properties:3"


def test_whose_settings_they_are_is_asked_where_nothing_tells():
    """Without a program's name and without a folder, no call is made up."""
    draft = read("resilience4j", NESTED.replace("name: web", "admin: web"), "application.yml")
    assert draft.dependencies == ()
    assert "a program that the file does not name" in draft.questions[0].what


def test_waits_that_shrink_are_told():
    """A factor below 1 is a mistake in the file, not a traceback (found by fuzzing)."""
    wrong = SPRING.format(module="retry", key="enableExponentialBackoff", value="true")
    wrong += "resilience4j.retry.instances.orders.exponentialBackoffMultiplier: 0\n"
    assert "0 lets it shrink  write 1 or more" in str(read("resilience4j", wrong, "a.yml").problems[0])


def test_figures_that_cannot_be_read_are_told_with_their_line():
    """One line a mistake, all at once, with what to write instead."""
    wrong = NESTED.replace("max-attempts: 4", "max-attempts: four").replace("PT2S", "2 parsecs")
    problems = [str(problem) for problem in read("resilience4j", wrong, "a.yml").problems]
    assert problems == [
        "a.yml:13  resilience4j.retry.instances.orders.max-attempts: 'four' is no whole number  write for example 3",
        "a.yml:9  resilience4j.circuitbreaker.configs.slow.slowCallDurationThreshold: '2 parsecs' is no duration  "
        "write for example 200ms, 1.5s, 5m",
    ]


# ---------------------------------------------------------------------------------------------------- .NET

APPSETTINGS = """{
  // as .NET takes it
  "Clients": {
    "Orders.Api": {"BaseAddress": "http://orders", "Resilience": {"AttemptTimeout": {"Timeout": "00:00:03"}}},
    "Users": {"Retry": {"MaxRetryAttempts": 2, "Delay": "00:00:00.2"}}, /* plain Polly? */
    "Pay:CircuitBreaker": {"FailureRatio": 0.25}
  }
}
"""


def test_a_standard_handler_has_the_defaults_of_its_documentation():
    """HttpStandardResilienceOptions: 30 s, 10 s, 3 retries, 10 % of 100 in 30 s, 5 s, 1000; a lone strategy says nothing else."""
    draft = read("dotnet", APPSETTINGS, "src/web/appsettings.json")
    assert detect_format("appsettings.json", APPSETTINGS) == "dotnet"
    assert {item.data["to"]: item.data["policy"] for item in draft.dependencies} == {
        "Orders.Api": {
            "timeout": "3s",
            "retry": {"max_attempts": 4, "backoff": "2s", "multiplier": 2.0, "jitter": "full"},
            "circuit_breaker": {"failure_rate": "10%", "window": "30s", "min_calls": 100, "open_for": "5s", "half_open_calls": 1},
            "bulkhead": {"max_concurrent": 1000, "max_wait": "0s"},
        },
        "Users": {"retry": {"max_attempts": 3, "backoff": "200ms", "jitter": "none"}},
        "Pay": {
            "circuit_breaker": {"failure_rate": "25%", "window": "30s", "min_calls": 100, "open_for": "5s", "half_open_calls": 1}
        },
    }
    assert {item.data["from"] for item in draft.dependencies} == {"web"}


def test_the_defaults_of_a_standard_handler_do_not_fit_into_it():
    """Four attempts of 10 s do not fit into 30 s: with all defaults, that is asked about."""
    text = '{"Orders": {"RateLimiter": {"DefaultRateLimiterOptions": {"QueueLimit": 5}}}}'
    assert "the whole call ends after 30s, but 4 attempts of 10s take up to" in asked(
        IMPORTERS["dotnet"].read(text, "web/appsettings.json", no_siblings)
    )


def test_a_section_without_a_name_or_a_program_is_asked_about():
    """A handler for every client, and a file that lies nowhere, make up no call."""
    every = '{"Resilience": {"HttpClients": {"Default": {"AttemptTimeout": {"Timeout": "00:00:03"}}}}}'
    assert "of whom does not stand there" in asked(read("dotnet", every, "web/appsettings.json"))
    assert "whose does not stand there" in asked(read("dotnet", APPSETTINGS, "appsettings.json"))
    assert read("dotnet", every, "web/appsettings.json").dependencies == ()


def test_waits_that_grow_by_addition_are_covered():
    """A linear wait is no factor: 1, 2, 3 s are read as doubling up to the longest, which takes as long or longer."""
    text = '{"Orders": {"Retry": {"MaxRetryAttempts": 3, "Delay": "00:00:01", "BackoffType": 1}}}'
    (item,) = read("dotnet", text, "web/appsettings.json").dependencies
    assert backoffs_s(Policy.model_validate(item.data["policy"], context=FROM_FILE)) == 6


# ---------------------------------------------------------------------------------------------------- Hystrix

COMMANDS = """
spring: {application: {name: web}}
hystrix:
  command:
    default: {circuitBreaker: {sleepWindowInMilliseconds: 7000}}
    orders: {execution: {isolation: {thread: {timeoutInMilliseconds: 2000}}}}
    users: {execution: {timeout: {enabled: false}, isolation: {strategy: SEMAPHORE}}, circuit-breaker: {enabled: false}}
    pay: {threadPoolKeyOverride: money}
  threadpool:
    money: {coreSize: 5, maxQueueSize: 20}
    mail: {coreSize: 3}
"""


def test_hystrix_has_the_defaults_of_its_wiki():
    """Configuration: 1 s, 20 calls, 50 %, 5 s, 10 threads; a command's own figures come before `default`, both before those."""
    draft = read("hystrix", COMMANDS, "application.yml")
    breaker = {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "7s", "half_open_calls": 1}
    ten = {"max_concurrent": 10, "max_wait": "0s"}
    assert {item.data["to"]: item.data["policy"] for item in draft.dependencies} == {
        "orders": {"timeout": "2s", "circuit_breaker": breaker, "bulkhead": ten},
        "users": {"timeout": "none", "circuit_breaker": "none", "bulkhead": ten},
        "pay": {"timeout": "1s", "circuit_breaker": breaker, "bulkhead": {"max_concurrent": 5}},
    }
    assert [question.id for question in draft.questions] == ["pool web mail"]


def test_defaults_without_a_command_name_no_call():
    """Where only `default` is set, or nobody says whose the file is, no call is made up."""
    only = "hystrix.command.default.circuitBreaker.requestVolumeThreshold=5\n"
    assert detect_format("hystrix.properties", only) == "hystrix"
    for name, words in (("web/hystrix.properties", "which calls are commands?"), ("hystrix.properties", "does not name")):
        draft = read("hystrix", only, name)
        assert draft.dependencies == ()
        assert words in asked(draft)


def test_a_file_with_both_libraries_says_that_one_is_left_out():
    """A program that is moving from Hystrix has both in one file."""
    both = SPRING.format(module="retry", key="maxAttempts", value="2")
    assert "Hystrix" not in asked(read("resilience4j", both, "a.yml"))
    both += "hystrix.command.orders.circuitBreaker.enabled: false\n"
    assert detect_format("application.yml", both) == "resilience4j"
    assert "sets Hystrix, too, which is not read here" in asked(read("resilience4j", both, "a.yml"))


# ---------------------------------------------------------------------------------------------------- gRPC


def test_a_service_config_is_whose_folder_it_lies_in():
    """CALLER/CALLEE.json; named methods become operations, and six attempts are five, as gRPC takes them."""
    text = """{"methodConfig": [
      {"name": [{"service": "shop.Orders", "method": "Get"}], "timeout": "1s"},
      {"name": [{}], "timeout": "5.2s", "retryPolicy": {"maxAttempts": 6, "initialBackoff": "0.05s", "maxBackoff": "1s",
       "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"""
    assert detect_format("web/orders.json", text) == "grpc"
    found = {item.data["to"]: item.data["policy"] for item in read("grpc", text, "web/orders.json").dependencies}
    assert found["orders:shop.Orders/Get"] == {"timeout": "1s"}
    assert (found["orders"]["timeout"], found["orders"]["retry"]["max_attempts"]) == ("1s", 5)
    assert "does not say whose" in read("grpc", text, "orders.json").questions[0].what


# ---------------------------------------------------------------------------------------------------- defaults in force

SPRING = "spring.application.name: web\nresilience4j.{module}.instances.orders.{key}: {value}\n"


@pytest.mark.parametrize(
    ("module", "key", "value", "in_force"),
    [
        ("retry", "waitDuration", "200ms", {"retry": {"max_attempts": 3, "backoff": "200ms", "jitter": "none"}}),
        ("retry", "maxAttempts", "4", {"retry": {"max_attempts": 4, "backoff": "500ms", "jitter": "none"}}),
        ("timelimiter", "cancelRunningFuture", "true", {"timeout": "1s"}),
        ("bulkhead", "maxWaitDuration", "1s", {"bulkhead": {"max_concurrent": 25, "max_wait": "1s"}}),
        (
            "circuitbreaker", "failureRateThreshold", "40",
            {"circuit_breaker": {"failure_rate": "40%", "min_calls": 100, "slow_call": "60s", "slow_call_rate": "100%",
                                 "open_for": "60s", "half_open_calls": 10}},
        ),
        (
            "circuitbreaker", "slidingWindowSize", "20",
            {"circuit_breaker": {"failure_rate": "50%", "min_calls": 20, "slow_call": "60s", "slow_call_rate": "100%",
                                 "open_for": "60s", "half_open_calls": 10}},
        ),
    ],
)  # fmt: skip
def test_a_block_of_resilience4j_has_the_defaults_of_its_documentation(module, key, value, in_force):
    """resilience4j.readme.io/docs: what a block leaves out is the library's default, with evidence; other blocks stay open."""
    draft = read("resilience4j", SPRING.format(module=module, key=key, value=value), "application.yml")
    (item,) = draft.dependencies
    assert Policy.model_validate(item.data["policy"], context=FROM_FILE) == policy(**in_force)
    assert item.data["evidence"][1]["locator"].startswith("default of resilience4j: ")


def test_an_empty_block_is_all_defaults():
    """`orders: {}` switches a retry on, with three attempts."""
    text = "spring.application.name: web\nresilience4j.retry.instances.orders: {}\n"
    assert read("resilience4j", text, "a.yml").dependencies[0].data["policy"]["retry"]["max_attempts"] == 3


def test_what_is_set_from_outside_the_file_is_no_default():
    """A placeholder without a default is asked for, and not taken for the library's figure."""
    draft = read("resilience4j", SPRING.format(module="timelimiter", key="timeoutDuration", value="${LIMIT}"), "application.yml")
    assert draft.dependencies == ()
    assert "is ${LIMIT}, which is set elsewhere" in asked(draft)


def test_a_default_of_a_mesh_gives_way_to_what_a_client_states():
    """The client's are kept, whatever the order; Istio's own are in force below them, so that they multiply, which is asked."""
    mesh = read("istio", ROUTE, "rules.yaml")
    client = read("resilience4j", SPRING.format(module="retry", key="maxAttempts", value="5"), "application.yml")
    for drafts in ([mesh, client], [client, mesh]):
        merged, conflicts = merge([load_yaml("system: s", "s.yaml"), *drafts])
        (found,) = validate(merged).dependencies
        assert attempts(found.policy) == 5
        assert conflicts == ()
        assert any("5 × 3 = 15 attempts for one request" in question.what for question in merged.questions)


# ---------------------------------------------------------------------------------------------------- traps

ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orders}
spec: {hosts: [orders], http: [{match: [{sourceLabels: {app: web}}], timeout: 1s, route: [{destination: {host: orders}}]}]}
"""
GRPC = '{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 6, "initialBackoff": "1s"}}]}'
TRAPS = {
    "resilience4j takes only calls of 60 s for slow": (
        "resilience4j",
        SPRING.format(module="circuitbreaker", key="failureRateThreshold", value="40"),
        SPRING.format(module="circuitbreaker", key="slowCallDurationThreshold", value="1s"),
        "a call as slow from 60 s on",
    ),
    "resilience4j counts calls, whenever they were": (
        "resilience4j",
        SPRING.format(module="circuitbreaker", key="slidingWindowSize", value="40"),
        SPRING.format(module="circuitbreaker", key="slidingWindowType", value="TIME_BASED"),
        "judge their last calls, however long ago those were (resilience4j's COUNT_BASED window)",
    ),
    "Istio retries where nobody asked it to": (
        "istio",
        ROUTE,
        ROUTE.replace("timeout: 1s", "timeout: 1s, retries: {attempts: 0}"),
        "Istio tries twice more (its default)",
    ),
    "Istio ejects a tenth of the hosts at most": (
        "istio",
        RULES,
        RULES.replace("baseEjectionTime: 1m", "baseEjectionTime: 1m, maxEjectionPercent: 100"),
        "outlier detection of orders ejects at most 10 %",
    ),
    "Envoy ejects a tenth of the hosts at most": (
        "envoy",
        "clusters: [{name: pay, outlier_detection: {consecutive_5xx: 3}}]",
        "clusters: [{name: pay, outlier_detection: {consecutive_5xx: 3, max_ejection_percent: 100}}]",
        "outlier detection of web -> pay ejects at most 10 %",
    ),
    "Polly waits 2 s": (
        "dotnet",
        '{"Orders": {"Retry": {"MaxRetryAttempts": 2}}}',
        '{"Orders": {"Retry": {"MaxRetryAttempts": 2, "Delay": "00:00:00.1"}}}',
        "it is Polly's 2 s, the same each time",
    ),
    "gRPC makes five attempts at most": ("grpc", GRPC, GRPC.replace("6", "5"), "gRPC silently makes 5 at most"),
}
"""For each trap a file with it, the same without it, and what is asked."""


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_asked_about(trap):
    """What a library does on its own account, and few expect, is a question with its place; where it is stated, it is none."""
    target, with_it, without, words = TRAPS[trap]
    assert words in asked(read(target, with_it, "web/orders.json"))
    assert words not in asked(read(target, without, "web/orders.json"))


def test_a_trap_of_many_calls_is_one_question():
    """A mesh of a hundred hosts without retries is asked about once, with the first of them by name."""
    rules = "---".join(ROUTE.replace("orders", f"s{number}") for number in range(100))
    (found,) = read("istio", rules, "rules.yaml").questions
    assert "retries of web -> s0, web -> s1, web -> s2, web -> s3, web -> s4 and 95 more" in found.what


def test_everybody_else_is_not_asked_about_where_callers_are_named():
    """Our own rules end with a route for everybody else; its default retries are read, without a question for each host."""
    rest = ROUTE.replace("timeout: 1s,", "retries: {attempts: 1},").replace(
        "]}\n", ", {route: [{destination: {host: orders}}]}]}\n"
    )
    draft = read("istio", rest, "rules.yaml")
    assert draft.for_every_caller[0].data["policy"]["retry"]["max_attempts"] == 3
    assert draft.questions == ()


def test_readers_never_raise_a_traceback():
    """Wrong shapes in every place become problems or nothing."""
    for text in (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, spec: {http: [{match: x, retries: [], route: {}}, 3]}}",
        "{apiVersion: networking.istio.io/v1, kind: DestinationRule, spec: {host: [a], trafficPolicy: 5, subsets: {a: 1}}}",
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, spec: []}",
    ):
        assert read("istio", text, "a.yaml").dependencies == ()
        assert read_together([("a.yaml", text)]).dependencies == ()
    assert read("grpc", '{"methodConfig": {"a": [1]}}', "a/b.json").problems
    assert read("grpc", '{"methodConfig": [1, {"name": 2, "retryPolicy": 3}]}', "a/b.json").dependencies == ()
    assert read("resilience4j", "resilience4j.retry.instances: [a, {b: 1}]", "a/b.yml").dependencies == ()
