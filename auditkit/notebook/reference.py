"""What auditkit knows, in its own words: every check, pattern, importer, latency source and exporter, out of the code."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from auditkit import patterns
from auditkit.checks import CHECKS, explain
from auditkit.notebook.frames import frame, readable
from auditkit.patterns.seen import SEEN

if TYPE_CHECKING:
    import pandas as pd


def checks_reference() -> pd.DataFrame:
    """Every check: what it asks, why that matters, and when it is a false alarm."""
    rows = ((c.name, c.title, c.why, c.false_alarm) for c in CHECKS.values())
    return frame(("check", "title", "why it matters", "when it is a false alarm"), rows, "check")


def sources_of_checks() -> pd.DataFrame:
    """What each check rests on: author, title, year."""
    rows = ((c.name, "; ".join(c.sources)) for c in CHECKS.values() if c.sources)
    return frame(("check", "sources"), rows, "check")


def explained(check: str) -> str:
    """One check in full, as `auditkit explain` prints it. Raises `InputError` on an unknown name."""
    return readable(explain(check))


def patterns_reference() -> pd.DataFrame:
    """Every pattern: what it means and how it is derived, from the top of its file."""
    names = sorted(module.name for module in iter_modules(patterns.__path__))
    docs = ((name, inspect.getdoc(import_module(f"auditkit.patterns.{name}")) or "") for name in names)
    rows = ((name.replace("_", " "), in_prose(doc)) for name, doc in docs if "Derivation" in doc)  # others serve several
    return frame(("pattern", "what it is"), rows, "pattern")


def in_prose(doc: str) -> str:
    r"""A docstring up to its first example, for a table: a paragraph or an item a line, without marks.

    >>> print(in_prose("Of `a` calls\nmany fail:\n\n- one;\n- two:\n\n>>> 1"))
    Of a calls many fail:
    - one;
    - two.
    """
    text = doc.partition(">>>")[0].strip().replace("`", "").replace("*", "")
    lines = re.sub(r"\n(?=- |\d\. )", "\n\n", text).split("\n\n")
    told = "\n".join(" ".join(line.split()) for line in lines if line.strip())
    return told.removesuffix(":") + "." if told.endswith(":") else told


def seen_reference() -> pd.DataFrame:
    """What makes one request's story readable: metric, span attributes and log fields of each pattern."""
    rows = ((name, seen.metric, ", ".join(seen.attributes), ", ".join(seen.fields)) for name, seen in SEEN.items())
    return frame(("pattern", "metric", "span attributes", "log fields"), rows, "pattern")


def importers_reference() -> pd.DataFrame:
    """Every format that systems are read from, and what it cannot say."""
    from auditkit.importers import IMPORTERS

    return frame(("format", "title", "what is read"), ((i.name, i.title, i.prose) for i in IMPORTERS.values()), "format")


def latency_sources_reference() -> pd.DataFrame:
    """Every latency export that is read, and what its durations cover."""
    from auditkit.latency import SOURCES

    return frame(("format", "title", "what is read"), ((s.name, s.title, s.prose) for s in SOURCES.values()), "format")


def exporters_reference() -> pd.DataFrame:
    """Every target that a strategy is exported to, and how its semantics differ."""
    from auditkit.exporters import EXPORTERS

    return frame(("target", "title", "what is written"), ((e.name, e.title, e.prose) for e in EXPORTERS.values()), "target")


def documents_reference() -> pd.DataFrame:
    """Every format of the written strategy."""
    from auditkit.document import FORMATS

    return frame(("format", "file"), ((name, f"out/strategy.{name}") for name in FORMATS), "format")


def words_reference() -> pd.DataFrame:
    """Every noun of the model, and what it means."""
    from auditkit.model import audit, failure, latency, system

    nouns = {
        name: inspect.getdoc(thing) or ""
        for module in (system, failure, latency, audit)
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__
    }
    return frame(("noun", "meaning"), ((name, doc.split(">>>")[0].strip()) for name, doc in nouns.items()), "noun")
