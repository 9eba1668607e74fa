"""Which of several Compose files lies over which, and which of them are only there for others to extend."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Final

from auditkit.errors import InputError
from auditkit.importers.shapes import below, text_of
from auditkit.importers.yaml_text import parse_all

_DEFAULT: Final = re.compile(r"(?:docker-)?compose\.ya?ml")
_VARIANT: Final = re.compile(r"(?:docker-)?compose\..+\.ya?ml")


def lies_over(name: str) -> bool:
    """Whether a file is laid over the one of the default name: `compose.override.yaml`, `docker-compose.prod.yml`.

    >>> sorted(["compose.override.yaml", "compose.yaml"], key=lies_over)
    ['compose.yaml', 'compose.override.yaml']
    """
    return _VARIANT.fullmatch(posixpath.basename(name)) is not None


def templates(files: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Names of those files (name, text) whose services run nowhere by themselves: others only extend them.

    A file of a default name, or one that is included as well, runs. None where that would be all files.

    >>> sorted(templates([("compose.yaml", "services: {a: {extends: {file: base.yml, service: b}}}"), ("base.yml", "")]))
    ['base.yml']
    """
    extended: set[str] = set()
    included: set[str] = set()
    for name, text in files:
        folder = posixpath.dirname(name)
        for value in _documents(name, text):
            for path in _extends(value):
                extended |= {posixpath.normpath(posixpath.join(folder, path))} - {posixpath.normpath(name)}
            included |= {posixpath.normpath(posixpath.join(folder, path)) for path in _includes(value)}
    found = {name for name, _ in files if posixpath.normpath(name) in extended - included}
    found = {name for name in found if not _DEFAULT.fullmatch(posixpath.basename(name))}
    return frozenset(found) if len(found) < len(files) else frozenset()


def _documents(name: str, text: str) -> list[object]:
    if "extends" not in text and "include" not in text:
        return []
    try:
        return [node.value for node in parse_all(text, name)]
    except InputError:
        return []  # said where the file is read


def _extends(value: object) -> list[str]:
    services = below(value, "services")
    each = services.values() if isinstance(services, dict) else ()
    return [file for service in each if (file := text_of(below(service, "extends", "file")))]


def _includes(value: object) -> list[str]:
    entries = below(value, "include")
    found: list[str] = []
    for entry in entries if isinstance(entries, list) else ():
        path = entry if isinstance(entry, str) else below(entry, "path")
        found += [text_of(each) for each in (path if isinstance(path, list) else [path])]
    return [path for path in found if path]
