"""resilience4j in Spring Boot: the settings of one program's calls, from `application.yml` or `.properties`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.figures import count, factor, number, percent, seconds, truth, whole
from auditkit.importers.flat import Flat, finder, flat_settings, under
from auditkit.importers.settings import Reading, Setting, folder_of, retry_of
from auditkit.importers.shapes import text_of
from auditkit.model.draft import Draft
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy, Retry

CANNOT_SAY: Final = (
    "resilience4j settings do not say which code uses an instance, nor what is configured in code or by its annotations",
)
_SIGN: Final = re.compile(r"^\s*[\"']?resilience4j[\w-]*\s*[.:]", re.MULTILINE)
_MODULES: Final = ("timelimiter", "retry", "circuitbreaker", "bulkhead", "threadpoolbulkhead")
MOST_BASES: Final = 20
"""Longest chain of base configurations that is followed."""
_ISO: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", re.IGNORECASE)


def duration(value: object) -> float:
    """A duration as Spring reads it: with a unit, in ISO 8601, or a bare number of milliseconds.

    >>> duration("500ms"), duration("PT2S"), duration(250)
    (0.5, 2.0, 0.25)
    """
    text = text_of(value).strip()
    iso = _ISO.fullmatch(text)
    if iso and len(text) > 2:
        hours, minutes, rest = (float(part or 0) for part in iso.groups())
        return hours * 3600 + minutes * 60 + rest
    return seconds(f"{text}ms" if re.fullmatch(r"[0-9]+", text) else text)


def detect(name: str, text: str) -> bool:
    """Whether a text sets anything of resilience4j."""
    return _SIGN.search(beginning(text, 500_000)) is not None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency for each instance that any module configures; the caller is the program that the file belongs to."""
    found, profiles = flat_settings(text, name)
    reading = Reading()
    caller = next((text_of(flat.value) for flat in found if flat.plain == "spring.application.name"), "") or folder_of(name)
    figures = {module: dict(_instances(found, module)) for module in _MODULES}
    for callee in dict.fromkeys(instance for module in _MODULES for instance in figures[module]):
        of = {module: figures[module][callee] for module in _MODULES if callee in figures[module]}
        line = min(flat.line for own in of.values() for flat in own.values())
        locator = f"resilience4j {', '.join(of)} {callee}"
        if caller is None:
            what = f"{locator} bounds calls of a program that the file does not name: which component is it?"
            reading.ask(f"resilience4j {name}", "", what, f"{name}:{line}")
            break
        taken: list[str] = []
        blocks = {module: Block(finder(own, name), f"{caller} -> {callee}", reading, taken) for module, own in of.items()}
        policy = _policy(blocks, f"{name}:{line}")
        reading.add(Setting(caller, callee, policy, name, line, locator, defaults=tuple(taken), library="resilience4j"))
    if any(under(found, "hystrix")):
        reading.ask(
            f"hystrix {name}", caller or "", f"{name} sets Hystrix, too, which is not read here: what does it bound?", name
        )
    left_out = tuple(f"{name}: what holds in the profile {profile} only is not read" for profile in profiles)
    return reading.draft(name, (*CANNOT_SAY, *left_out))


def _instances(found: tuple[Flat, ...], module: str) -> Iterator[tuple[str, dict[str, Flat]]]:
    """The figures of each instance by relaxed key, after those of its base configuration (`default` unless it names one)."""
    bases: dict[str, dict[str, Flat]] = {}
    instances: dict[str, dict[str, Flat]] = {}
    for kind, into in (("configs", bases), ("instances", instances), ("backends", instances)):
        for rest, flat in under(found, f"resilience4j.{module}.{kind}"):
            if len(rest) == 2:
                into.setdefault(rest[0], {})[Flat(rest[1:], None, 0).plain] = flat
            elif len(rest) == 1 and flat.value == {}:  # an empty block: the library's defaults
                into.setdefault(rest[0], {})[""] = flat
    for name, own in instances.items():
        yield name, _resolved(own, bases)


def _resolved(own: dict[str, Flat], bases: Mapping[str, dict[str, Flat]]) -> dict[str, Flat]:
    chain, named = [own], own
    while len(chain) <= MOST_BASES:
        flat = named.get("baseconfig")
        base = bases.get(text_of(flat.value) if flat else "default")
        if base is None or any(base is known for known in chain):
            break
        chain.append(base)
        named = base
        if flat is None:
            break
    return {key: flat for figures in reversed(chain) for key, flat in figures.items()}


def _policy(of: Mapping[str, Block], where: str) -> Policy:
    limit, retry, cut = of.get("timelimiter"), of.get("retry"), of.get("circuitbreaker")
    return Policy(
        timeout_s=limit.get("timeoutDuration", duration, "1s") if limit else None,
        retry=_retry(retry) if retry else None,
        circuit_breaker=_breaker(cut, where) if cut else None,
        bulkhead=_bulkhead(of, where),
    )


def _retry(of: Block) -> Retry | Nothing | None:
    old = of.get("maxRetryAttempts", count)
    attempts = of.get("maxAttempts", count, None if old else "3") or old
    if attempts is None:
        return None
    growing, random = of.get("enableExponentialBackoff", truth, "false"), of.get("enableRandomizedWait", truth, "false")
    spread = of.get("randomizedWaitFactor", number, "0.5" if random else None)
    return retry_of(
        attempts,
        backoff_s=of.get("waitDuration", duration, "500ms"),
        multiplier=of.get("exponentialBackoffMultiplier", factor, "1.5") if growing else None,
        max_backoff_s=of.get("exponentialMaxWaitDuration", duration) if growing else None,
        jitter=None if random is None else "none" if not random else "full" if spread is not None and spread > 0.75 else "equal",
    )


def _breaker(of: Block, where: str) -> CircuitBreaker:
    rate, window = of.get("failureRateThreshold", percent, "50"), of.get("slidingWindowType", text_of, "COUNT_BASED")
    by_time = (window or "").upper() == "TIME_BASED"
    size, calls = of.get("slidingWindowSize", count, "100"), of.get("minimumNumberOfCalls", count, "100")
    if not by_time and size is not None and calls is not None:
        calls = min(calls, size)  # as resilience4j itself does
    in_a_row = not by_time and size is not None and rate == 1.0 and (calls is None or calls >= size)
    growing = of.get("enableExponentialBackoff", truth)
    slow_is_stated = of.find("slowCallDurationThreshold") is not None
    if not slow_is_stated:
        what = (
            "resilience4j counts a call as slow from 60 s on (its default), so the breakers of {calls} do not see slowness: from"
            " when on is a call slow?"
        )
        of.reading.trap("slow calls", of.about, what, where)
    if not by_time and not in_a_row and window is not None:
        what = (
            "the breakers of {calls} judge their last calls, however long ago those were (resilience4j's COUNT_BASED window):"
            " hours at few calls, a moment at many. No window in seconds is read from that, so that nobody can tell whether"
            " they open in time, and a simulation takes 10 s: over how many seconds are calls to be judged?"
        )
        of.reading.trap("count windows", of.about, what, where)
    return CircuitBreaker(
        failure_rate=None if in_a_row else rate,
        failures=size if in_a_row else None,
        in_a_row=in_a_row or None,
        window_s=float(size) if by_time and size is not None else None,
        min_calls=None if in_a_row else calls,
        slow_call_s=of.get("slowCallDurationThreshold", duration, "60s"),
        slow_call_rate=of.get("slowCallRateThreshold", percent, "100"),
        open_for_s=of.get("waitDurationInOpenState", duration, "60s"),
        growth=of.get("exponentialBackoffMultiplier", factor, "1.5") if growing else None,
        max_open_s=of.get("exponentialMaxWaitDurationInOpenState", duration) if growing else None,
        half_open_calls=of.get("permittedNumberOfCallsInHalfOpenState", count, "10"),
    )


def _bulkhead(of: Mapping[str, Block], where: str) -> Bulkhead | None:
    shared, pool = of.get("bulkhead"), of.get("threadpoolbulkhead")
    most = shared.get("maxConcurrentCalls", count, "25") if shared else None
    if shared and most is not None:
        return Bulkhead(max_concurrent=most, max_wait_s=shared.get("maxWaitDuration", duration, "0ms"))
    threads = pool.get("maxThreadPoolSize", count) if pool else None
    if pool and threads is not None:
        return Bulkhead(max_concurrent=threads, max_wait_s=0.0 if pool.get("queueCapacity", whole, "100") == 0 else None)
    if pool and pool.find("maxThreadPoolSize") is None:
        what = f"{pool.about}: the thread pool has as many threads as the machine has processors (the default): how many?"
        pool.reading.ask(f"threads {pool.about}", pool.about, what, where)
    return None


RESILIENCE4J: Final = Importer(
    name="resilience4j",
    title="resilience4j (application.yml, application.properties)",
    prose=(
        "Each instance of a circuit breaker, retry, time limiter or bulkhead becomes a dependency with these settings (declared)"
        " of the program that `spring.application.name` or the folder of the file names; `maxAttempts` counts the first try, as"
        " it does here. Base configurations are resolved, `${NAME:default}` counts as its default, and profiles are left out."
        " A key that a module's block leaves out has resilience4j's default (evidence `default of resilience4j`): 3 attempts with"
        " waits of 500 ms, a time limit of 1 s, 25 calls at once, a breaker from 50 % of 100 calls that opens for 60 s and takes"
        " only calls of 60 s for slow, which is asked about (resilience4j.readme.io/docs, Retry, TimeLimiter, Bulkhead,"
        " CircuitBreaker). A window of so many calls has no duration: none is read, and over how many seconds is asked. "
        + CANNOT_SAY[0]
        + "."
    ),
    detect=detect,
    read=read,
    settings=True,
)
