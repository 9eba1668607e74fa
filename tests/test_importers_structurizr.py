"""Structurizr workspaces, JSON and DSL: nothing of the model is lost, groupings do not become calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mutations import damaged_json, damaged_text, outcome

from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft
from auditkit.model.system import System

DSL = """
workspace "Shop" {
    !identifiers hierarchical
    !const STORE "PostgreSQL 16"
    model {
        archetypes {
            store = container {
                technology "${STORE}"
            }
        }
        ann = person "Ann"                     // a customer
        pay = softwareSystem "Payments" "" "External"
        shop = softwareSystem "Shop" {
            web = container "Web" "What users see" "nginx"
            api = container "API" {
                orders = component "Orders"
                mail = component "Mail"
            }
            db = store "Orders DB" {
                api.orders -> this "Reads" "SQL"
            }
            web -> api.orders "Asks"
            api.orders -> api.mail "Uses"
        }
        ann -> shop "Buys in"
        ann -> shop.web
        shop.api.orders -> pay "Charges" {
            tags "Asynchronous"
        }
        shop -> ann "Sends mail to"
        production = deploymentEnvironment "Live" {
            deploymentNode "Zone" "" "" "" 2 {
                deploymentNode "Host" "" "" "" 3 {
                    containerInstance shop.api
                }
            }
        }
        deploymentEnvironment "Test" {
            deploymentNode "Laptop" {
                containerInstance shop.api
            }
        }
    }
    views {
        dynamic shop {
            shop.web -> shop.db "never read"
        }
    }
}
"""
JSON = {
    "name": "Shop",
    "model": {
        "people": [{"id": "1", "name": "Ann", "relationships": [{"id": "9", "sourceId": "1", "destinationId": "3"}]}],
        "softwareSystems": [
            {
                "id": "2",
                "name": "Shop",
                "containers": [
                    {"id": "3", "name": "Web", "relationships": [
                        {"id": "7", "sourceId": "3", "destinationId": "5", "interactionStyle": "Asynchronous",
                         "description": "Asks"}]},
                    {"id": "4", "name": "API", "components": [{"id": "5", "name": "Orders", "relationships": [
                        {"id": "8", "sourceId": "5", "destinationId": "6", "technology": "AMQP"}]}]},
                    {"id": "6", "name": "Events", "technology": "RabbitMQ", "tags": "Element,Container"},
                ],
            },
        ],
        "deploymentNodes": [
            {"id": "10", "name": "Host", "environment": "Live", "instances": "2", "containerInstances": [
                {"id": "11", "containerId": "4", "environment": "Live"}]},
            {"id": "12", "name": "Pool", "environment": "Live", "instances": "1..N", "containerInstances": [
                {"id": "13", "containerId": "3", "environment": "Live"}]},
        ],
    },
    "views": {},
}  # fmt: skip


def read(text: str, name: str = "workspace.dsl") -> Draft:
    assert detect_format(name, text) == "structurizr"
    return IMPORTERS["structurizr"].read(text, name, no_siblings)


def system(draft: Draft) -> System:
    return validate(replace(merge([draft])[0], system="shop"))


def test_the_dsl_gives_components_operations_and_instances() -> None:
    """Hierarchical identifiers, archetypes, constants, `this`; four of them, and the live environment counts."""
    shop = system(read(DSL))
    assert {c.id: (c.kind, c.instances) for c in shop.components} == {
        "Ann": ("client", None), "Payments": ("external", None), "Web": ("gateway", None), "API": ("service", 6),
        "Orders-DB": ("database", None),
    }  # fmt: skip
    assert [(d.subject, d.call) for d in shop.dependencies] == [
        ("API:Orders -> Orders-DB", "sync"),
        ("Web -> API:Orders", "sync"),
        ("API:Orders -> API:Mail", "sync"),
        ("Ann -> Web", "sync"),
        ("API:Orders -> Payments", "async"),
    ]
    assert shop.dependencies[0].evidence[0].locator == "Orders -> Orders DB: Reads, SQL"


def test_a_call_of_a_grouping_is_explained_by_a_finer_one_or_asked_for() -> None:
    """Ann buys in the shop by its web page; which part of the shop sends her mail, nobody says."""
    assert [q.what for q in read(DSL).questions] == [
        "Shop -> Ann (Sends mail to) joins what is only a grouping here: which of their parts call each other? (workspace.dsl:30)"
    ]


def test_json_says_the_same_in_its_own_words() -> None:
    """Styles of interaction, instances of deployment nodes; a range of instances is a question."""
    shop = system(read(json.dumps(JSON), "workspace.json"))
    assert [(d.subject, d.call) for d in shop.dependencies] == [
        ("Ann -> Web", "sync"), ("Web -> API:Orders", "async"), ("API:Orders -> Events", "sync"),
    ]  # fmt: skip
    assert {c.id: (c.kind, c.instances) for c in shop.components} == {
        "Ann": ("client", None), "Web": ("service", None), "API": ("service", 2), "Events": ("queue", None),
    }  # fmt: skip
    assert [q.what for q in shop.questions] == [
        "Web is deployed a variable number of times: how many run at least? (workspace.json)"
    ]


def test_included_files_are_read_and_missing_ones_asked_for() -> None:
    """Only files beside the workspace; nothing is fetched."""
    includes = "!include people.dsl\n!include https://example.org/x.dsl\n"
    text = f'workspace {{\nmodel {{\n{includes}b = softwareSystem "B"\na -> b\n}}\n}}'
    siblings: Callable[[str], str | None] = {"people.dsl": 'a = person "Ann"'}.get
    draft = IMPORTERS["structurizr"].read(text, "w.dsl", siblings)
    assert [d.data["from"] for d in draft.dependencies] == ["Ann"]
    assert [q.id for q in draft.questions] == ["include https://example.org/x.dsl"]


EXPECTED = {
    "microservices": (21, 0, 0),
    "amazon-web-services": (4, 0, 0),
    "big-bank-plc/model": (7, 0, 0),
    "big-bank-plc": (11, 3, 1),
}
"""Components as counted by hand in the diagrams; arrows explained by finer ones; arrows between groupings, asked for."""


def test_the_public_workspaces_are_read_without_loss(shared: Path) -> None:
    """Every arrow of the model, counted line by line by an expression of its own, is a dependency, explained, or asked for."""
    folder = shared / "data/topologies/formats/structurizr/dsl"
    for name, (components, explained, asked) in EXPECTED.items():
        path = folder / (f"{name}.dsl" if name.endswith("/model") else f"{name}/workspace.dsl")
        text = path.read_text(encoding="utf-8")
        shop = system(read(text, path.name))
        model = re.split(r"^\s*views\s*\{", text, maxsplit=1, flags=re.MULTILINE)[0]
        arrows = len(re.findall(r"^[^\"\n#]*?->\s*\w", model, re.MULTILINE))
        assert arrows > 0
        assert (len(shop.components), len(shop.dependencies) + explained + asked) == (components, arrows), name
        assert len(shop.questions) == asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workspace {\nmodel {\n", "w.dsl:2  opens a brace that is never closed"),
        ("workspace {\n}\n}", "w.dsl:3  closes a brace that was never opened"),
        ('workspace {\nmodel {\na = person "A"\na -> b\n}\n}', "w.dsl:4  there is no element 'b'"),
        ("workspace {\nmodel {\na = person\n}\n}", "w.dsl:3  person has no name"),
        ('{"model": {"people": 7}}', "w.dsl  people is no list of elements"),
        ('{"model": 7, "softwareSystems": 1}', "w.dsl:1  has no model"),
    ],
)
def test_mistakes_have_their_place(text: str, said: str) -> None:
    """And what to write."""
    assert str(outcome(IMPORTERS["structurizr"], text, "w.dsl")).startswith(said)


def test_an_include_of_itself_ends() -> None:
    """A hundred files are enough for any workspace."""
    told = outcome(IMPORTERS["structurizr"], "workspace {\n!include w.dsl\n}", "w.dsl")
    assert isinstance(told, Draft)  # nothing is beside it here
    with pytest.raises(Exception, match="includes itself"):
        IMPORTERS["structurizr"].read("!include w.dsl\n", "w.dsl", lambda name: "!include w.dsl\n")


def test_whatever_is_wrong_in_a_file_is_said_in_one_line() -> None:
    """500 damaged files: a model or words, never a traceback; some of each."""
    texts = [*damaged_text(DSL, 250), *damaged_json(JSON, 250)]
    results = [outcome(IMPORTERS["structurizr"], text, "w.dsl") for text in texts]
    assert {type(result) for result in results} == {Draft, str}
