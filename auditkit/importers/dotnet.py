"""Microsoft.Extensions.Http.Resilience and Polly: how one .NET program bounds its HTTP clients, from `appsettings.json`.

`MaxRetryAttempts` counts retries; `TotalRequestTimeout` is of the whole call, `AttemptTimeout` of one attempt. A section that
has one of these two or a rate limiter is a standard handler, whose five strategies are all in force; a lone `Retry` or
`CircuitBreaker` may be plain Polly, whose waits are constant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.dotnet_code import Switched, switched_in_code, without_comments
from auditkit.importers.figures import count, number, percent, truth, whole
from auditkit.importers.flat import Flat, flat_nodes
from auditkit.importers.settings import Reading, Setting, folder_of, retry_of
from auditkit.importers.shapes import text_of
from auditkit.importers.yaml_text import parse_all
from auditkit.model.draft import Draft
from auditkit.model.noun import NONE
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy, Retry

CANNOT_SAY: Final = (
    "appsettings.json does not say which client a section is for, except by its name, nor what code sets or leaves out",
)
_SIGN: Final = re.compile(
    r"[\":](TotalRequestTimeout|AttemptTimeout|MaxRetryAttempts|MinimumThroughput|SamplingDuration|BreakDuration)[\":]",
    re.IGNORECASE,
)
_STANDARD: Final = frozenset({"ratelimiter", "totalrequesttimeout", "attempttimeout"})
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "ratelimiter": frozenset({"defaultratelimiteroptions.permitlimit", "defaultratelimiteroptions.queuelimit"}),
    "totalrequesttimeout": frozenset({"timeout"}),
    "attempttimeout": frozenset({"timeout"}),
    "retry": frozenset({"maxretryattempts", "delay", "maxdelay", "backofftype", "usejitter"}),
    "circuitbreaker": frozenset({"failureratio", "minimumthroughput", "samplingduration", "breakduration"}),
}
"""The sections of a handler, and their figures that are read."""
_GENERIC: Final = re.compile(
    r"(http)?(standard)?(resilience|polly)?(handler|options|pipeline|policy|policies|strategy|settings|defaults?|clients?|services)?"
)
"""Steps of a path that are named for what they hold, not for whom it is."""
_KINDS: Final = {"0": "constant", "1": "linear", "2": "exponential"}
"""How waits grow, where it is written as a number."""
_SPAN: Final = re.compile(r"(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,9})?))?")


def detect(name: str, text: str) -> bool:
    """Whether a JSON text sets strategies of Polly."""
    head = beginning(text, 500_000)
    return _SIGN.search(head) is not None and without_comments(head).lstrip("\ufeff \t\r\n").startswith("{")


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency for each section of strategies; the caller is the program in whose folder the file lies."""
    reading = Reading()
    groups: dict[tuple[str, ...], dict[str, Flat]] = {}
    for node in parse_all(without_comments(text), name):
        for flat in flat_nodes(node, lambda key: tuple(key.split(":"))):
            _sort_in(flat, groups)
    caller, code = folder_of(name), switched_in_code(read_sibling)
    for path, figures in groups.items():
        line = min(flat.line for flat in figures.values())
        callee = _callee(path)
        if caller is None or callee is None:
            section = ".".join(path) or name
            what = (
                f"{section} bounds calls, and whose does not stand there: import the folder above, which names it"
                if caller is None
                else f"{section} bounds calls, and of whom does not stand there: who is called?"
            )
            reading.ask(f"dotnet {name} {section}", caller or "", what, f"{name}:{line}")
            continue
        reading.add(_setting(caller, callee, path, figures, code.get(callee, Switched()), reading, name, line))
    return reading.draft(name, CANNOT_SAY)


def _sort_in(flat: Flat, groups: dict[tuple[str, ...], dict[str, Flat]]) -> None:
    """A figure of a strategy to the others of its handler, by section and key in small letters."""
    small = tuple(step.lower() for step in flat.key)
    for index, step in enumerate(small):
        if step in _KNOWN and ".".join(small[index + 1 :]) in _KNOWN[step] and "endpoint" not in small[:index]:
            groups.setdefault(flat.key[:index], {})[".".join(small[index:])] = flat
            return


def _callee(path: tuple[str, ...]) -> str | None:
    """The client that a section is for: the last step of its path that is not named for what it holds."""
    return next((step for step in reversed(path) if not _GENERIC.fullmatch(step.lower())), None)


def _setting(
    caller: str,
    callee: str,
    path: tuple[str, ...],
    figures: Mapping[str, Flat],
    code: Switched,
    reading: Reading,
    name: str,
    line: int,
) -> Setting:
    subject, where = f"{caller} -> {callee}", f"{name}:{line}"

    def find(key: str) -> tuple[object, str, str] | None:
        flat = figures.get(key.lower())
        return None if flat is None else (flat.value, f"{name}:{flat.line}", ".".join(flat.key))

    of = Block(find, subject, reading)
    sections = {key.partition(".")[0] for key in figures}
    standard = bool(sections & _STANDARD)
    retry = NONE if code.retry else _retry(of, standard, where) if standard or "retry" in sections else None
    cut = NONE if code.circuit_breaker else _breaker(of) if standard or "circuitbreaker" in sections else None
    pool = NONE if code.bulkhead else _bulkhead(of) if standard else None
    whole_s = of.get("TotalRequestTimeout.Timeout", span, "00:00:30") if standard else None
    each_s = of.get("AttemptTimeout.Timeout", span, "00:00:10") if standard else None
    timeout = reading.attempt_timeout(whole_s, each_s, retry, subject, where)
    policy = Policy(timeout_s=timeout, retry=retry, circuit_breaker=cut, bulkhead=pool)
    silent = {"retry": "retry", "circuit_breaker": "circuitbreaker", "bulkhead": "ratelimiter", "timeout": "attempttimeout"}
    assumed = frozenset(key for key, section in silent.items() if section not in sections and not getattr(code, key, False))
    return Setting(caller, callee, policy, name, line, ".".join(path), None, tuple(of.taken), "Polly", assumed)


def _retry(of: Block, standard: bool, where: str) -> Retry | Nothing | None:
    more = of.get("Retry.MaxRetryAttempts", count, "3")
    kind = of.get("Retry.BackoffType", text_of, "Exponential" if standard else "Constant")
    random = of.get("Retry.UseJitter", truth, "true" if standard else "false")
    stated = of.find("Retry.Delay") is not None
    delay, longest = of.get("Retry.Delay", span, "00:00:02"), of.get("Retry.MaxDelay", span)
    if more is None:
        return None
    kind = _KINDS.get(kind or "", (kind or "").lower())
    growing = kind in ("exponential", "linear")
    if kind == "linear" and delay is not None:
        longest = min(longest, delay * more) if longest is not None else delay * more
    if not stated:
        how = "doubled each time" if growing else "the same each time"
        what = f"nobody set how long {{calls}} wait before a retry, so it is Polly's 2 s, {how}: is that meant?"
        of.reading.trap(f"waits {how}", of.about, what, where)
    return retry_of(
        1 + more,
        backoff_s=delay,
        multiplier=2.0 if growing else None,
        max_backoff_s=longest,
        jitter=None if random is None else "full" if random else "none",
    )


def _breaker(of: Block) -> CircuitBreaker:
    return CircuitBreaker(
        failure_rate=of.get("CircuitBreaker.FailureRatio", ratio, "0.1"),
        window_s=of.get("CircuitBreaker.SamplingDuration", span, "00:00:30"),
        min_calls=of.get("CircuitBreaker.MinimumThroughput", count, "100"),
        open_for_s=of.get("CircuitBreaker.BreakDuration", span, "00:00:05"),
        half_open_calls=1,
    )


def _bulkhead(of: Block) -> Bulkhead | None:
    most = of.get("RateLimiter.DefaultRateLimiterOptions.PermitLimit", count, "1000")
    queue = of.get("RateLimiter.DefaultRateLimiterOptions.QueueLimit", whole, "0")
    return None if most is None else Bulkhead(max_concurrent=most, max_wait_s=0.0 if queue == 0 else None)


def span(value: object) -> float:
    """A TimeSpan in seconds: `hh:mm`, `hh:mm:ss.fff`, with days before them, or days alone.

    >>> span("00:00:02"), span("1.00:00:00.5"), span(1)
    (2.0, 86400.5, 86400.0)
    """
    text = text_of(value).strip()
    if re.fullmatch(r"\d{1,8}", text):
        return float(text) * 86_400
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no TimeSpan; write for example 00:00:02")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + rest


def ratio(value: object) -> float:
    """A share between 0 and 1.

    >>> ratio("0.5")
    0.5
    """
    return percent(round(number(value) * 100, 9))


DOTNET: Final = Importer(
    name="dotnet",
    title=".NET appsettings.json (Microsoft.Extensions.Http.Resilience, Polly)",
    prose=(
        "Each section of strategies becomes a dependency on the client that it is named for (declared), of the program in whose"
        " folder the file lies. `MaxRetryAttempts` counts retries. What a standard handler leaves out has its default (evidence"
        " `default of Polly`): 30 s in all and 10 s an attempt, 3 retries after 2 s doubled with jitter, a breaker from 10 % of"
        " 100 calls in 30 s that opens for 5 s, 1000 calls at once; a lone `Retry` may be plain Polly, whose 2 s are constant;"
        " waits that nobody set are asked about (learn.microsoft.com, HttpStandardResilienceOptions; pollydocs.org, Retry,"
        " Circuit breaker). What a registration in C# beside it switches off, as ours does, is off; hedging is not read. "
        + CANNOT_SAY[0]
        + "."
    ),
    detect=detect,
    read=read,
    settings=True,
)
