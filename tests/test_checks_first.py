"""The checks of the first path: each fires, each stays silent, none is troubled by an empty system."""

from __future__ import annotations

import pytest
from small_worlds import BOUNDED, EMPTY, facts, run, world

from auditkit.checks import CHECKS, explain, run_checks, sentence_on_single_points
from auditkit.checks.low_coverage import CHECK as LOW_COVERAGE
from auditkit.checks.single_point_of_failure import CHECK as SINGLE_POINT
from auditkit.checks.timeout_inversion import CHECK as INVERSION
from auditkit.checks.unbounded_wait import CHECK as UNBOUNDED
from auditkit.checks.unknown_answer import CHECK as UNKNOWN_ANSWER
from auditkit.errors import InputError
from auditkit.model.audit import SEVERITIES
from auditkit.model.draft import Coverage

LOW = Coverage(components=2, by_confidence={}, grade="low", reason="nothing was seen in traffic")
BOUNDS = world(  # oracles/failures.yaml: what an unanswered question leaves open
    [
        {"from": "api", "to": "ads", "policy": {"timeout": "100ms", "bulkhead": {"max_concurrent": 5}}},
        {"from": "api", "to": "db", "on_failure": "fail"},
    ]
)


@pytest.mark.parametrize("name", CHECKS)
def test_no_check_is_troubled_by_an_empty_system(name: str) -> None:
    """A system without anything in it gives no finding."""
    assert run(CHECKS[name], EMPTY) == ()


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_explains_itself(name: str) -> None:
    """Title, why, how, remedy and false alarm are all there, under their own name."""
    check = CHECKS[name]
    assert check.name == name
    assert all(len(text) > 20 for text in (check.title, check.why, check.how, check.remedy))
    assert check.false_alarm
    assert check.sources
    for text in (check.title, check.why, check.how, check.remedy, check.false_alarm, *check.sources):
        assert text in explain(name)


def test_an_unknown_check_is_refused_with_the_nearest() -> None:
    """A typing error is answered with what was probably meant."""
    with pytest.raises(InputError, match="'unbounded_wait'"):
        explain("unbounded_waits")


def test_certainty_of_single_points_follows_the_open_answers() -> None:
    """Oracle: db and api are proven single points of failure, ads is possible."""
    found = {f.subject: f.certainty for f in run(SINGLE_POINT, BOUNDS)}
    assert found == {"db": "proven", "api": "proven", "ads": "possible"}


def test_three_kinds_of_single_points_are_told_apart() -> None:
    """A component, an instance without a spare, and a shared cause are named as what they are."""
    system = world(
        [{"from": "api", "to": "db", "on_failure": "fail", "policy": BOUNDED}],
        {"api": {"instances": 3, "placement": {"z": 3}}, "db": {"instances": 1, "min_up": 1}},
    )
    titles = {f.subject: f.title for f in run(SINGLE_POINT, system)}
    assert titles["api"].startswith("component api ")
    assert titles["db"].startswith("instance db ")
    assert titles["z"].startswith("shared cause (placement domain) z ")


def test_where_users_enter_nobody_is_asked_to_degrade() -> None:
    """One instance at the entry: a spare, or a decision; the same behind it may be degraded around."""
    system = world(
        [{"from": "api", "to": "db", "on_failure": "fail", "policy": BOUNDED}], {n: {"instances": 1} for n in ("api", "db")}
    )
    remedies = {f.subject: f.remedy for f in run(SINGLE_POINT, system)}
    assert "nobody can degrade around it" in remedies["api"]
    assert "let its callers degrade" in remedies["db"]


def test_an_ignored_and_bounded_call_is_no_single_point() -> None:
    """A leaf whose failure is ignored, behind a timeout and a bulkhead, stops nothing."""
    policy = {"timeout": "100ms", "bulkhead": {"max_concurrent": 4}}
    system = world([{"from": "api", "to": "log", "on_failure": "ignore", "policy": policy}])
    assert "log" not in {f.subject for f in run(SINGLE_POINT, system)}


def test_a_component_that_stops_a_journey_only_when_slow_says_so() -> None:
    """Telemetry that is ignored when down hangs its caller when slow; the finding tells the difference."""
    system = world([{"from": "api", "to": "log", "on_failure": "ignore", "policy": {"timeout": "none"}}])
    finding = next(f for f in run(SINGLE_POINT, system) if f.subject == "log")
    assert "only when it is slow" in finding.title


def test_low_coverage_never_claims_the_absence_of_single_points() -> None:
    """Where little is known, no sentence may say that there is no single point of failure."""
    alone = world([], {"api": {"instances": 3}})
    assert "no single failure stops" not in sentence_on_single_points(facts(alone, coverage=LOW))
    assert "there may be others" in sentence_on_single_points(facts(BOUNDS, coverage=LOW))
    assert "there may be others" in sentence_on_single_points(facts(BOUNDS, coverage=None))
    assert "nothing can be said" in sentence_on_single_points(facts(EMPTY, coverage=LOW))


def test_high_coverage_may_say_that_nothing_was_found() -> None:
    """With everything described and redundant, the sentence says so, and of what."""
    system = world([{"from": "api", "to": ["a", "b"], "at_least": 1, "on_failure": "ignore", "policy": BOUNDED}])
    without_entry = system.model_copy(update={"journeys": (system.journeys[0].model_copy(update={"entry": "a"}),)})
    assert sentence_on_single_points(facts(without_entry)).startswith("1 single point of failure proven: a.")


def test_a_call_without_timeout_is_proven_when_stated_and_possible_when_unknown() -> None:
    """`none` is a fact, a missing key is a question; both are findings, telemetry too."""
    stated = world(
        [{"from": "api", "to": "log", "on_failure": "ignore", "policy": {"timeout": "none"}}], {"log": {"kind": "telemetry"}}
    )
    unknown = world([{"from": "api", "to": "log"}])
    assert [f.certainty for f in run(UNBOUNDED, stated)] == ["proven"]
    assert [f.certainty for f in run(UNBOUNDED, unknown)] == ["possible"]
    assert "a call that never ends never fails" in " ".join(run(UNBOUNDED, stated)[0].evidence)


def test_a_bounded_an_asynchronous_and_a_timeless_call_do_not_wait_without_end() -> None:
    """Timeouts, queues and certificates give no finding."""
    system = world(
        [
            {"from": "api", "to": "db", "policy": BOUNDED},
            {"from": "api", "to": "mail", "call": "async"},
            {"from": "api", "to": "cert", "on_failure": "fail"},
        ],
        {"cert": {"kind": "certificate"}},
    )
    assert run(UNBOUNDED, system) == ()


def test_a_fallback_without_timeout_waits_without_end_as_well() -> None:
    """The alternative of a fallback is a call of its own."""
    system = world(
        [{"from": "api", "to": "prices", "on_failure": "degrade", "fallback": {"alternatives": ["redis"]}, "policy": BOUNDED}]
    )
    assert ["fallback to redis" in " ".join(f.evidence) for f in run(UNBOUNDED, system)] == [True]


def eight_calls(stage: int | None) -> list[dict[str, object]]:
    """numbers.yaml, chains: a caller that waits 55 s for eight calls of 15 s."""
    calls = [{"from": "mid", "to": f"s{i}", "policy": {"timeout": "15s"}} for i in range(8)]
    for index, call in enumerate(calls):
        call["stage"] = stage if stage is not None else index
    return [{"from": "api", "to": "mid", "policy": {"timeout": "55s"}}, *calls]


def test_the_caller_of_eight_sequential_calls_gives_up_first() -> None:
    """numbers.yaml, chains: 55 s against 8 × 15 s one after another is 120 s: an inversion."""
    (finding,) = run(INVERSION, world(eight_calls(None)))
    assert finding.subject == "api -> mid"
    assert finding.certainty == "proven"
    assert "2m" in finding.title


def test_eight_parallel_calls_are_no_inversion() -> None:
    """The same calls in one stage take 15 s at most."""
    assert run(INVERSION, world(eight_calls(1))) == ()


def test_attempts_and_backoffs_count_towards_an_inversion() -> None:
    """200 ms, 2 attempts and 50 ms between them are 450 ms: too long for a caller that waits 400 ms."""
    inner = {"timeout": "200ms", "retry": {"max_attempts": 2, "backoff": "50ms"}}
    system = world([{"from": "api", "to": "mid", "policy": {"timeout": "400ms"}}, {"from": "mid", "to": "db", "policy": inner}])
    assert "450ms" in run(INVERSION, system)[0].title
    patient = world([{"from": "api", "to": "mid", "policy": {"timeout": "450ms"}}, {"from": "mid", "to": "db", "policy": inner}])
    assert run(INVERSION, patient) == ()


def test_calls_of_unknown_order_make_an_inversion_possible_only() -> None:
    """Without stages, calls are assumed to run one after another; that is an assumption, and says so."""
    calls = [{"from": "mid", "to": f"s{i}", "policy": {"timeout": "1s"}} for i in range(2)]
    (finding,) = run(INVERSION, world([{"from": "api", "to": "mid", "policy": {"timeout": "1s"}}, *calls]))
    assert finding.certainty == "possible"
    assert "assumed to run one after another" in " ".join(finding.evidence)


def test_an_unknown_answer_is_asked_for_on_the_way_of_a_journey_only() -> None:
    """A call whose failure nobody has thought about is a finding; one that no journey reaches is not."""
    system = world(
        [{"from": "api", "to": "db"}, {"from": "batch", "to": "db"}, {"from": "api", "to": "log", "on_failure": "ignore"}]
    )
    assert [f.subject for f in run(UNKNOWN_ANSWER, system)] == ["api -> db"]


def test_low_coverage_is_a_finding_and_high_coverage_is_none() -> None:
    """The grade of the import decides."""
    (finding,) = run(LOW_COVERAGE, BOUNDS, coverage=LOW)
    assert (finding.severity, finding.subject) == ("high", "small")
    assert run(LOW_COVERAGE, BOUNDS) == ()


def test_findings_come_in_a_fixed_order() -> None:
    """The gravest first, then by check and subject; twice the same."""
    found = run_checks(facts(BOUNDS, coverage=LOW))
    assert found == run_checks(facts(BOUNDS, coverage=LOW))
    keys = [(-SEVERITIES.index(f.severity), f.check, f.subject) for f in found]
    assert keys == sorted(keys)
