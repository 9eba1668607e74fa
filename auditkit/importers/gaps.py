"""What no file says: questions that follow from the map itself, and vanish as soon as a source or a person closes them.

They are made anew from each system and never written into it, except with their answer. A name pattern is a suggestion to
accept or to reject; no dependency comes of it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from auditkit.importers.coverage import BYSTANDERS, DATASTORES, GUESSED, targets
from auditkit.importers.kinds import SOFTWARE
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import Component, Dependency, Evidence, Question, System, split_target

SUGGESTED: Final = "calls?"
CONFIRM: Final = "confirm"
SAME: Final = "same"
MEASURED: Final = "measured"
_STORES: Final = frozenset({"db", "database", "cache", "store", "storage", "data", "queue", "broker", "persistence"}) | {
    word for word, kind in SOFTWARE.items() if kind in DATASTORES
}
_SERVICE: Final = frozenset({"service", "svc", "server", "srv", "api", "app"})
_ENDINGS: Final = ("service", "svc", "server")
_SILENT: Final = BYSTANDERS | DATASTORES | {"external", "dns", "certificate", "config", "network", "module", "client"}
"""Kinds of which nobody expects that they call something."""


def gaps(system: System, profiles: Mapping[str, LatencyProfile] | None = None) -> tuple[Question, ...]:
    """Questions about calls that nothing shows, in the order of the file; those that were answered are left out.

    - `calls? A -> B`: B is a datastore that nobody is known to use, and A has its name (`orders`, `orders-db`);
    - `unused B`: the same without such a name;
    - `confirm A -> B`: only start order or a name pattern speaks for the call;
    - `measured A -> B`: there are latencies of the call (`profiles`), and the map does not have it;
    - `calls A`: nothing better speaks for any call of A, to it or from it;
    - `same A = B`: two names that differ in spelling only, from different sources.

    >>> shop = System(system="shop", components=(Component(id="orders"), Component(id="orders-db", kind="database")))
    >>> [question.id for question in gaps(shop)]
    ['calls? orders -> orders-db', 'calls orders']
    """
    known = {question.id for question in system.questions}
    calls = [(split_target(d.caller)[0], split_target(target)[0], d) for d in system.dependencies for target in targets(d)]
    called = {callee for _, callee, _ in calls}
    sure = {name for caller, callee, d in calls if (d.confidence or "declared") not in GUESSED for name in (caller, callee)}
    found = [
        *_about_datastores(system.components, called),
        *_about_guesses(calls, {component.id: component for component in system.components}),
        *_about_measured(system, {(caller, callee) for caller, callee, _ in calls}, (profiles or {}).values()),
        *_about_the_unconnected(system.components, sure),
        *_about_names(system.components),
    ]
    return tuple(question for question in {question.id: question for question in found}.values() if question.id not in known)


def _about_datastores(components: Sequence[Component], called: set[str]) -> Iterator[Question]:
    owners: dict[str, list[str]] = {}
    for component in components:
        if component.kind not in _SILENT:
            owners.setdefault(_plain(component.id, _SERVICE), []).append(component.id)
    for component in components:
        if component.kind not in DATASTORES or component.id in called:
            continue
        near = next((owners[stem] for stem in _stems(component.id) if stem in owners), [])
        for owner in near:
            what = f"{component.id} is named like {owner}, and nothing shows who uses it: does {owner} call it?"
            yield Question(id=f"{SUGGESTED} {owner} -> {component.id}", where=f"{owner} -> {component.id}", what=what)
        if not near:
            what = f"{component.id} is a {component.kind}, and nothing shows who uses it: who does?"
            yield Question(id=f"unused {component.id}", where=component.id, what=what)


def _about_guesses(calls: Iterable[tuple[str, str, Dependency]], components: Mapping[str, Component]) -> Iterator[Question]:
    for caller, callee, dependency in calls:
        if dependency.confidence not in GUESSED or any(
            components[name].kind in BYSTANDERS for name in (caller, callee) if name in components
        ):
            continue
        only = "start order" if dependency.confidence == "ordering" else "a name pattern"
        what = f"only {only} shows {dependency.caller} -> {callee}: does {dependency.caller} call {callee}?"
        yield Question(
            id=f"{CONFIRM} {dependency.subject}", where=dependency.subject, what=what, evidence=dependency.evidence[:3]
        )


def _about_measured(system: System, known: set[tuple[str, str]], profiles: Iterable[LatencyProfile]) -> Iterator[Question]:
    names = {component.id for component in system.components}
    seen: dict[tuple[str, str], Evidence] = {}
    for profile in profiles:
        pair = split_target(profile.caller)[0], profile.callee
        if names.issuperset(pair) and pair not in known and pair[0] != pair[1]:
            count = profile.n + profile.errors + profile.timeouts
            where = ", ".join(profile.sources) or "latency export"
            seen.setdefault(pair, Evidence(source=where, locator=f"{count} calls", confidence="observed", count=count))
    for (caller, callee), evidence in seen.items():
        where = f"{caller} -> {callee}"
        what = f"{evidence.locator} of {where} were measured, and the map does not have it: does {caller} call {callee}?"
        yield Question(id=f"{MEASURED} {where}", where=where, what=what, evidence=(evidence,))


def _about_the_unconnected(components: Sequence[Component], sure: set[str]) -> Iterator[Question]:
    for component in components:
        if component.id not in sure and component.kind not in _SILENT:
            what = f"no file shows a call of {component.id}, to it or from it: what does it call?"
            yield Question(id=f"calls {component.id}", where=component.id, what=what)


def _about_names(components: Sequence[Component]) -> Iterator[Question]:
    """One thing under two names, as far as spelling tells: `Order-Service`, `orderservice`, `order-service.shop`."""
    spellings: dict[str, list[Component]] = {}
    for component in components:
        spellings.setdefault(_spelling(component.id), []).append(component)
    for same in spellings.values():
        for first, second in pairwise(same):
            if not {e.source for e in first.evidence} & {e.source for e in second.evidence} and second.evidence:
                what = f"{first.id} and {second.id} differ in spelling only, and no source has both: are they one thing?"
                yield Question(id=f"{SAME} {second.id} = {first.id}", where=f"{first.id} -> {second.id}", what=what)


def _words(id: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", id).lower()) if word]


def _plain(id: str, without: frozenset[str]) -> str:
    """A name without the last words that say what kind of thing it is.

    >>> _plain("post-storage-service", _SERVICE), _plain("ordersApi", _SERVICE)
    ('post-storage', 'orders')
    """
    words = _words(id)
    while len(words) > 1 and words[-1] in without:
        words.pop()
    return "-".join(words)


def _stems(id: str) -> Iterator[str]:
    """What may be the name of a datastore's owner, the longest first.

    >>> list(_stems("post-storage-memcached"))
    ['post-storage', 'post']
    """
    words = _words(id)
    while len(words) > 1 and words[-1] in _STORES:
        words.pop()
        yield "-".join(words)


def _spelling(id: str) -> str:
    """What two spellings of one name have in common: no case, no separators, no namespace, no word for service.

    >>> {_spelling(id) for id in ("Order-Service", "orderservice", "order", "order.shop.svc.cluster.local")}
    {'order'}
    """
    host = id.partition(".svc")[0].partition(".")[0] if ".svc" in id else id
    joined = "".join(_words(host))
    ending = next((end for end in _ENDINGS if joined.endswith(end) and len(joined) > len(end) + 1), "")
    return joined.removesuffix(ending)
