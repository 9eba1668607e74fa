"""Fault trees in the Open-PSA model exchange format (MEF): text to formulas, and a formula to text.

(Epstein, Rauzy: Open-PSA Model Exchange Format, version 2.0d.) Gates and, or, atleast, not, xor, nand, nor, iff, imply;
constants, house events, basic events with a plain probability. What would change the answer and is not read here (common
cause groups, time-dependent expressions) is refused in words rather than left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditkit.engine.formula import Formula, Terms
from auditkit.engine.graphs import components
from auditkit.engine.markup import Element, parse_xml
from auditkit.errors import InputError, Problem
from auditkit.units import parse_share


@dataclass(frozen=True, slots=True)
class FaultTree:
    """One top gate with everything below it. Basic events without a stated probability are missing from `probabilities`."""

    name: str
    formula: Formula
    probabilities: Mapping[str, float]


@dataclass(slots=True)
class _Reading:
    """What a file defines, by name, and what is wrong with it."""

    where: str
    gates: dict[str, Element] = field(default_factory=dict)
    basic: dict[str, float | None] = field(default_factory=dict)
    house: dict[str, bool] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, element: Element, what: str, remedy: str) -> None:
        self.problems.append(Problem(f"{self.where}:{element.line}", what, remedy))


_REFERENCES = ("gate", "basic-event", "house-event", "event")
_PROSE = ("label", "attributes")
_CONTAINERS = ("define-fault-tree", "define-component", "model-data")
_GATES: Mapping[str, Callable[[Terms, list[int]], int]] = {
    "and": lambda terms, args: terms.all(*args),
    "or": lambda terms, args: terms.any(*args),
    "not": lambda terms, args: terms.negation(args[0]),
    "xor": lambda terms, args: terms.exclusive(*args),
    "nand": lambda terms, args: terms.negation(terms.all(*args)),
    "nor": lambda terms, args: terms.negation(terms.any(*args)),
    "iff": lambda terms, args: terms.negation(terms.exclusive(*args)),
    "imply": lambda terms, args: terms.any(terms.negation(args[0]), args[1]),
}
_ARITY = {"not": 1, "xor": 2, "iff": 2, "imply": 2}


def read_fault_trees(text: str, where: str) -> tuple[FaultTree, ...]:
    """The fault trees of an Open-PSA text: one for each gate that no other gate refers to, in the order of the file.

    Raises `InputError` with all problems at once: text that is no XML, unknown or repeated names, gates in a circle,
    a bad probability, elements that would change the answer and are not read.

    >>> tree, = read_fault_trees('''<opsa-mef><define-fault-tree name="pump"><define-gate name="top">
    ... <or><basic-event name="motor"/><basic-event name="valve"/></or></define-gate>
    ... <define-basic-event name="motor"><float value="0.01"/></define-basic-event>
    ... <define-basic-event name="valve"/></define-fault-tree></opsa-mef>''', "pump.xml")
    >>> tree.name, tree.formula.variables, tree.probabilities
    ('top', ('motor', 'valve'), {'motor': 0.01})
    """
    root = parse_xml(text, where)
    if root.tag != "opsa-mef":
        raise InputError.of(f"{where}:{root.line}", f"<{root.tag}> is no Open-PSA model", "give a file whose root is <opsa-mef>")
    reading = _Reading(where)
    _collect(reading, root)
    used = {name: _references(reading, gate) for name, gate in reading.gates.items()}
    _check_circles(reading, used)
    if not reading.gates:
        reading.problem(root, "no gate is defined", "define at least one gate")
    if reading.problems:
        raise InputError(reading.problems)
    referred = {name for names in used.values() for name in names}
    known = {name: p for name, p in reading.basic.items() if p is not None}
    trees = []
    for top in (name for name in reading.gates if name not in referred):
        formula = _formula(reading, used, top)
        trees.append(FaultTree(top, formula, {name: known[name] for name in formula.variables if name in known}))
    return tuple(trees)


def _collect(reading: _Reading, parent: Element) -> None:
    for element in parent.children:
        name = element.attributes.get("name", "")
        if element.tag in _CONTAINERS:
            _collect(reading, element)
        elif element.tag == "define-gate":
            if _is_new(reading, element, name):
                reading.gates[name] = element
        elif element.tag == "define-basic-event":
            if _is_new(reading, element, name):
                reading.basic[name] = _probability(reading, element, name)
        elif element.tag == "define-house-event":
            if _is_new(reading, element, name):
                reading.house[name] = any(_constant(child) for child in element.children)
        elif element.tag not in (*_PROSE, "define-parameter"):
            reading.problem(element, f"<{element.tag}> is not read and could change the answer", "expand it, or remove it")


def _is_new(reading: _Reading, element: Element, name: str) -> bool:
    if not name:
        reading.problem(element, f"<{element.tag}> has no name", "give it a name")
    elif name in reading.gates or name in reading.basic or name in reading.house:
        reading.problem(element, f"{name!r} is defined twice", "rename or remove one of the two")
    else:
        return True
    return False


def _constant(element: Element) -> bool:
    return element.tag == "constant" and element.attributes.get("value", "") in ("true", "1")


def _content(element: Element) -> list[Element]:
    return [child for child in element.children if child.tag not in _PROSE]


def _probability(reading: _Reading, element: Element, name: str) -> float | None:
    for child in _content(element)[:1]:
        value = child.attributes.get("value", "")
        if child.tag not in ("float", "int"):
            what = f"the probability of {name!r} is a <{child.tag}>, which is not read"
            reading.problem(child, what, 'write <float value="…"/>')
            return None
        try:
            return parse_share(value)
        except ValueError:
            reading.problem(child, f"the probability of {name!r} is {value!r}", "write a number between 0 and 1")
    return None


def _formulas(gate: Element) -> Iterator[Element]:
    """All elements of a gate's formula, outer ones first."""
    stack = _content(gate)[::-1]
    while stack:
        element = stack.pop()
        yield element
        stack += _content(element)[::-1]


def _references(reading: _Reading, gate: Element) -> list[str]:
    """Names of the gates that a gate refers to; problems of its formula are noted."""
    if len(_content(gate)) != 1:
        reading.problem(gate, f"gate {gate.attributes['name']!r} has {len(_content(gate))} formulas", "give it exactly one")
    found = []
    for element in _formulas(gate):
        name = element.attributes.get("name", "")
        count = len(_content(element))
        if element.tag in _REFERENCES:
            kinds: Mapping[str, Iterable[str]] = {
                "gate": reading.gates, "basic-event": reading.basic, "house-event": reading.house,
                "event": [*reading.gates, *reading.basic, *reading.house],
            }  # fmt: skip
            kind = element.attributes.get("type", "event") if element.tag == "event" else element.tag
            if name not in kinds.get(kind, ()):
                near = difflib.get_close_matches(name, list(kinds.get(kind, ())), n=1)
                reading.problem(element, f"unknown {kind} {name!r}", f"write {near[0]!r}" if near else "define it")
            elif name in reading.gates:
                found.append(name)
        elif element.tag == "atleast":
            least = element.attributes.get("min", "")
            if not least.isdecimal() or not 1 <= int(least) <= count:
                reading.problem(
                    element, f"atleast with min={least!r} of {count} inputs", f"give a min between 1 and {max(count, 1)}"
                )
        elif element.tag in _GATES:
            if count != _ARITY.get(element.tag, max(count, 1)):
                reading.problem(element, f"<{element.tag}> with {count} inputs", f"give it {_ARITY.get(element.tag, 'some')}")
        elif element.tag != "constant":
            reading.problem(element, f"<{element.tag}> is no gate that is read here", "write it with and, or, atleast, not, xor")
    return found


def _check_circles(reading: _Reading, used: Mapping[str, list[str]]) -> None:
    names = list(used)
    number = {name: index for index, name in enumerate(names)}
    graph = {index: [number[other] for other in used[name]] for index, name in enumerate(names)}
    graph[-1] = list(range(len(names)))
    for block in components(graph, -1):
        if len(block) > 1 or block[0] in graph[block[0]]:
            chain = " -> ".join(names[index] for index in reversed(block))
            reading.problem(reading.gates[names[block[-1]]], f"gates in a circle: {chain}", "break the circle")


def _formula(reading: _Reading, used: Mapping[str, list[str]], top: str) -> Formula:
    terms = Terms()
    done: dict[str, int] = {}
    stack = [top]
    while stack:
        gate = stack[-1]
        missing = [name for name in used[gate] if name not in done]
        if missing or gate in done:
            stack.pop() if gate in done else stack.extend(reversed(missing))
            continue
        done[gate] = _term(reading, terms, done, _content(reading.gates[gate])[0])
        stack.pop()
    return terms.formula(done[top])


def _term(reading: _Reading, terms: Terms, done: Mapping[str, int], element: Element) -> int:
    if element.tag == "constant":
        return terms.true if _constant(element) else terms.false
    if element.tag in _REFERENCES:
        name = element.attributes["name"]
        if name in done:
            return done[name]
        if name in reading.house:
            return terms.true if reading.house[name] else terms.false
        return terms.variable(name)
    args = [_term(reading, terms, done, child) for child in _content(element)]
    if element.tag == "atleast":
        return terms.at_least(int(element.attributes["min"]), args)
    return _GATES[element.tag](terms, args)
