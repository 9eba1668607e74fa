"""Terraform plans as JSON (`terraform show -json plan`): what will run, how often, over how many zones, and what it is told of.

No value of a plan is kept but counts and zones: a plan holds passwords in plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.drawn import Arrow, Box, draft, names
from auditkit.importers.mentions import question
from auditkit.importers.shapes import below, text_of
from auditkit.importers.yaml_text import parse
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind, Evidence, Question

CANNOT_SAY: Final = (
    "a Terraform plan does not show calls whose addresses come from elsewhere (locals, variables, discovery)",
    "a Terraform plan does not say what a load balancer leads to, nor what runs inside a machine",
)
_KINDS: Final[Mapping[str, ComponentKind]] = {
    **dict.fromkeys(
        ("aws_db_instance", "aws_rds_cluster", "aws_dynamodb_table", "aws_docdb_cluster", "aws_opensearch_domain",
         "aws_s3_bucket", "google_sql_database_instance", "google_spanner_instance", "google_storage_bucket",
         "azurerm_postgresql_flexible_server", "azurerm_mysql_flexible_server", "azurerm_mssql_database",
         "azurerm_cosmosdb_account"), "database"),
    **dict.fromkeys(
        ("aws_elasticache_cluster", "aws_elasticache_replication_group", "google_redis_instance",
         "azurerm_redis_cache"), "cache"),
    **dict.fromkeys(
        ("aws_sqs_queue", "aws_sns_topic", "aws_mq_broker", "aws_msk_cluster", "aws_kinesis_stream", "google_pubsub_topic",
         "azurerm_servicebus_queue", "azurerm_eventhub"), "queue"),
    **dict.fromkeys(
        ("aws_lb", "aws_alb", "aws_elb", "aws_api_gateway_rest_api", "aws_apigatewayv2_api", "aws_cloudfront_distribution",
         "azurerm_application_gateway"), "gateway"),
    **dict.fromkeys(
        ("aws_lambda_function", "aws_ecs_service", "aws_instance", "aws_autoscaling_group", "google_cloud_run_service",
         "google_cloud_run_v2_service", "google_compute_instance", "azurerm_linux_web_app", "azurerm_container_app",
         "kubernetes_deployment", "kubernetes_deployment_v1"), "service"),
}  # fmt: skip
_COUNTS: Final[Mapping[str, tuple[str | int, ...]]] = {
    "aws_ecs_service": ("desired_count",),
    "aws_autoscaling_group": ("min_size",),
    "aws_elasticache_cluster": ("num_cache_nodes",),
    "aws_elasticache_replication_group": ("num_cache_clusters",),
    "aws_opensearch_domain": ("cluster_config", 0, "instance_count"),
    "aws_msk_cluster": ("number_of_broker_nodes",),
    "kubernetes_deployment": ("spec", 0, "replicas"),
    "kubernetes_deployment_v1": ("spec", 0, "replicas"),
}
_STANDBY: Final[Mapping[str, tuple[tuple[str | int, ...], object]]] = {
    "aws_db_instance": (("multi_az",), True),
    "google_sql_database_instance": (("settings", 0, "availability_type"), "REGIONAL"),
    "google_redis_instance": (("tier",), "STANDARD_HA"),
    "azurerm_postgresql_flexible_server": (("high_availability", 0, "mode"), "ZoneRedundant"),
}
"""Where a standby in another zone is stated, and by which value."""
_SINGLE: Final = frozenset({"aws_instance", "google_compute_instance", *_STANDBY})
"""Of these one resource is one instance."""
_CARRIERS: Final = (
    "task_definition",
    "launch_template",
    "launch_configuration",
    "secret",
    "ssm_parameter",
    "config_map",
    "value of a module",
)
"""Resources, and variables and outputs of modules, that only carry addresses to what runs."""
_NAMELESS: Final = ("this", "main", "default")
"""What modules call the one thing that they make; it is known by the name of the module."""
_ADDRESS: Final = re.compile(
    r"address|endpoint|reader_endpoint|primary_endpoint_address|configuration_endpoint|url|uri|host(name)?|fqdn|dns_name|"
    r"bootstrap_brokers\w*|connection_name|invoke_url|private_ip|public_ip|domain_name"
)
_ZONE: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(slots=True)
class _Resource:
    """One resource with all its instances (`count`, `for_each`), and what its configuration refers to."""

    type: str
    values: list[Mapping[str, Any]] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)


def _detect(name: str, text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{") and '"planned_values"' in text and '"terraform_version"' in text


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    root = parse(text, name).value
    top = below(root, "planned_values", "root_module")
    if not isinstance(top, Mapping):
        raise InputError.of(f"{name}:1", "has no planned_values.root_module", "write it with: terraform show -json PLAN")
    resources: dict[str, _Resource] = {}
    for raw in _planned(top, 0):
        address = re.sub(r"\[[^\]]*\]", "", text_of(raw.get("address")))
        kind, values = text_of(raw.get("type")), raw.get("values")
        if address and kind and raw.get("mode", "managed") == "managed":
            found = resources.setdefault(address, _Resource(kind))
            found.values.append(values if isinstance(values, Mapping) else {})
    configured = below(root, "configuration", "root_module")
    _refer(configured if isinstance(configured, Mapping) else {}, "", resources, 0)
    boxes = {address: _box(address, found, name) for address, found in resources.items() if found.type in _KINDS}
    ids = names(tuple(boxes.values()))
    arrows: list[Arrow] = []
    questions: list[Question] = []
    for address in boxes:
        questions += _about_zones(address, ids[address], resources[address], name)
        for to, attribute, through in _reached(address, resources):
            said = f"{address} refers to {to}{'.' if attribute else ''}{attribute}{through}"
            if attribute and _ADDRESS.fullmatch(attribute):
                arrows.append(Arrow(address, to, name, said, confidence="configured"))
            else:
                evidence = Evidence(source=name, locator=said, confidence="declared")
                what = f"{ids[address]} is told of {ids[to]}, but not by its address: does it call it?"
                about = f"{ids[address]} -> {ids[to]}"
                questions.append(question(f"refers {address} {to}", about, what, name, (evidence,)))
        for to in resources[address].depends_on:
            if to in boxes and to != address:
                said = f"{address}, depends_on {to}"
                arrows.append(Arrow(address, to, name, said, confidence="ordering"))
    sure = {f"refers {arrow.caller} {arrow.callee}" for arrow in arrows if arrow.confidence == "configured"}
    return draft(name, tuple(boxes.values()), arrows, (asked for asked in questions if asked.id not in sure), CANNOT_SAY)


def _planned(module: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """All resources of a module and of those in it."""
    yield from _mappings(module.get("resources"))
    for child in _mappings(module.get("child_modules")) if depth < 50 else ():
        yield from _planned(child, depth + 1)


def _refer(module: Mapping[str, Any], prefix: str, resources: dict[str, _Resource], depth: int) -> None:
    """Put what the configuration refers to beside the planned resources; addresses inside a module get its prefix."""
    for raw in _mappings(module.get("resources")):
        found = resources.get(f"{prefix}{text_of(raw.get('address'))}")
        if found is not None:
            found.references += [f"{prefix}{said}" for said in _references(raw.get("expressions"), 0)]
            depends_on = raw.get("depends_on")
            found.depends_on += [f"{prefix}{text_of(said)}" for said in depends_on] if isinstance(depends_on, list) else []
    calls = module.get("module_calls")
    for name, call in calls.items() if isinstance(calls, Mapping) and depth < 50 else ():
        inner, within = below(call, "module"), f"{prefix}module.{text_of(name)}."
        _carry(below(call, "expressions"), f"{within}var.", prefix, resources)
        if isinstance(inner, Mapping):
            _carry(inner.get("outputs"), within, within, resources)
            _refer(inner, within, resources, depth + 1)


def _carry(values: object, at: str, prefix: str, resources: dict[str, _Resource]) -> None:
    """Variables handed to a module, or its outputs: what they refer to, as seen from where they are written."""
    for key, said in values.items() if isinstance(values, Mapping) else ():
        references = [f"{prefix}{reference}" for reference in _references(said, 0)]
        resources.setdefault(f"{at}{text_of(key)}", _Resource("value of a module", references=references))


def _references(value: object, depth: int) -> Iterator[str]:
    if depth > 90:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "references" and isinstance(inner, list):
                yield from (said for said in map(text_of, inner) if said)
            else:
                yield from _references(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, depth + 1)


def _reached(address: str, resources: Mapping[str, _Resource]) -> Iterator[tuple[str, str, str]]:
    """What a resource refers to, itself or through what only carries addresses: target, attribute, through what."""
    todo, seen = [(address, "")], {address}
    while todo:
        at, through = todo.pop()
        for said in dict.fromkeys(resources[at].references):
            to, attribute = _split(said, resources)
            if to is None or to == address:
                continue
            if resources[to].type in _KINDS:
                yield to, attribute, through
            elif to not in seen and any(word in resources[to].type for word in _CARRIERS):
                seen.add(to)
                todo.append((to, f", through {to}"))


def _split(said: str, resources: Mapping[str, _Resource]) -> tuple[str | None, str]:
    """The resource that a reference names, and its attribute: `aws_db_instance.main[0].address`."""
    plain = re.sub(r"\[[^\]]*\]", "", said)
    steps = plain.split(".")
    for length in range(len(steps), 1, -1):
        if ".".join(steps[:length]) in resources:
            return ".".join(steps[:length]), ".".join(steps[length:])
    return None, ""


def _box(address: str, found: _Resource, source: str) -> Box:
    facts: dict[str, Any] = {"instances": _instances(found)}
    zones = [text_of(values.get("availability_zone")) for values in found.values]
    if found.type in _SINGLE and facts["instances"] == len(zones) and all(_ZONE.fullmatch(zone) for zone in zones):
        facts["placement"] = {zone: zones.count(zone) for zone in dict.fromkeys(zones)}
    if _has_standby(found):
        facts["failover"] = "automatic"
    if any(values.get("automatic_failover_enabled") is True for values in found.values):
        facts["failover"] = "automatic"
    name, module = address.rpartition(".")[2], address.rpartition(".")[0].rpartition(".")[0]
    within = module.replace("module.", "") or found.type
    if module and name in _NAMELESS:
        name, within = module.rpartition(".")[2], module.replace("module.", "").rpartition(".")[0] or found.type
    return Box(address, name, source, address, None, _KINDS[found.type], within=within, facts=facts)


def _instances(found: _Resource) -> int | None:
    if found.type in _COUNTS:
        counts = [_at(values, _COUNTS[found.type]) for values in found.values]
        known = [count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count > 0]
        return sum(known) if len(known) == len(counts) else None
    if found.type in _SINGLE:
        return len(found.values) * (2 if _has_standby(found) else 1)
    return None


def _has_standby(found: _Resource) -> bool:
    where = _STANDBY.get(found.type)
    return where is not None and all(_at(values, where[0]) == where[1] for values in found.values)


def _at(value: object, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _about_zones(address: str, id: str, found: _Resource, source: str) -> Iterator[Question]:
    evidence = Evidence(source=source, locator=address, confidence="declared")
    count = _instances(found)
    if _has_standby(found):
        what = f"{id} has a standby in another zone: which zones are these?"
        yield question(f"zones {address}", id, what, source, (evidence,))
    elif count is not None and count > 1 and found.type not in _SINGLE:
        what = f"{id} has {count} instances: how many are in each zone?"
        yield question(f"zones {address}", id, what, source, (evidence,))


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


TERRAFORM: Final = Importer(
    name="terraform",
    title="Terraform plan (JSON)",
    prose=(
        "Databases, caches, queues, load balancers, functions, services and machines of AWS, Google, Azure and Kubernetes become"
        " components with their counts, zones and standbys (multi-AZ counts as two instances with automatic failover). Where the"
        " configuration of one takes the address of another, also through a task definition or a secret, it depends on it"
        " (configured); other references become questions, depends_on is start order. No other value is kept. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
)
