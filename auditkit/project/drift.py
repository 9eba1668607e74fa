"""Drift: where the files that are deployed differ from what the strategy exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from auditkit.errors import InputError
from auditkit.importers import read_documents
from auditkit.model.audit import Artifact
from auditkit.model.noun import Noun
from auditkit.project.files import read_input

_STRUCTURED = {".yaml", ".yml", ".json"}


class Drift(Noun):
    """One difference: the exported file, the key in it, what the strategy says, what is deployed."""

    path: str
    key: str
    strategy: str
    deployed: str


def drift(artifacts: Sequence[Artifact], deployed: Path) -> tuple[Drift, ...]:
    """Compare exported files with those of the same name somewhere in the folder `deployed`.

    YAML and JSON are compared by meaning (order of keys, comments and style do not count, keys that only the deployed file
    has are left alone), everything else by content. Raises `InputError` where there is no such folder.
    """
    if not deployed.is_dir():
        raise InputError.of(str(deployed), "is no folder", "name the folder that holds the deployed files")
    found = {path.relative_to(deployed).as_posix(): path for path in sorted(deployed.rglob("*")) if path.is_file()}
    return tuple(difference for artifact in artifacts for difference in _of(artifact, _match(artifact.path, found)))


def _match(path: str, found: Mapping[str, Path]) -> Path | None:
    if path in found:
        return found[path]
    same_name = [file for name, file in found.items() if PurePosixPath(name).name == PurePosixPath(path).name]
    return same_name[0] if len(same_name) == 1 else None


def _of(artifact: Artifact, file: Path | None) -> Iterator[Drift]:
    if file is None:
        yield Drift(path=artifact.path, key="", strategy="exported", deployed="not there")
        return
    content = read_input(file)
    if content == artifact.content:
        return
    if PurePosixPath(artifact.path).suffix not in _STRUCTURED:
        yield Drift(path=artifact.path, key="", strategy="exported", deployed="another content")
        return
    ours = read_documents(artifact.content.decode("utf-8"), artifact.path)
    theirs = read_documents(content.decode("utf-8", "replace"), str(file))
    for key, said, is_now in _differences(_by_identity(ours), _by_identity(theirs), ""):
        yield Drift(path=artifact.path, key=key, strategy=said, deployed=is_now)


def _by_identity(documents: Sequence[Any]) -> Any:
    """Several documents by kind and name, so that their order does not matter; a single one as it is."""
    if len(documents) == 1:
        return documents[0]
    return {_identity(document, number): document for number, document in enumerate(documents)}


def _identity(document: Any, number: int) -> str:
    if isinstance(document, Mapping) and isinstance(document.get("metadata"), Mapping):
        return f"{document.get('kind')}/{document['metadata'].get('name')}"
    return f"document {number + 1}"


def _differences(ours: Any, theirs: Any, at: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key, value in ours.items():
            inner = f"{at}.{key}" if at else str(key)
            if key in theirs:
                yield from _differences(value, theirs[key], inner)
            else:
                yield inner, _short(value), "not there"
    elif isinstance(ours, list) and isinstance(theirs, list):
        for number in range(max(len(ours), len(theirs))):
            inner = f"{at}[{number}]"
            if number >= len(theirs):
                yield inner, _short(ours[number]), "not there"
            elif number >= len(ours):
                yield inner, "not there", _short(theirs[number])
            else:
                yield from _differences(ours[number], theirs[number], inner)
    elif ours != theirs:
        yield at, _short(ours), _short(theirs)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
