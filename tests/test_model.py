"""The nouns: frozen, strict, and with `unknown` meaning a question."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import auditkit.model.audit
import auditkit.model.draft
import auditkit.model.failure
import auditkit.model.latency
import auditkit.model.system
from auditkit.model.audit import Decision
from auditkit.model.noun import FROM_FILE, Noun
from auditkit.model.system import Component, Dependency, Evidence, Fallback, Journey, Policy, System

MODULES = (
    auditkit.model.system, auditkit.model.audit, auditkit.model.draft, auditkit.model.failure, auditkit.model.latency,
)  # fmt: skip
NOUNS = sorted(
    {thing for module in MODULES for thing in vars(module).values() if isinstance(thing, type) and issubclass(thing, Noun)},
    key=lambda noun: noun.__name__,
)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_strict_and_described(noun: type[Noun]) -> None:
    """A value never changes, takes no key that it does not know, and says what it is."""
    assert noun.model_config["frozen"] is True
    assert noun.model_config["extra"] == "forbid"
    assert noun.__doc__
    assert noun.__doc__ != Noun.__doc__ or noun is Noun


def test_a_noun_cannot_be_changed() -> None:
    """Whoever wants another value makes one."""
    component = Component(id="api")
    with pytest.raises(ValidationError, match="frozen"):
        component.id = "db"  # type: ignore[misc]


def test_an_unknown_key_is_refused() -> None:
    """A misspelled key never passes as a missing one."""
    with pytest.raises(ValidationError, match="instance"):
        Component.model_validate({"id": "api", "instance": 3})


def test_unknown_means_the_same_as_a_missing_key() -> None:
    """Both are open questions."""
    said = Dependency.model_validate(
        {
            "from": "a",
            "to": "b",
            "on_failure": "unknown",
            "idempotent": "unknown",
            "rate": "unknown",
            "policy": {"timeout": "unknown"},
        }
    )
    assert said == Dependency.model_validate({"from": "a", "to": "b", "policy": {}})
    assert said.on_failure is None
    assert said.idempotent is None
    assert Component.model_validate({"id": "api", "kind": "unknown", "instances": "unknown"}) == Component(id="api")
    assert Evidence(source="x", locator="unknown", confidence="asked").locator == "unknown"


def test_none_is_an_answer_and_not_a_question() -> None:
    """`timeout: none` states that there is none; that is something else than not knowing."""
    stated = Policy.model_validate({"timeout": "none", "retry": "none"})
    assert stated.timeout_s == "none"
    assert stated != Policy()


def test_short_forms_mean_the_long_ones() -> None:
    """One target, one completion, a bare alternative."""
    assert Dependency.model_validate({"from": "a", "to": "b"}).to == ("b",)
    assert Journey.model_validate({"id": "j", "entry": "a", "completes": "b"}).completes == ("b",)
    assert Fallback.model_validate({"alternatives": ["b", {"to": "c"}]}).alternatives[0].to == "b"


def test_in_python_seconds_are_numbers_and_in_a_file_they_need_a_unit() -> None:
    """The name `timeout_s` carries the unit in Python; the key `timeout` in a file does not."""
    assert Policy(timeout_s=0.2).timeout_s == 0.2
    assert Policy.model_validate({"timeout": "200ms"}, context=FROM_FILE).timeout_s == 0.2
    with pytest.raises(ValidationError, match="no unit"):
        Policy.model_validate({"timeout": 0.2}, context=FROM_FILE)


@pytest.mark.parametrize("name", ["a b", "a:b", "", "ä", "a/b", "x" * 301])
def test_an_id_holds_letters_digits_and_three_signs(name: str) -> None:
    """Everything else is for operations."""
    with pytest.raises(ValidationError):
        Component(id=name)


@pytest.mark.parametrize("target", ["api", "api:GET /orders/{id}", "api:a:b", "A.b_c-1:x"])
def test_a_target_is_a_component_with_or_without_operation(target: str) -> None:
    """An operation may hold blanks, slashes and colons."""
    assert Dependency(caller=target, to=target).to == (target,)


@pytest.mark.parametrize("target", ["api:", "api: x", ":x", "api:a|b", ""])
def test_what_is_no_target_is_refused(target: str) -> None:
    """The bar is for alternatives, and an operation has a name."""
    with pytest.raises(ValidationError):
        Dependency(caller="a", to=target)


def test_a_decision_without_reason_is_an_error() -> None:
    """An accepted risk whose reason nobody wrote down is not accepted."""
    with pytest.raises(ValidationError, match="reason"):
        Decision.model_validate({"about": "unbounded_wait api -> db", "choice": "accept_risk", "reason": "  ", "by": "me"})


def test_the_strongest_evidence_speaks_for_a_dependency() -> None:
    """Observed before declared before asked before configured before start order before a name pattern."""
    weak, strong = Evidence(source="a", confidence="ordering"), Evidence(source="b", confidence="configured")
    assert Dependency(caller="a", to="b", evidence=(weak, strong)).confidence == "configured"
    assert Dependency(caller="a", to="b").confidence is None


def test_a_missing_component_is_a_key_error() -> None:
    """Asking for what is not there never gives something else."""
    with pytest.raises(KeyError):
        System(system="s").component("api")
