"""Attempts of two layers multiply: what a client's library tries again, a mesh or proxy below tries again each time.

Neither source is wrong, so this is no conflict. Where both say how often the same call is tried, they are put together as the
caller feels them, and the product is asked about: the map has one place for attempts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from auditkit.importers.mentions import question
from auditkit.importers.settings import stated
from auditkit.importers.statements import Groups, Said, as_list, evidence_nouns, title_of, value_at
from auditkit.model.draft import Item
from auditkit.model.policy import attempt_timeout_s, attempts, call_worst_case_s, retry, timeout_s
from auditkit.model.system import Policy, Question, split_target

BELOW: Final = frozenset({"Istio", "Linkerd", "Envoy"})
"""Whose attempts are made by a proxy, for each attempt of the client's library."""


def stack(groups: Groups, known: Groups) -> tuple[Question, ...]:
    """Put together, in each call, what a library and a mesh say of attempts; what multiplies is asked.

    What `known` (earlier imports) said is put together in the same way, so that a map which has it is still up to date.
    `Said.standing` sources, which are not imported now, stay only where a layer of theirs meets one that is.
    """
    asked: list[Question] = []
    for each in (groups, known):
        _hand_down(each)
    for key, said in list(groups.items()):
        layers = _layers(said)
        met = layers is not None and not all(layer.standing for layer in layers)
        if layers and met:
            groups[key] = _restated(said, layers)
            earlier = [*known.get(key, []), *(s for s in said if s.standing)]
            before = _layers(earlier)
            known[key] = [*earlier, *(_restated(earlier, before) if before else ())]
            call = next((title_of(s.item) for s in said if "from" in s.item.data), "")
            asked += _question(call, *layers)
        kept = [s for s in groups[key] if not s.standing or (layers and met and _is_layer(s))]
        if any(not s.standing and "from" in s.item.data for s in kept):
            groups[key] = kept
        else:
            del groups[key]
    return tuple(asked)


def _hand_down(groups: Groups) -> None:
    """What a proxy says of all calls of a callee holds for those operations, too, of which only a library speaks."""
    below = {_ends(s): s for said in groups.values() for s in said if "from" in s.item.data and _is_below(s)}
    for key, said in list(groups.items()):
        above = next((s for s in said if "from" in s.item.data and _is_layer(s) and not _is_below(s)), None)
        ends = _ends(above) if above else None
        if ends is None or ends in below or any(_is_below(s) for s in said):
            continue
        whole = below.get((ends[0], split_target(ends[1])[0]))
        if whole is not None:
            data = {name: whole.item.data[name] for name in ("policy", "evidence") if name in whole.item.data}
            groups[key] = [*said, replace(whole, item=replace(whole.item, data=data))]


def _is_below(said: Said) -> bool:
    return said.item.library in BELOW and _is_layer(said)


def _ends(said: Said) -> tuple[str, str]:
    to = as_list(said.item.data.get("to"))
    return str(said.item.data["from"]), str(to[0]) if len(to) == 1 else ""


def _layers(said: Iterable[Said]) -> tuple[Said, Said] | None:
    """The library's and the mesh's word on attempts, where both have spoken; of several, the one that is not standing."""
    speaking = sorted(
        (s for s in said if _is_layer(s)), key=lambda s: (s.standing, "policy.retry" in s.item.assumed, s.item.source)
    )
    above = next((s for s in speaking if s.item.library not in BELOW), None)
    below = next((s for s in speaking if s.item.library in BELOW), None)
    return (above, below) if above and below else None


def _is_layer(said: Said) -> bool:
    known = value_at(said.item, "policy.retry") not in (None, "unknown")
    return bool(said.item.library) and not said.by_person and known and _policy(said.item) is not None


def _policy(item: Item) -> Policy | None:
    try:
        return Policy.model_validate(item.data["policy"])
    except ValidationError:
        return None  # the gate says what is wrong


def _restated(said: Sequence[Said], layers: tuple[Said, Said]) -> list[Said]:
    """The same with one retry and one timeout for both layers: those that the caller feels."""
    felt = stated(_felt(*(_policy(layer.item) or Policy() for layer in layers)))
    found = []
    for s in said:
        if s in layers:
            policy = {**{k: v for k, v in s.item.data["policy"].items() if k not in ("retry", "timeout")}, **felt}
            item = replace(s.item, data={**s.item.data, "policy": policy}, assumed=s.item.assumed - {"policy.retry"})
            s = replace(s, item=item)
        found.append(s)
    return found


def _felt(above: Policy, below: Policy) -> Policy:
    """Attempts and the timeout of each, as the caller of both layers waits for them.

    Each attempt of the library takes as long as all of the mesh's; where the library does not try again, its timeout is for
    all of these together.

    >>> from auditkit.model.system import Retry
    >>> mesh = Policy(timeout_s=0.3, retry=Retry(max_attempts=3))
    >>> [_felt(Policy(timeout_s=t, retry=Retry(max_attempts=2)), mesh).timeout_s for t in (0.5, 2.0, None)]
    [0.5, 0.9, 0.9]
    >>> felt = _felt(Policy(timeout_s=0.6, retry="none"), mesh)
    >>> felt.timeout_s, felt.retry.max_attempts
    (0.2, 3)
    """
    if attempts(above) > 1:
        longest = min(timeout_s(above) or math.inf, call_worst_case_s(below))
        return Policy(retry=retry(above), timeout_s=None if math.isinf(longest) else longest)
    whole = timeout_s(above)
    longest = min(timeout_s(below) or math.inf, math.inf if whole is None else attempt_timeout_s(whole, below.retry))
    return Policy(retry=below.retry, timeout_s=None if math.isinf(longest) else longest)


def _question(call: str, above: Said, below: Said) -> Iterable[Question]:
    first, second = (attempts(_policy(layer.item)) for layer in (above, below))
    if first < 2 or second < 2:
        return
    unsaid = ", its default" if "policy.retry" in below.item.assumed else ""
    what = (
        f"{above.item.library} makes {first} attempts of {call}, and for each of them {below.item.library} makes {second}"
        f" ({below.item.where()}{unsaid}): {first} × {second} = {first * second} attempts for one request where everything"
        f" fails; the map has the {first} of {above.item.library}: which layer should try again?"
    )
    evidence = (*evidence_nouns(above.item)[:1], *evidence_nouns(below.item)[:1])
    yield question(f"layers {call}", call, what, above.item.where(), evidence)
