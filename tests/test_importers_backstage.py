"""Backstage catalogues: who depends on whom, by name and by API, over several files."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from mutations import damaged_text, outcome

from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.backstage import read_together
from auditkit.model.draft import Draft

ONE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: web
spec:
  type: website
  lifecycle: production
  owner: group:default/shop-team
  consumesApis:
    - orders-api
    - api:default/events
    - search-api
  dependsOn: ["component:library", "resource:sessions", "system:legacy"]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: library}
spec: {type: library, lifecycle: deprecated, owner: guests}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: guests}
"""
TWO = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders}
spec:
  type: service
  lifecycle: production
  owner: orders-team
  providesApis: [orders-api, events]
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: events}
spec: {type: asyncapi, owner: orders-team}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: ledger}
spec: {type: database, owner: dba, dependencyOf: [component:orders]}
"""


def _both() -> Draft:
    return read_together([("web.yaml", ONE), ("orders.yaml", TWO)])


def test_dependencies_are_found_across_files() -> None:
    """By name, in reverse, and by the API that exactly one entity provides; the stronger of two calls waits."""
    system = validate(replace(merge([_both()])[0], system="shop"))
    assert [(d.subject, d.call, d.confidence) for d in system.dependencies] == [
        ("web -> library", "sync", "declared"), ("web -> sessions", "sync", "declared"),
        ("web -> orders", "sync", "declared"), ("orders -> ledger", "sync", "declared"),
    ]  # fmt: skip
    assert [(c.id, c.kind, c.owner) for c in system.components] == [
        ("web", "service", "shop-team"), ("library", "module", "guests"), ("orders", "service", "orders-team"),
        ("ledger", "database", "dba"), ("sessions", "service", None),
    ]  # fmt: skip


def test_an_event_is_nothing_that_anybody_waits_for() -> None:
    """An AsyncAPI alone is an asynchronous dependency."""
    draft = read_together([("web.yaml", ONE.replace("    - orders-api\n", "")), ("orders.yaml", TWO)])
    calls = {(d.data["from"], d.data["to"]): d.data.get("call") for d in draft.dependencies}
    assert calls["web", "orders"] == "async"


def test_what_the_catalogue_leaves_open_is_asked() -> None:
    """Deprecated entities, APIs without provider, entities without description, groupings."""
    assert [(q.where, q.what.rpartition(" (")[2]) for q in _both().questions] == [
        ("library", "web.yaml:19)"), ("sessions", "web.yaml:14)"), ("web", "web.yaml:14)"), ("web", "web.yaml:13)"),
    ]  # fmt: skip


def test_two_providers_are_a_question() -> None:
    """They may be alternatives, or different things."""
    third = TWO.replace("name: orders}", "name: orders2}").split("---")[0]
    draft = read_together([("web.yaml", ONE), ("orders.yaml", TWO), ("more.yaml", third)])
    assert any("which orders, orders2 provide" in asked.what for asked in draft.questions)


def test_it_is_told_from_kubernetes() -> None:
    """Both have apiVersion and kind."""
    assert detect_format("x.yaml", ONE) == "backstage"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO + "---\n" + TWO.split("---")[0], "c.yaml:22  component:default/orders is described twice, first at c.yaml:2"),
        ("apiVersion: backstage.io/v1alpha1\nkind: Component\n", "c.yaml:1  an entity has no kind or no metadata.name"),
        (ONE.replace("[\"component:library\"", "[\"a/b/c\""), "c.yaml:14  dependsOn names no entity"),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(text: str, said: str) -> None:
    """And say what to write."""
    assert said in str(outcome(IMPORTERS["backstage"], text, "c.yaml"))


def test_whatever_is_wrong_in_a_file_is_said_in_one_line() -> None:
    """300 damaged files: a draft or words, never a traceback; some of each."""
    assert len(list(yaml.safe_load_all(ONE))) == 3
    results = [outcome(IMPORTERS["backstage"], text, "c.yaml") for text in damaged_text(ONE + "---" + TWO, 300)]
    assert {type(result) for result in results} == {Draft, str}
