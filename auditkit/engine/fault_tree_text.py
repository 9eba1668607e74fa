"""A formula as an Open-PSA fault tree, so that anybody can check an answer with their own tool.

(Epstein, Rauzy: Open-PSA Model Exchange Format, version 2.0d.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from auditkit.engine.formula import Formula, Op
from auditkit.engine.unrolling import unrolled

_TAGS: Mapping[int, str] = {Op.AND: "and", Op.OR: "or", Op.ATLEAST: "atleast", Op.NOT: "not", Op.XOR: "xor"}


def write_fault_tree(name: str, formula: Formula, probabilities: Mapping[str, float]) -> str:
    """The Open-PSA text of a formula: top gate `name`, a basic event per variable, with its probability where there is one.

    Circles are written out. The format allows letters, digits, `_` and `-` in names; whatever differs from its name here stands
    as the label. `read_fault_trees` reads the text back to an equal formula. Raises `LimitReached` where written-out circles
    are too long.

    >>> from auditkit.engine.formula import Terms
    >>> terms = Terms()
    >>> formula = terms.formula(terms.any(terms.variable("db"), terms.variable("10.0.0.1")))
    >>> print(write_fault_tree("checkout", formula, {"db": 0.001}))
    <?xml version="1.0" encoding="UTF-8"?>
    <opsa-mef>
      <define-fault-tree name="checkout-tree">
        <define-gate name="checkout"><or><basic-event name="db"/><basic-event name="e-10_0_0_1"/></or></define-gate>
      </define-fault-tree>
      <model-data>
        <define-basic-event name="db"><float value="0.001"/></define-basic-event>
        <define-basic-event name="e-10_0_0_1"><label>10.0.0.1</label></define-basic-event>
      </model-data>
    </opsa-mef>
    <BLANKLINE>
    """
    formula = unrolled(formula)
    taken: set[str] = set()
    (top,) = _identifiers([name], "top", taken)
    events = _identifiers(formula.variables, "e", taken)
    gates = [gate for gate in range(formula.root) if formula.op[gate] > Op.VARIABLE]
    names = dict(
        zip([formula.root, *gates], [top, *_identifiers([f"g{n}" for n in range(1, len(gates) + 1)], "g", taken)], strict=True)
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<opsa-mef>", f'  <define-fault-tree name="{top}-tree">']
    for gate in [formula.root, *reversed(gates)]:
        body = _gate(formula, gate, names, events)
        label = _label(name, top) if gate == formula.root else ""
        lines.append(f'    <define-gate name="{names[gate]}">{label}{body}</define-gate>')
    lines += ["  </define-fault-tree>", "  <model-data>"]
    for variable, event in zip(formula.variables, events, strict=True):
        value = f'<float value="{probabilities[variable]!r}"/>' if variable in probabilities else ""
        lines.append(f"    <define-basic-event name={quoteattr(event)}>{_label(variable, event)}{value}</define-basic-event>")
    return "\n".join([*lines, "  </model-data>", "</opsa-mef>", ""])


def _gate(formula: Formula, gate: int, names: Mapping[int, str], events: list[str]) -> str:
    op, param = formula.op[gate], int(formula.param[gate])
    if op in (Op.CONSTANT, Op.VARIABLE):
        return _reference(formula, gate, names, events)
    inside = [_reference(formula, arg, names, events) for arg in formula.arguments(gate)]
    if op == Op.XOR:  # the format's xor has two inputs
        text = inside[0]
        for other in inside[1:]:
            text = f"<xor>{text}{other}</xor>"
        return text
    if len(inside) == 1 and op != Op.NOT:
        return inside[0]
    least = f' min="{param}"' if op == Op.ATLEAST else ""
    return f"<{_TAGS[op]}{least}>{''.join(inside)}</{_TAGS[op]}>"


def _reference(formula: Formula, gate: int, names: Mapping[int, str], events: list[str]) -> str:
    if formula.op[gate] == Op.CONSTANT:
        return f'<constant value="{"true" if formula.param[gate] else "false"}"/>'
    if formula.op[gate] == Op.VARIABLE:
        return f'<basic-event name="{events[formula.param[gate]]}"/>'
    return f'<gate name="{names[gate]}"/>'


def _label(name: str, identifier: str) -> str:
    return "" if name == identifier else f"<label>{escape(name)}</label>"


def _identifiers(names: Iterable[str], prefix: str, taken: set[str]) -> list[str]:
    """A name that the format allows for each of these, close to it and used once."""
    return [next(_free(re.sub(r"[^A-Za-z0-9_-]", "_", name), prefix, taken)) for name in names]


def _free(name: str, prefix: str, taken: set[str]) -> Iterator[str]:
    name = re.sub(r"-+(?=-|$)", "_", name)  # the format has no double and no closing hyphen
    if not re.match(r"[A-Za-z]", name):
        name = f"{prefix}-{name.lstrip('-') or 'unnamed'}"
    number = 1
    while True:
        candidate = name if number == 1 else f"{name}_{number}"
        number += 1
        if candidate.casefold() not in taken:  # the format does not tell upper from lower case
            taken.add(candidate.casefold())
            yield candidate
