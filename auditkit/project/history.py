"""Earlier audits of the same folder: what each concluded, kept under its date whenever its document is written.

A record is replaced while its audit has the same date, and stays once `audit.yaml` has a later one. The last audit is the one
with the latest date before today's, so that writing a document again compares it with the same audit and gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import ValidationError

from auditkit.errors import InputError
from auditkit.model.audit import Strategy
from auditkit.model.noun import Noun
from auditkit.project.files import current, read_text
from auditkit.version import VERSION

FOLDER = "history"


class Record(Noun):
    """What one audit concluded: its date, the version that wrote it, its findings, settings and risk."""

    auditkit: int = 1
    version: str
    date: dt.date
    strategy: Strategy


def kept(folder: Path, date: dt.date | None, strategy: Strategy) -> tuple[dict[str, bytes], dict[str, str | None]]:
    """The record of an audit as it is now, by its path, and the digest that this file has had so far; twice nothing if undated.

    It holds what a comparison asks for; `strategy.yaml` and the document have the rest.
    """
    if date is None:
        return {}, {}
    policies = tuple(p.model_copy(update={"grounds": {}, "advice": None, "needs": (), "reason": ""}) for p in strategy.policies)
    short = Strategy(system=strategy.system, findings=strategy.findings, policies=policies, residual=strategy.residual)
    text = Record(version=VERSION, date=date, strategy=short).model_dump_json(indent=1, by_alias=True, exclude_defaults=True)
    path = f"{FOLDER}/{date.isoformat()}.json"
    return {path: f"{text}\n".encode()}, {path: current(folder / path)}


def last_before(folder: Path, date: dt.date | None) -> Record | None:
    """The last audit before the one of this date; None where there is none, or this one is undated.

    Raises `InputError` where its record is damaged.
    """
    if date is None:
        return None
    dates = sorted(day for path in (folder / FOLDER).glob("*.json") if (day := _date(path.stem)) is not None and day < date)
    return _read(folder / FOLDER / f"{dates[-1].isoformat()}.json") if dates else None


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        return None


def _read(path: Path) -> Record:
    try:
        return Record.model_validate_json(read_text(path))
    except (ValueError, ValidationError) as error:
        raise InputError.of(str(path), "is damaged, or of a newer version", "restore it, or move it away") from error
