"""SLO ceilings, minutes a month, and false redundancy."""

from __future__ import annotations

import pytest
from random_systems import random_system
from small_worlds import BOUNDED, world

from auditkit.engine import availability, ceilings, false_redundancies
from auditkit.engine.arenas import Limits
from auditkit.model.failure import Range

FAIL = {"on_failure": "fail", "policy": BOUNDED}


def test_three_nines_needs_better_parts():
    """Treynor et al., The Calculus of Service Availability, 2017: a service is no better than the product of what it needs."""
    system = world(
        [{"from": "api", "to": "a", **FAIL}, {"from": "api", "to": "b", **FAIL}],
        {name: {"availability": "99.9%"} for name in ("api", "a", "b")},
        slo="99.9%",
    )
    (buy,) = ceilings(system)
    assert buy.best == pytest.approx(0.999**3, rel=1e-12)
    assert buy.minutes_down == pytest.approx(129.47, abs=0.01)
    assert buy.minutes_allowed == pytest.approx(43.2)
    assert [cost.minutes for cost in buy.costs] == [pytest.approx(0.001 * 0.999**2 * 43200)] * 3


@pytest.mark.parametrize("seed", range(30))
def test_the_minutes_of_an_atom_are_what_its_perfection_would_win(seed):
    """Computed again with that component never failing."""
    system = random_system(seed)
    known = system.model_copy(
        update={"components": tuple(c.model_copy(update={"availability": 0.99}) for c in system.components)}
    )
    for ceiling in ceilings(known, assumed_availability=0.99):
        assert ceiling.availability == availability(known, ceiling.journey, assumed_availability=0.99)
        for cost in ceiling.costs:
            perfect = tuple(c.model_copy(update={"availability": 1.0}) if c.id == cost.atom else c for c in known.components)
            better = availability(known.model_copy(update={"components": perfect}), ceiling.journey, assumed_availability=0.99)
            if cost.atom in {component.id for component in known.components}:
                assert cost.minutes == pytest.approx((better - ceiling.best) * 43200, abs=1e-6)


def test_unknown_availabilities_give_a_range_and_no_minutes():
    """The best end is the ceiling; what is unknown is listed last, without a figure."""
    system = world([{"from": "api", "to": "db", **FAIL}], {"api": {"availability": "99.9%"}}, slo="99.95%")
    (buy,) = ceilings(system)
    assert buy.availability == Range(best=0.999, worst=0.0)
    assert [(cost.atom, cost.minutes and round(cost.minutes, 1)) for cost in buy.costs] == [("api", 43.2), ("db", None)]


def test_what_could_not_be_computed_says_so():
    """A limit reached is told for the journey it concerns."""
    calls = [{"from": "api", "to": [f"s{a}", f"s{b}"], **FAIL} for a in range(12) for b in range(a)]
    (buy,) = ceilings(world(calls), limits=Limits(nodes=16))
    assert buy.availability is None
    assert "limit" in buy.not_computed


def test_a_database_below_two_servers_defeats_their_redundancy():
    """The one below is named; what they share without harm is named as shared only."""
    soft = {"on_failure": "degrade", "fallback": {"kind": "static"}, "policy": BOUNDED}
    calls = [{"from": "api", "to": ["a", "b"], **FAIL}]
    calls += [{"from": x, "to": "db", **FAIL} for x in "ab"] + [{"from": x, "to": "cache", **soft} for x in "ab"]
    (found,) = false_redundancies(world(calls))
    assert found.subject == "api -> a|b"
    assert [(defeat.atom, defeat.certainty) for defeat in found.defeated_by] == [("db", "proven")]
    assert found.shared == ("cache", "db")


def test_two_of_three_tolerate_what_only_one_needs():
    """With 2 of 3 needed, one may go; what two of them need defeats the group."""
    calls = [{"from": "api", "to": ["a", "b", "c"], "at_least": 2, **FAIL}, {"from": "a", "to": "x", **FAIL}]
    assert false_redundancies(world(calls)) == ()
    (found,) = false_redundancies(world([*calls, {"from": "b", "to": "x", **FAIL}]))
    assert [defeat.atom for defeat in found.defeated_by] == ["x"]


def test_instances_in_one_zone_and_a_required_database():
    """Three replicas do not survive the death of their zone, nor of a database that they need."""
    system = world([{"from": "api", "to": "db"}], {"api": {"instances": 3, "min_up": 2, "placement": {"z1": 2, "z2": 1}}})
    (found,) = false_redundancies(system)
    assert (found.subject, found.kind, len(found.members), found.needed) == ("api", "instances", 3, 2)
    assert [(d.atom, d.certainty) for d in found.defeated_by] == [("db", "possible"), ("z1", "proven")]


def test_one_slow_member_defeats_a_group_without_timeout():
    """Down, the other one answers; slow, the caller waits for the first."""
    system = world([{"from": "api", "to": ["a", "b"], "on_failure": "fail", "policy": {"timeout": "none"}}])
    assert false_redundancies(system, "down") == ()
    assert [d.atom for d in false_redundancies(system, "slow")[0].defeated_by] == ["a", "b"]
