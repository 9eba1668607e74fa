"""From the names of an export to the components of the system. What matches nothing keeps its name and is listed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditkit.credentials import without_queries_in_name
from auditkit.latency.reduce import Call
from auditkit.model.latency import call_name
from auditkit.model.system import split_target
from auditkit.spans import as_id, workload_name


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A name of the export that is no component, in how many calls it occurs, and which components resemble it."""

    name: str
    calls: int
    suggestions: tuple[str, ...]


def rename(call: Call, rules: Mapping[str, str], components: Collection[str] = ()) -> Call:
    """The call in the names of the system.

    A rule's key is what the export says: a whole call (`web -> GET /cart`), or a caller or callee, with `*` and `?` as
    wildcards or as a regular expression between slashes. Its value is a component, a `component:operation`, or a whole
    call. What no rule names is looked up among the components as it is, with the characters of an id only, without
    the hashes of its pod, without port and domain, and in lower case.

    >>> rename(Call("frontend-579b9bff58-t2dbm", "cart.shop.svc:7070", "Get"), {}, ["frontend", "cart"])
    Call(caller='frontend', callee='cart', operation='Get')
    >>> rename(Call("jmeter", "GET /cart", None), {"jmeter -> GET /*": "user -> web:pages"})
    Call(caller='user', callee='web', operation='pages')

    What a name holds of credentials is gone before: no rule can need it.

    >>> rename(Call("locust", "/cart?token=Zx81", "GET"), {})
    Call(caller='locust', callee='/cart?token=REDACTED', operation='GET')
    """
    operation = call.operation and without_queries_in_name(call.operation)
    call = Call(without_queries_in_name(call.caller), without_queries_in_name(call.callee), operation)
    whole = _ruled(call_name(*call), rules)
    if whole is not None and " -> " in whole:
        caller, callee = whole.split(" -> ", 1)
        component, operation = split_target(callee)
        return Call(caller, component, operation)
    caller, _ = split_target(_component(call.caller, rules, components))
    callee, operation = split_target(_component(call.callee, rules, components))
    return Call(caller, callee, operation or call.operation)


def unmatched(calls: Sequence[Call], components: Collection[str]) -> tuple[Unmatched, ...]:
    """Callers and callees that are no component, most frequent first. Without components there is nothing to match."""
    if not components:
        return ()
    count: dict[str, int] = {}
    for call in calls:
        for name in {call.caller, call.callee} - set(components):
            count[name] = count.get(name, 0) + 1
    order = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Unmatched(name, calls, suggestions(name, components)) for name, calls in order)


def suggestions(name: str, components: Collection[str]) -> tuple[str, ...]:
    """At most three components that a name may mean.

    >>> suggestions("cart-svc", ["cart", "checkout", "ads"])
    ('cart',)
    """
    known = sorted(components)
    lowered = name.lower()
    near = difflib.get_close_matches(lowered, known, n=3, cutoff=0.6)
    inside = [c for c in known if len(c) > 2 and (c.lower() in lowered or (len(lowered) > 2 and lowered in c.lower()))]
    return tuple(dict.fromkeys(near + inside))[:3]


def _component(name: str, rules: Mapping[str, str], components: Collection[str]) -> str:
    ruled = _ruled(name, rules)
    if ruled is not None:
        return ruled
    if not components or name in components:
        return name
    host = re.sub(r"^[a-z]+://", "", name).split("/", 1)[0].rsplit(":", 1)[0]
    guesses = (
        as_id(name),
        workload_name(name),
        host,
        workload_name(host),
        host.split(".", 1)[0],
        workload_name(host.split(".", 1)[0]),
    )
    for guess in (*guesses, *(text.lower() for text in (name, *guesses))):
        ruled = _ruled(guess, rules)
        if ruled is not None:
            return ruled
        if guess in components:
            return guess
    return name


def _ruled(name: str, rules: Mapping[str, str]) -> str | None:
    if name in rules:
        return rules[name]
    for pattern, target in rules.items():
        if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
            match = re.fullmatch(pattern[1:-1], name)
            if match:
                return match.expand(target)
        elif ("*" in pattern or "?" in pattern) and fnmatchcase(name, pattern):
            return target
    return None
