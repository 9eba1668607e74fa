"""Kubernetes YAML -> objects with their places: many documents, `List` kinds, several files; templates are refused in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.errors import InputError, Problem
from auditkit.importers.shapes import below, text_of
from auditkit.importers.yaml_text import Node, parse_all

_TEMPLATE = re.compile(r"\{\{-?\s*(?:\.|\$|if\b|end\b|else\b|with\b|range\b|include\b|template\b|define\b|toYaml\b|tpl\b|/\*)")
_OWNED = frozenset({"Pod", "ReplicaSet"})


@dataclass(frozen=True, slots=True)
class KubeObject:
    """One object: what it is called, what it says, and where. `namespace` is None where the file does not state one."""

    kind: str
    api: str
    name: str
    namespace: str | None
    data: Mapping[str, Any]
    source: str
    node: Node

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What makes an object the same one: API group, kind, namespace and name."""
        return self.api.rpartition("/")[0], self.kind, self.namespace, self.name

    def line(self, *path: str | int) -> int:
        """Line of what stands at a path, or of the nearest thing around it."""
        return self.node.line_of(*path)

    def where(self, *path: str | int) -> str:
        """`file:line` of what stands at a path."""
        return f"{self.source}:{self.line(*path)}"

    def locator(self, what: str = "") -> str:
        """How evidence names this object, or something in it."""
        return f"{self.kind}/{self.name} {what}".rstrip()

    def at(self, *path: str) -> Any:
        """What stands at a path of keys; None where there is nothing."""
        return below(self.data, *path)


class Unrendered(InputError):
    """A text is a template that nobody rendered."""


def read_objects(
    files: tuple[tuple[str, str], ...], problems: list[Problem], unrendered: list[Problem]
) -> tuple[KubeObject, ...]:
    """All objects of some files (name, text). Of an object that comes twice, the last one counts, as it does when applied.

    Pods and ReplicaSets that belong to another object (a dump of a live cluster has them) are left out, and so are templates
    that nobody rendered, which are named in `unrendered`.
    Raises `InputError` on text that is no YAML, and where there is nothing but templates.
    """
    found: dict[tuple[str, str, str | None, str], KubeObject] = {}
    for source, text in files:
        try:
            documents = _documents(text, source)
        except Unrendered as error:
            unrendered.extend(error.problems)
            continue
        for node in documents:
            _collect(node, source, problems, found, 0)
    if unrendered and not found:
        raise InputError(unrendered)
    return tuple(found.values())


def _documents(text: str, source: str) -> tuple[Node, ...]:
    template = _TEMPLATE.search(text)
    try:
        documents = parse_all(text, source)
    except InputError as error:
        if template is not None:
            raise _is_template(text, source, template.start()) from error
        raise
    if template is not None and any(_names_are_templates(node.value) for node in documents):
        raise _is_template(text, source, template.start())
    return documents


def _names_are_templates(value: object) -> bool:
    """Whether the name, the image or the environment is a template; elsewhere (in a dashboard, say) `{{` means nothing here."""
    if isinstance(value, Mapping):
        named = [value.get(key) for key in ("name", "image", "replicas", "value", "namespace", "serviceName")]
        if any(isinstance(item, str) and _TEMPLATE.search(item) for item in named):
            return True
        return any(_names_are_templates(item) for key, item in value.items() if key not in ("data", "stringData", "annotations"))
    return isinstance(value, list) and any(_names_are_templates(item) for item in value)


def _is_template(text: str, source: str, at: int) -> Unrendered:
    where = f"{source}:{text.count(chr(10), 0, at) + 1}"
    remedy = "render it first: helm template RELEASE CHART -f values.yaml > rendered.yaml, and import that file"
    return Unrendered([Problem(where, "is a template that has not been rendered ({{ … }})", remedy)])


def _collect(
    node: Node, source: str, problems: list[Problem], found: dict[tuple[str, str, str | None, str], KubeObject], depth: int
) -> None:
    where = f"{source}:{node.line}"
    if not isinstance(node.value, Mapping):
        if node.value is not None:
            problems.append(Problem(where, "is no Kubernetes object", "write apiVersion, kind and metadata"))
        return
    kind, items = text_of(node.value.get("kind")), node.value.get("items")
    if kind.endswith("List") and (isinstance(items, list) or items is None) and "spec" not in node.value:
        holder = node.child("items")
        for index, item in enumerate(items or ()):
            child = holder.child(index) if holder is not None else None
            if depth < 5:
                _collect(
                    child or Node(item, node.start, node.end, node.line, node.column, "alias"), source, problems, found, depth + 1
                )
        return
    if not kind:
        problems.append(Problem(where, "has no kind", "write which kind of object it is, for example 'kind: Deployment'"))
        return
    made = KubeObject(
        kind=kind,
        api=text_of(node.value.get("apiVersion")),
        name=text_of(below(node.value, "metadata", "name")) or text_of(below(node.value, "metadata", "generateName")).rstrip("-"),
        namespace=text_of(below(node.value, "metadata", "namespace")) or None,
        data=node.value,
        source=source,
        node=node,
    )
    if kind in _OWNED and below(node.value, "metadata", "ownerReferences"):
        return
    found.pop(made.key, None)
    found[made.key] = made
