"""Isotope graphs (Istio's synthetic systems): services, their replicas, and the script of calls that each runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditkit.errors import InputError, Problem
from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.drawn import Arrow, Box, draft, names
from auditkit.importers.mentions import question
from auditkit.importers.shapes import mapping_of, text_of
from auditkit.importers.yaml_text import Node, parse
from auditkit.model.draft import Draft, Item
from auditkit.model.system import Evidence, Question

CANNOT_SAY: Final = ("an isotope graph does not say what a service stands for, nor in which zones its replicas run",)
_SERVICES: Final = re.compile(
    r"""^["']?services["']?:[ \t]*+(?:#[^\n]*+)?\r?\n(?>[ \t]*+(?:#[^\n]*+)?\r?\n)*+[ \t]*- """, re.MULTILINE
)
_ONLY_HERE: Final = re.compile(
    r"^[ \t]*+(?:- )?(?:script|isEntrypoint|numReplicas|numRbacPolicies|errorRate|responseSize):", re.MULTILINE
)
_KIND: Final = re.compile(r"^kind:\s*MockServiceGraph\b", re.MULTILINE)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,300}")


def _detect(name: str, text: str) -> bool:
    head = beginning(text)
    return bool(_SERVICES.search(head) and (_ONLY_HERE.search(head) or _KIND.search(head)))


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    root = parse(text, name)
    services = root.child("services") if isinstance(root.value, dict) else None
    if services is None or not isinstance(services.value, list):
        raise InputError.of(f"{name}:{root.line}", "has no list of services", "write services: and one '- name: …' a line")
    problems: list[Problem] = []
    # isotope's README writes the one, its code reads the other
    given = next(
        (key for key in ("defaults", "default") if key in root.value), "defaults"
    )  # the README has the one, the code the other
    defaults = mapping_of(root.value.get(given), f"{name}:{root.line_of(given)}", given, problems)
    usual = (root.child(given) or root).child("script")
    boxes: dict[str, Box] = {}
    entries: list[Box] = []
    arrows: list[Arrow] = []
    for node in services.children:
        where = f"{name}:{node.line}"
        service = {**defaults, **mapping_of(node.value, where, "a service", problems)}
        key = text_of(service.get("name"))
        if not key or key in boxes:
            what = f"the service {key!r} exists twice" if key else "a service has no name"
            problems.append(Problem(where, what, "give each service a name of its own"))
            continue
        boxes[key] = _box(service, key, name, node, problems)
        entries += [boxes[key]] if service.get("isEntrypoint") is True else []
        arrows += _calls(key, node.child("script") or usual, name, problems)
    ids = names(tuple(boxes.values()))
    return draft(
        name,
        tuple(boxes.values()),
        (arrow for arrow in arrows if arrow.callee in boxes),
        (_not_here(arrow) for arrow in arrows if arrow.callee not in boxes),
        CANNOT_SAY,
        (_journey(box, ids[box.key]) for box in entries),
        problems,
    )


def _box(service: Mapping[str, Any], id: str, name: str, node: Node, problems: list[Problem]) -> Box:
    """One service; a graph that does not say how many replicas it has means one, and a cluster is where they all run."""
    replicas = service.get("numReplicas", 1)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 1:
        problems.append(Problem(f"{name}:{node.line}", "numReplicas is no number above 0", "write how many replicas run"))
        replicas = None
    facts: dict[str, Any] = {"instances": replicas}
    cluster = text_of(service.get("cluster"))
    if cluster != id and _DOMAIN.fullmatch(cluster) and replicas:
        facts["placement"] = {cluster: replicas}
    rate = text_of(service.get("errorRate"))
    return Box(id, id, name, f"services.{id}" + (f", errorRate {rate}" if rate else ""), node.line, facts=facts)


def _calls(caller: str, script: Node | None, name: str, problems: list[Problem]) -> Iterator[Arrow]:
    """The calls of a script: its steps come one after another, those of a list in it at the same time."""
    if script is None or script.value is None:
        return
    if not isinstance(script.value, list):
        problems.append(Problem(f"{name}:{script.line}", "script is no list", "write one '- call: …' a line"))
        return
    for stage, step in enumerate(script.children, start=1):
        at_once = step.children if isinstance(step.value, list) else (step,)
        for command in at_once:
            if not isinstance(command.value, dict):
                problems.append(Problem(f"{name}:{command.line}", "a step is no command", "write call: or sleep:"))
            elif "call" in command.value:
                call = command.value["call"]
                callee = text_of(call.get("service")) if isinstance(call, dict) else text_of(call)
                if not callee:
                    problems.append(Problem(f"{name}:{command.line}", "a call names no service", "write call: NAME"))
                    continue
                chance = text_of(call.get("probability")) if isinstance(call, dict) else ""
                said = f"services.{caller}.script, step {stage}" + (f", with probability {chance} %" if chance else "")
                yield Arrow(caller, callee, name, said, command.line, facts={"stage": stage})


def _not_here(arrow: Arrow) -> Question:
    evidence = Evidence(source=arrow.source, locator=arrow.locator, confidence="declared")
    what = f"{arrow.caller} calls {arrow.callee}, which is no service of this graph: what is it?"
    return question(f"not here {arrow.callee}", arrow.caller, what, f"{arrow.source}:{arrow.line}", (evidence,))


def _journey(box: Box, id: str) -> Item:
    evidence = {"source": box.source, "locator": f"{box.locator}, isEntrypoint", "confidence": "declared"}
    data = {"id": id, "entry": id, "proposed": True, "evidence": [evidence]}
    return Item(data, box.source, {} if box.line is None else {"": box.line})


ISOTOPE: Final = Importer(
    name="isotope",
    title="Isotope graph",
    prose=(
        "Services of Istio's load-test graphs become components with their replicas, calls of a script dependencies (declared):"
        " one step after another, the calls of a list at once. Entry points are proposed as journeys; a cluster is where all"
        " replicas run. Calls to what is not in the graph become questions. " + ". ".join(CANNOT_SAY) + "."
    ),
    detect=_detect,
    read=_read,
)
