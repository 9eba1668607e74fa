"""The shipped edge cases: each one tells its story when it is simulated, with other random numbers too."""

from __future__ import annotations

import math

import pytest

from auditkit.errors import InputError
from auditkit.project import edge_cases as shipped
from auditkit.project.edge_cases import edge_case, edge_cases
from auditkit.simulation.stories import Answer, Settings, comes_out, holds, tell, with_settings

EIGHT = {
    "bulkhead-starvation",
    "cascading-timeout",
    "retry-storm",
    "shared-database",
    "stale-fallback",
    "thread-exhaustion",
    "thundering-herd",
    "worked-example",
}

KEEP = {
    "bulkhead-starvation": {"fifteen places"},
    "cascading-timeout": {"timeouts grow towards the user"},
    "retry-storm": {"no retries", "a budget for retries", "a short queue", "a circuit breaker"},
    "shared-database": {"places that add up"},
    "stale-fallback": {"open for two seconds"},
    "thread-exhaustion": {"a timeout and a bulkhead"},
    "thundering-herd": {"growing cooldown, then gradually"},
    "worked-example": {"after verification"},
}
"""The settings that keep what their case promises; all others fail."""


def test_the_eight_edge_cases_are_shipped() -> None:
    """Those that every audit meets."""
    assert set(edge_cases()) == EIGHT


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_the_story_comes_out(name: str) -> None:
    """Every stated answer holds, over three seeds; every setting has one; and the cures keep the promises, nothing else does."""
    story = edge_case(name)
    told = tell(story)
    assert {answer.settings for answer in story.answers} == {settings.name for settings in story.settings}
    for answer in story.answers:
        figure = comes_out(told, story, answer)
        assert answer.allows(figure), f"{answer}: {figure:.4f}"
        assert math.isfinite(answer.at_least) or math.isfinite(answer.at_most), f"{answer} cannot fail"
    assert {series.settings for series in told if holds(series, story)} == KEEP[name]


def test_settings_change_what_they_name_and_nothing_else() -> None:
    """The other dependencies and components are the story's own."""
    story = edge_case("retry-storm")
    short = with_settings(story.system, next(s for s in story.settings if s.name == "a short queue"))
    assert [c.queue for c in short.components] == [None, 20]
    assert short.dependencies == story.system.dependencies


def test_names_that_are_not_there_are_told_in_one_line() -> None:
    """No such case, settings, call or component: what there is instead."""
    with pytest.raises(InputError, match=r"is not shipped.*retry-storm"):
        edge_case("../flash-sale/system")
    story = edge_case("retry-storm")
    with pytest.raises(InputError, match=r"no 'shop -> bank' in dependencies.*shop -> server"):
        with_settings(story.system, Settings(name="x", dependencies={"shop -> bank": {"policy": "none"}}))
    told = tell(story.model_copy(update={"settings": story.settings[:1], "duration_s": 3.0}))
    asked = {"settings": "four attempts", "what": "busy", "from": 0.0, "to": 1.0}
    with pytest.raises(InputError, match=r"no 'bank' of which to tell 'busy'"):
        comes_out(told, story, Answer.model_validate({**asked, "of": "bank"}))
    with pytest.raises(InputError, match=r"no settings 'none'.*four attempts"):
        comes_out(told, story, Answer.model_validate({**asked, "settings": "none"}))


def test_a_damaged_case_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """The file, the key and what is wrong with it; never a traceback."""
    (tmp_path / "edge-cases").mkdir()
    (tmp_path / "edge-cases" / "odd.yaml").write_text("title: odd\n")
    monkeypatch.setattr(shipped, "shipped", lambda _folder: tmp_path)
    with pytest.raises(InputError, match=r"data/edge-cases/odd\.yaml.*question: Field required"):
        edge_case("odd")
