"""Terraform plans: counts, zones, standbys, and addresses that are handed on; never a password."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from mutations import damaged_json, damaged_text, outcome

from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft


def _planned(address: str, **values: Any) -> dict[str, Any]:
    kind = address.split(".")[-2]
    return {"address": address, "mode": "managed", "type": kind, "name": address.split(".")[-1], "values": values}


def _said(address: str, *references: str, **more: Any) -> dict[str, Any]:
    return {"address": address, "expressions": {"environment": [{"variables": {"references": list(references)}}]}, **more}


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "planned_values": {"root_module": {
        "resources": [
            _planned("aws_db_instance.orders", multi_az=True, password="hunter2"),
            _planned("aws_elasticache_replication_group.cache", num_cache_clusters=3, automatic_failover_enabled=True),
            _planned("aws_ecs_service.api", desired_count=4),
            _planned("aws_ecs_task_definition.api"),
            _planned("aws_sqs_queue.mail"),
            _planned("aws_instance.batch[0]", availability_zone="eu-1a"),
            _planned("aws_instance.batch[1]", availability_zone="eu-1b"),
        ],
        "child_modules": [{"resources": [_planned("module.shop.aws_db_instance.users", multi_az=False),
                                         _planned("module.shop.aws_lambda_function.login")]}],
    }},
    "configuration": {"root_module": {
        "resources": [
            _said("aws_ecs_service.api", "aws_ecs_task_definition.api.arn", "aws_ecs_task_definition.api",
                  depends_on=["aws_sqs_queue.mail"]),
            _said("aws_ecs_task_definition.api", "aws_db_instance.orders.address", "aws_db_instance.orders",
                  "aws_elasticache_replication_group.cache.primary_endpoint_address"),
            _said("aws_instance.batch", "aws_sqs_queue.mail.arn", "aws_sqs_queue.mail"),
        ],
        "module_calls": {"shop": {"module": {"resources": [
            _said("aws_lambda_function.login", "aws_db_instance.users.endpoint", "var.x")]}}},
    }},
}  # fmt: skip


def read() -> Draft:
    text = json.dumps(PLAN)
    assert detect_format("plan.json", text) == "terraform"
    return IMPORTERS["terraform"].read(text, "plan.json", no_siblings)


def test_counts_zones_and_standbys_are_read() -> None:
    """Multi-AZ is two instances that fail over; counted machines know their zones."""
    system = validate(replace(merge([read()])[0], system="shop"))
    assert {c.id: (c.kind, c.instances, c.failover, c.placement) for c in system.components} == {
        "orders": ("database", 2, "automatic", None),
        "cache": ("cache", 3, "automatic", None),
        "api": ("service", 4, None, None),
        "mail": ("queue", None, None, None),
        "batch": ("service", 2, None, {"eu-1a": 1, "eu-1b": 1}),
        "users": ("database", 1, None, None),
        "login": ("service", None, None, None),
    }


def test_an_address_that_is_handed_on_is_a_dependency() -> None:
    """Also through a task definition and inside a module; start order stays start order, a name alone is a question."""
    draft = read()
    assert [(d.data["from"], d.data["to"], d.data["evidence"][0]["confidence"]) for d in draft.dependencies] == [
        ("api", "orders", "configured"), ("api", "cache", "configured"), ("api", "mail", "ordering"),
        ("login", "users", "configured"),
    ]  # fmt: skip
    assert [q.where for q in draft.questions] == ["orders", "cache", "api", "batch -> mail"]


def test_an_address_is_followed_through_modules() -> None:
    """An output of one module, handed to another as a variable; `this` is known by the name of its module."""
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"child_modules": [
        {"resources": [_planned("module.search.aws_opensearch_domain.this", cluster_config=[{"instance_count": 3}])]},
        {"resources": [_planned("module.ui.aws_ecs_service.web", desired_count=2)]},
    ]}}, "configuration": {"root_module": {"module_calls": {
        "search": {"module": {
            "outputs": {"url": {"expression": {"references": ["aws_opensearch_domain.this.endpoint"]}}},
            "resources": [_said("aws_opensearch_domain.this")]}},
        "ui": {"expressions": {"at": {"references": ["module.search.url", "module.search"]}},
               "module": {"resources": [_said("aws_ecs_service.web", "var.at")]}},
    }}}}  # fmt: skip
    draft = IMPORTERS["terraform"].read(json.dumps(plan), "plan.json", no_siblings)
    assert [(d.data["from"], d.data["to"]) for d in draft.dependencies] == [("web", "search")]
    assert [(c.data["id"], c.data["instances"]) for c in draft.components] == [("search", 3), ("web", 2)]


def test_no_secret_of_a_plan_is_kept() -> None:
    """Not in a value, a locator, a question."""
    assert "hunter2" not in repr(read())


def test_whatever_is_wrong_in_a_file_is_said_in_one_line() -> None:
    """400 damaged files: a draft or words, never a traceback; some of each."""
    texts = [*damaged_json(PLAN, 250), *damaged_text(json.dumps(PLAN), 150)]
    results = [outcome(IMPORTERS["terraform"], text, "plan.json") for text in texts]
    assert {type(result) for result in results} == {Draft, str}
