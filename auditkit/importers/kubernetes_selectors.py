"""Label selectors of policies and budgets: the sets of labels that they match, as far as those can be listed."""

from __future__ import annotations

from itertools import product
from typing import Final

from auditkit.importers.kubernetes_names import Names
from auditkit.importers.shapes import below, mapping_of, text_of

MOST_SETS: Final = 100
"""How many sets of labels one selector may stand for."""


def label_sets(selector: object) -> tuple[dict[str, str], ...]:
    """The sets of labels of which a selector matches any; none where it matches all pods, or by the absence of a label.

    >>> label_sets({"matchLabels": {"tier": "a"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]})
    ({'tier': 'a', 'app': 'x'}, {'tier': 'a', 'app': 'y'})
    >>> label_sets({"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    ()
    """
    fixed = {key: text_of(value) for key, value in mapping_of(below(selector, "matchLabels"), "", "", []).items()}
    choices: list[list[tuple[str, str]]] = []
    rules, count = below(selector, "matchExpressions"), 1
    for rule in rules if isinstance(rules, list) else ():
        values = below(rule, "values")
        if text_of(below(rule, "operator")) != "In" or not isinstance(values, list):
            return ()
        choices.append([(text_of(below(rule, "key")), text_of(value)) for value in values])
        count *= len(values)
        if count > MOST_SETS:
            return ()
    return tuple(found for chosen in product(*choices) if (found := {**fixed, **dict(chosen)}))


def selected(selector: object, namespace: str | None, names: Names, anywhere: bool = False) -> tuple[str, ...]:
    """Components whose pods a selector matches; one for all pods names none."""
    found = (names.selected(labels, namespace, anywhere) for labels in label_sets(selector))
    return tuple(dict.fromkeys(component for components in found for component in components))
