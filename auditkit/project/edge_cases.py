"""The edge cases that are shipped ready to run: read from `data/edge-cases`."""

from __future__ import annotations

from pydantic import ValidationError
from ruamel.yaml import YAML

from auditkit.document import shipped
from auditkit.errors import InputError
from auditkit.model.noun import FROM_FILE
from auditkit.simulation.stories import Story


def edge_cases() -> tuple[str, ...]:
    """Names of the shipped edge cases.

    >>> "retry-storm" in edge_cases()
    True
    """
    found = (entry.name for entry in (shipped("data") / "edge-cases").iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in found))


def edge_case(name: str) -> Story:
    """One of the shipped edge cases. Raises `InputError` where there is none of that name, or where it is damaged.

    >>> edge_case("retry-storm").journey
    'buy'
    """
    if name not in edge_cases():
        raise InputError.of(f"edge case {name}", "is not shipped", f"choose one of: {', '.join(edge_cases())}")
    text = (shipped("data") / "edge-cases" / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Story.model_validate(YAML(typ="safe").load(text), context=FROM_FILE)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError.of(f"data/edge-cases/{name}.yaml", f"{where}: {first['msg']}", "restore the shipped file") from error
