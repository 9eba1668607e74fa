"""gRPC service configs: timeout and retries of the calls over one channel."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.figures import count, factor, number, seconds
from auditkit.importers.settings import Reading, Setting, folder_of, retry_of
from auditkit.importers.shapes import below, list_of, text_of
from auditkit.importers.yaml_text import parse
from auditkit.model.draft import Draft
from auditkit.model.system import Nothing, Policy, Retry

CANNOT_SAY: Final = (
    "a gRPC service config names neither its caller nor its callee; they are taken from the file's place, CALLER/CALLEE.json",
)
MOST_ATTEMPTS: Final = 5
"""gRPC takes larger numbers for five."""
_SIGN: Final = re.compile(r"[\"']?methodConfig[\"']?\s*:")


def detect(name: str, text: str) -> bool:
    """Whether a text looks like a service config."""
    return _SIGN.search(beginning(text)) is not None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency for the channel that the file's place names; method configs with names of their own become operations."""
    node = parse(text, name)
    reading = Reading()
    if not isinstance(node.value, dict):
        raise InputError.of(f"{name}:{node.line}", "is no service config", "write an object with methodConfig")
    caller, callee = folder_of(name), PurePosixPath(name.replace("\\", "/")).name.partition(".")[0]
    entries = list_of(below(node.value, "methodConfig"), f"{name}:{node.line}", "methodConfig", reading.problems)
    if caller is None and entries:
        what = f"{name} bounds calls, and does not say whose: put it into a folder named for the caller, CALLER/CALLEE.json"
        reading.ask(f"grpc {name}", "", what, f"{name}:{node.line_of('methodConfig')}")
        return reading.draft(name, CANNOT_SAY)
    budget = reading.figure(
        below(node.value, "retryThrottling", "tokenRatio"), f"{name}:{node.line_of('retryThrottling')}", "tokenRatio", number
    )
    for index, entry in enumerate(entries):
        line = node.line_of("methodConfig", index)
        policy = _policy(entry, budget, reading, f"{name}:{line}", f"{caller} -> {callee}")
        for named in list_of(below(entry, "name"), f"{name}:{line}", "name", reading.problems):
            operation = "/".join(part for key in ("service", "method") if (part := text_of(below(named, key))))
            target = f"{callee}:{operation}" if operation else callee
            reading.add(Setting(caller, target, policy, name, line, f"methodConfig[{index}]", library="gRPC"))
    return reading.draft(name, CANNOT_SAY)


def _policy(entry: object, budget: float | None, reading: Reading, where: str, subject: str) -> Policy:
    settings = below(entry, "retryPolicy")
    retry: Retry | Nothing | None = None
    if settings is not None:
        attempts = reading.figure(below(settings, "maxAttempts"), where, "maxAttempts", count)
        if attempts is not None and attempts > MOST_ATTEMPTS:
            what = f"{subject}: maxAttempts is {attempts}; gRPC silently makes {MOST_ATTEMPTS} at most: how many are meant?"
            reading.ask(f"attempts {subject}", subject, what, where)
        retry = None if attempts is None else _retry(settings, min(attempts, MOST_ATTEMPTS), budget, reading, where)
    timeout = reading.figure(below(entry, "timeout"), where, "timeout", seconds)
    return Policy(timeout_s=reading.attempt_timeout(timeout, None, retry, subject, where), retry=retry)


def _retry(settings: Any, attempts: int, budget: float | None, reading: Reading, where: str) -> Retry | Nothing:
    return retry_of(
        attempts,
        backoff_s=reading.figure(below(settings, "initialBackoff"), where, "initialBackoff", seconds),
        multiplier=reading.figure(below(settings, "backoffMultiplier"), where, "backoffMultiplier", factor),
        max_backoff_s=reading.figure(below(settings, "maxBackoff"), where, "maxBackoff", seconds),
        budget=budget,
    )


GRPC: Final = Importer(
    name="grpc",
    title="gRPC service config (JSON)",
    prose=(
        "Timeout and retries of one channel (declared); `maxAttempts` counts the first try, as it does here. The timeout is that"
        " of the whole call, so each attempt gets an equal part of it, less the waits. Retry throttling becomes a budget. More"
        " than five attempts are five, which is asked about (gRPC proposal A6, Limits on Retries); it has no other defaults. "
        + CANNOT_SAY[0]
        + "."
    ),
    detect=detect,
    read=read,
    settings=True,
)
