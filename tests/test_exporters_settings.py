"""Configuration exports: accepted by real validators, rejected with a planted fault, and they mean what the model means."""

from __future__ import annotations

import copy
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from document_books import FULL, shop_book, shop_strategy, shop_system
from exporters_inputs import boutique, everything, sample, two
from ruamel.yaml import YAML

from auditkit import document as written
from auditkit.exporters import EXPORTERS
from auditkit.model.audit import PolicyProposal, Strategy
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System

TARGETS = ("istio", "linkerd", "envoy", "resilience4j", "dotnet", "hystrix", "grpc", "failsafe-go")


def made(target: str, system: System, strategy: Strategy | None) -> dict[str, bytes]:
    artifacts, _ = EXPORTERS[target].export(system, strategy)
    return {artifact.path: artifact.content for artifact in artifacts}


def gaps(target: str, system: System, strategy: Strategy | None) -> str:
    return "\n".join(f"{gap.where}: {gap.what}" for gap in EXPORTERS[target].export(system, strategy)[1])


def yaml(content: bytes) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(io.BytesIO(content)))


@pytest.fixture(params=["worked-example", "flash-sale", "boutique", "odd names"])
def inputs(request) -> tuple[System, Strategy]:
    """Both samples, Online Boutique where it stands beside the project, and a system with names that other formats forbid."""
    if request.param == "boutique":
        system = boutique(request.getfixturevalue("shared"))
    elif request.param == "odd names":
        return two(**FULL)
    else:
        system = sample(request.param)
    return system, everything(system)


def closed(schema: Any) -> Any:
    """A schema that refuses every key it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    named = found.get("type") == "object" and isinstance(found.get("properties"), dict)
    if named and not found.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    return found


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of a custom resource with what every Kubernetes object has, closed."""
    text = {"type": "string"}
    schema["type"] = "object"
    schema["properties"].update({"apiVersion": text, "kind": text, "metadata": {"type": "object"}})
    return closed(schema)


def crd(shared: Path, file: str) -> dict[str, Any]:
    """The schema of the newest version of a custom resource."""
    definition = yaml((shared / "schemas" / file).read_bytes())[0]
    return whole(definition["spec"]["versions"][-1]["schema"]["openAPIV3Schema"])


@pytest.mark.parametrize("target", TARGETS)
def test_equal_inputs_give_equal_files(target, inputs):
    """Two runs differ in nothing, and every file has a name of its own."""
    first, second = EXPORTERS[target].export(*inputs), EXPORTERS[target].export(*inputs)
    assert first == second
    assert len({artifact.path for artifact in first[0]}) == len(first[0]) > 0


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("istio/virtual-services.yaml", "istio_virtualservice.crd.yaml"),
        ("istio/destination-rules.yaml", "istio_destinationrule.crd.yaml"),
    ],
)
def test_istio_accepts_what_is_exported(file, schema, inputs, shared):
    """Istio's own CRD schema, closed; a key that Istio does not know is rejected."""
    rules = crd(shared, schema)
    documents = yaml(made("istio", *inputs)[file])
    assert documents
    for document in documents:
        jsonschema.validate(document, rules)
    faulty = copy.deepcopy(documents[0])
    faulty["spec"]["timeOut"] = "1s"
    with pytest.raises(jsonschema.ValidationError, match="timeOut"):
        jsonschema.validate(faulty, rules)


def test_linkerd_accepts_its_service_profiles(inputs, shared):
    """Linkerd's schema for ServiceProfile, closed."""
    rules = whole(json.loads((shared / "schemas/linkerd_serviceprofile_v1alpha2.json").read_text()))
    documents = yaml(made("linkerd", *inputs)["linkerd/service-profiles.yaml"])
    for document in documents:
        jsonschema.validate(document, rules)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**documents[0], "spec": {**documents[0]["spec"], "retryBudget": {"retryRatio": 0.1}}}, rules)


def test_kubernetes_accepts_the_patched_services(inputs):
    """kubernetes-validate, strict: unknown keys are errors."""
    import kubernetes_validate

    documents = yaml(made("linkerd", *inputs)["linkerd/service-annotations.yaml"])
    version = kubernetes_validate.latest_version()
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**documents[0], "specification": {}}, version, strict=True)


def _of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _instances(**properties: Any) -> dict[str, Any]:
    return _of(instances={"type": "object", "additionalProperties": _of(**properties), "minProperties": 1})


MS = {"type": "string", "pattern": "^[0-9]+ms$"}
PERCENT = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
FLAG = {"type": "boolean"}
COUNT = {"type": "integer", "minimum": 1}
NAMES = {"type": "array", "items": {"type": "string", "pattern": r"^io\.github\.resilience4j\.\w+\.\w+Exception$"}}
RESILIENCE4J = _of(
    **{
        "resilience4j.circuitbreaker": _instances(
            slidingWindowType={"enum": ["TIME_BASED", "COUNT_BASED"]}, slidingWindowSize=COUNT, minimumNumberOfCalls=COUNT,
            failureRateThreshold=PERCENT, slowCallRateThreshold=PERCENT, slowCallDurationThreshold=MS, waitDurationInOpenState=MS,
            enableExponentialBackoff=FLAG, exponentialBackoffMultiplier={"type": "number", "minimum": 1},
            exponentialMaxWaitDurationInOpenState=MS, permittedNumberOfCallsInHalfOpenState=COUNT,
            automaticTransitionFromOpenToHalfOpenEnabled=FLAG, ignoreExceptions=NAMES,
        ),
        "resilience4j.retry": _instances(
            maxAttempts=COUNT, waitDuration=MS, enableExponentialBackoff=FLAG, exponentialBackoffMultiplier={"type": "number"},
            exponentialMaxWaitDuration=MS, enableRandomizedWait=FLAG,
            randomizedWaitFactor={"type": "number", "minimum": 0, "exclusiveMaximum": 1}, ignoreExceptions=NAMES,
        ),
        "resilience4j.timelimiter": _instances(timeoutDuration=MS, cancelRunningFuture=FLAG),
        "resilience4j.bulkhead": _instances(maxConcurrentCalls=COUNT, maxWaitDuration=MS),
    }
)  # fmt: skip
"""Written from the resilience4j documentation, "Getting started with resilience4j-spring-boot3" and the modules' tables."""


def test_resilience4j_settings_are_those_of_its_documentation(inputs):
    """A schema of our own from its documentation, closed; an unknown key is rejected."""
    for content in made("resilience4j", *inputs).values():
        (document,) = yaml(content)
        jsonschema.validate(document, RESILIENCE4J)
        module = document["resilience4j.timelimiter"]["instances"]
        next(iter(module.values()))["timeout"] = "1s"
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, RESILIENCE4J)


def test_refusals_are_neither_tried_again_nor_counted_by_resilience4j():
    """Its defaults try every exception again and count every one: those of full bulkheads and open breakers are left out."""
    policy = {
        "timeout": "1s",
        "retry": {"max_attempts": 2},
        "circuit_breaker": {"failures": 5},
        "bulkhead": {"max_concurrent": 4},
    }
    dependency = {"from": "a", "to": "b", "on_failure": "fail", "policy": policy}
    raw = {"system": "s", "components": [{"id": "a"}, {"id": "b"}], "dependencies": [dependency]}
    content = next(iter(made("resilience4j", System.model_validate(raw, context=FROM_FILE), None).values()))
    (document,) = yaml(content)
    full, refused = "bulkhead.BulkheadFullException", "circuitbreaker.CallNotPermittedException"
    left_out = {m: document[f"resilience4j.{m}"]["instances"]["b"]["ignoreExceptions"] for m in ("retry", "circuitbreaker")}
    assert left_out["retry"] == [f"io.github.resilience4j.{name}" for name in (refused, full)]
    assert left_out["circuitbreaker"] == [f"io.github.resilience4j.{full}"]


SPAN = {"type": "string", "pattern": r"^([0-9]+\.)?[0-9]{2}:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}$"}
DOTNET = _of(
    HttpResilience={
        "type": "object",
        "additionalProperties": {
            **_of(
                RateLimiter=_of(DefaultRateLimiterOptions=_of(PermitLimit=COUNT, QueueLimit={"type": "integer", "minimum": 0})),
                TotalRequestTimeout=_of(Timeout=SPAN),
                Retry=_of(
                    MaxRetryAttempts=COUNT,
                    BackoffType={"enum": ["Constant", "Linear", "Exponential"]},
                    UseJitter=FLAG,
                    Delay=SPAN,
                    MaxDelay=SPAN,
                ),
                CircuitBreaker=_of(
                    FailureRatio={"type": "number", "minimum": 0, "maximum": 1},
                    MinimumThroughput={"type": "integer", "minimum": 2},
                    SamplingDuration=SPAN,
                    BreakDuration=SPAN,
                ),
                AttemptTimeout=_of(Timeout=SPAN),
            ),
            "required": ["TotalRequestTimeout", "AttemptTimeout"],
        },
    }
)
"""Written from Microsoft's documentation of HttpStandardResilienceOptions and the options of Polly v8."""


def seconds(span: str) -> float:
    hours, minutes, rest = span.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_dotnet_settings_keep_to_what_polly_demands(inputs):
    """A schema of our own, closed; and Polly's own rules: sampling at least twice the attempt, the total above the attempt."""
    for path, content in made("dotnet", *inputs).items():
        if path.endswith(".cs"):
            assert content.decode().count("{") == content.decode().count("}")
            continue
        document = json.loads(content)
        jsonschema.validate(document, DOTNET)
        for client in document["HttpResilience"].values():
            attempt = seconds(client["AttemptTimeout"]["Timeout"])
            assert seconds(client["TotalRequestTimeout"]["Timeout"]) > attempt
            assert seconds(client["CircuitBreaker"]["SamplingDuration"]) >= 2 * attempt
        broken = copy.deepcopy(document)
        next(iter(broken["HttpResilience"].values()))["CircuitBreaker"]["MinimumThroughput"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, DOTNET)


def _grpc_outcome(config: str) -> str:
    """What a channel with this service config says when it is used: nobody listens there, so a good config is unavailable."""
    import grpc

    with grpc.insecure_channel("127.0.0.1:1", options=[("grpc.service_config", config)]) as channel:
        try:
            channel.unary_unary("/shop.Orders/Get", request_serializer=bytes, response_deserializer=bytes)(b"", timeout=10)
        except grpc.RpcError as error:
            return str(error.details())
    return "answered"


def test_grpc_takes_the_service_config(inputs):
    """A channel is made with each of them; with a planted fault the channel says that the service config is wrong."""
    files = made("grpc", *inputs)
    assert files
    for content in list(files.values())[:4]:
        assert "ervice config" not in _grpc_outcome(content.decode())
    bad = json.loads(next(iter(files.values())))
    bad["methodConfig"][0]["retryPolicy"]["maxAttempts"] = 1
    assert "ervice config" in _grpc_outcome(json.dumps(bad))


@pytest.mark.parametrize(("attempts", "retries"), [(1, 0), (2, 1), (4, 3)])
def test_attempts_are_not_retries(attempts, retries):
    """Four attempts are the first try and three retries; every target gets the number that it means."""
    system, strategy = two(
        timeout="100ms", retry={"max_attempts": attempts, "backoff": "10ms"}, circuit_breaker="none", bulkhead="none"
    )
    route = yaml(made("istio", system, strategy)["istio/virtual-services.yaml"])[0]["spec"]["http"][0]
    assert route["retries"]["attempts"] == retries
    (document,) = yaml(made("resilience4j", system, strategy)["resilience4j/api/application.yml"])
    assert next(iter(document["resilience4j.retry"]["instances"].values()))["maxAttempts"] == attempts
    dotnet = next(iter(json.loads(made("dotnet", system, strategy)["dotnet/api/appsettings.json"])["HttpResilience"].values()))
    assert dotnet.get("Retry", {}).get("MaxRetryAttempts", 0) == retries
    (envoy,) = yaml(made("envoy", system, strategy)["envoy/api.yaml"])
    assert envoy["routes"][0].get("retry_policy", {}).get("num_retries", 0) == retries
    grpc = json.loads(next(iter(made("grpc", system, strategy).values())))["methodConfig"][0]
    assert grpc.get("retryPolicy", {}).get("maxAttempts", 1) == attempts


def test_the_timeout_of_one_attempt_is_not_that_of_the_call():
    """Three attempts of 100 ms with waits of 10 and 20 ms take 330 ms at most; per-try stays 100 ms."""
    system, strategy = two(timeout="100ms", retry={"max_attempts": 3, "backoff": "10ms", "multiplier": 2})
    route = yaml(made("istio", system, strategy)["istio/virtual-services.yaml"])[0]["spec"]["http"][0]
    assert (route["timeout"], route["retries"]["perTryTimeout"]) == ("330ms", "100ms")
    (envoy,) = yaml(made("envoy", system, strategy)["envoy/api.yaml"])
    assert (envoy["routes"][0]["timeout"], envoy["routes"][0]["retry_policy"]["per_try_timeout"]) == ("0.33s", "0.1s")
    (document,) = yaml(made("resilience4j", system, strategy)["resilience4j/api/application.yml"])
    assert next(iter(document["resilience4j.timelimiter"]["instances"].values()))["timeoutDuration"] == "100ms"
    assert json.loads(next(iter(made("grpc", system, strategy).values())))["methodConfig"][0]["timeout"] == "0.33s"


def test_no_retries_switch_off_the_defaults_of_a_mesh():
    """Istio retries twice unless told otherwise; `retry: none` says otherwise, and an open question is a gap."""
    system, strategy = two(timeout="100ms", retry="none")
    assert yaml(made("istio", system, strategy)["istio/virtual-services.yaml"])[0]["spec"]["http"][0]["retries"] == {
        "attempts": 0
    }
    system, strategy = two(timeout="100ms")
    assert "retries" not in yaml(made("istio", system, strategy)["istio/virtual-services.yaml"])[0]["spec"]["http"][0]
    assert "Istio's default of 2 retries stays in force" in gaps("istio", system, strategy)


@pytest.mark.parametrize("target", TARGETS)
def test_a_provisional_timeout_is_exported_only_when_adopted(target):
    """Too few samples give a place to start, not a setting to roll out."""
    system, _ = two()
    proposal = PolicyProposal(dependency="api:x -> Orders.V2", proposed=shop_strategy().policies[0].proposed, provisional=True)
    waiting = b"".join(made(target, system, Strategy(system="two", policies=(proposal,))).values())
    adopted = b"".join(
        made(target, system, Strategy(system="two", policies=(proposal.model_copy(update={"adopted": True}),))).values()
    )
    assert waiting != adopted
    assert b"300" in adopted or b"0.3s" in adopted or b"0.625s" in adopted


@pytest.mark.parametrize("target", ["istio", "linkerd", "envoy", "dotnet", "grpc"])
def test_calls_that_are_no_http_are_gaps(target):
    """A proxy that works on requests does not see a database's protocol; that is said, not silently dropped."""
    system = sample("worked-example")
    assert "users-db is a database: its protocol is not HTTP" in gaps(target, system, everything(system))
    assert b"users-db" not in b"".join(made(target, system, everything(system)).values())


def test_what_a_target_cannot_express_is_a_gap():
    """A budget, a growing break, a limit: each target that lacks one says so."""
    inputs = shop_system(), shop_strategy()
    assert "a retry budget as a share of requests cannot be expressed" in gaps("istio", *inputs)
    assert "10 consecutive errors of one host" in gaps("istio", *inputs)
    assert "a limit on calls under way cannot be expressed" in gaps("linkerd", *inputs)
    assert "knows no retry budget" in gaps("resilience4j", *inputs)
    assert "a circuit breaker cannot be expressed" in gaps("grpc", *inputs)
    assert "Hystrix is end-of-life" in gaps("hystrix", *inputs)


def test_different_settings_of_one_pair_take_the_more_patient_ones():
    """Two operations of one caller share a route; the longer timeout holds for both, and the gap names them."""
    system = System.model_validate(
        {
            "system": "s",
            "components": [{"id": "api"}, {"id": "b"}],
            "dependencies": [
                {"from": "api:x", "to": "b", "policy": {"timeout": "100ms"}},
                {"from": "api:y", "to": "b:slow", "policy": {"timeout": "900ms"}},
            ],
        }
    )
    assert yaml(made("istio", system, None)["istio/virtual-services.yaml"])[0]["spec"]["http"][0]["timeout"] == "900ms"
    assert "api -> b: 2 dependencies with different settings share one place" in gaps("istio", system, None)


@pytest.mark.skipif(shutil.which("gofmt") is None, reason="gofmt is not installed (Debian package golang-go)")
def test_gofmt_accepts_the_go_files(inputs):
    """Go's own parser and formatter: nothing to complain of, nothing to put right; a planted fault is rejected."""
    for content in made("failsafe-go", *inputs).values():
        answer = subprocess.run(["gofmt"], input=content, capture_output=True, check=True)
        assert answer.stdout == content
    broken = subprocess.run(["gofmt"], input=content.replace(b"policies...)}", b"policies...)"), capture_output=True, check=False)
    assert broken.returncode != 0


def test_the_go_client_means_what_the_model_means():
    """Attempts are attempts, the timeout is of one, the breaker is by rate, and it is made of failsafe-go's own policies."""
    text = next(iter(made("failsafe-go", *two(**FULL)).values())).decode()
    for call in (
        "WithMaxAttempts(2)", "WithBackoffFactor(25*time.Millisecond, 100*time.Millisecond, 2)", "WithJitterFactor(0.99)",
        "WithFailureRateThreshold(0.5, 20, 10000*time.Millisecond)", "WithSuccessThreshold(3)",
        "bulkhead.NewBuilder[*http.Response](12)", "timeout.New[*http.Response](300 * time.Millisecond)",
    ):  # fmt: skip
        assert call in text
    assert "NewRetryPolicyBuilder" not in next(iter(made("failsafe-go", *two(timeout="1s", retry="none")).values())).decode()


def test_a_write_is_not_retried_because_a_read_beside_it_is():
    """Two operations of one pair share a route: it retries only where both do, and the more patient timeout stays."""
    read = {"timeout": "900ms", "retry": {"max_attempts": 3, "backoff": "50ms"}}
    write = {"timeout": "100ms", "retry": "none"}
    system = System.model_validate(
        {
            "system": "s",
            "components": [{"id": "api"}, {"id": "b"}],
            "dependencies": [
                {"from": "api:x", "to": "b", "policy": read, "idempotent": True},
                {"from": "api:y", "to": "b:buy", "policy": write, "idempotent": False},
            ],
        }
    )
    (route,) = yaml(made("istio", system, None)["istio/virtual-services.yaml"])[0]["spec"]["http"][:1]
    assert (route["retries"], route["timeout"]) == ({"attempts": 0}, "900ms")
    assert "retries only where all have them" in gaps("istio", system, None)


def test_a_retry_before_sending_is_written_only_where_the_target_can_tell():
    """Envoy and Istio know refused connections; elsewhere the retry is left out, with a gap."""
    inputs = two(timeout="200ms", retry={"max_attempts": 2, "only": "before_sending"})
    files = made("istio", *inputs)
    assert (
        yaml(files["istio/virtual-services.yaml"])[0]["spec"]["http"][0]["retries"]["retryOn"] == "connect-failure,refused-stream"
    )
    for target in ("resilience4j", "python", "dotnet", "linkerd", "grpc"):
        assert "errors before sending only" in gaps(target, *inputs)


def test_hystrix_files_are_properties(inputs):
    """Each line is a comment, empty, or `key=value` with a key that Hystrix knows."""
    known = ("execution.", "circuitBreaker.", "metrics.rollingStats.", "coreSize", "maximumSize", "maxQueueSize")
    for content in made("hystrix", *inputs).values():
        for line in content.decode().splitlines():
            if line and not line.startswith("#"):
                kind, _, name, key = line.partition("=")[0].split(".", 3)
                assert (kind, bool(name)) in {("hystrix", True)}
                assert key.startswith(known)


@pytest.mark.parametrize("target", [*TARGETS, "python"])
def test_each_target_says_what_its_figures_mean(target):
    """Attempts or retries, of one attempt or of all, in which order, for whom a figure holds: in the document, too."""
    prose = EXPORTERS[target].prose
    counts = ("retries", "first try", "attempt") if target != "hystrix" else ("command",)
    assert any(word in prose for word in counts)
    assert "timeout" in prose.lower() or "TimeLimiter" in prose
    assert any(word in prose for word in ("outside", "around"))
    assert any(word in prose for word in ("each client proxy", "one proxy", "one process", "all callers", "one channel"))
    book = shop_book(targets={target: prose})
    text = next(a.content.decode() for a in written.document(book) if a.path == "strategy.md")
    assert "Files exported beside this document" in text


@pytest.mark.parametrize("target", ["dotnet", "hystrix", "resilience4j", "linkerd", "istio"])
def test_a_breaker_by_count_or_by_rate_is_an_approximation_where_it_is_one(target):
    """A count becomes a rate, or a rate a count: said as a gap either way."""
    count, rate = {"failures": 5, "window": "10s"}, {"failure_rate": "50%", "window": "10s", "min_calls": 20}
    said = [gaps(target, *two(timeout="1s", circuit_breaker=cut)) for cut in (count, rate)]
    words = "approximation" if target in ("linkerd", "istio") else " become"
    assert [words in text for text in said] == ([True, True] if words == "approximation" else [True, False])
