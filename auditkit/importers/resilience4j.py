"""resilience4j in Spring Boot: the settings of one program's calls, from `application.yml` or `.properties`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.flat import Flat, flat_settings, under
from auditkit.importers.settings import (
    Reading,
    Setting,
    count,
    folder_of,
    number,
    percent,
    retry_of,
    seconds,
    truth,
    whole,
)
from auditkit.importers.shapes import text_of
from auditkit.model.draft import Draft
from auditkit.model.system import Bulkhead, CircuitBreaker, Policy

CANNOT_SAY: Final = (
    "resilience4j settings do not say which code uses an instance, nor what is configured in code or by its annotations",
)
_SIGN: Final = re.compile(r"^\s*[\"']?resilience4j[\w-]*\s*[.:]", re.MULTILINE)
_MODULES: Final = ("timelimiter", "retry", "circuitbreaker", "bulkhead", "threadpoolbulkhead")
_ISO: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", re.IGNORECASE)
T = TypeVar("T")


class Instance:
    """The figures of one instance of one module; a class because it carries what every figure's message needs."""

    def __init__(self, figures: Mapping[str, Flat], reading: Reading, source: str, name: str) -> None:
        self.figures, self.reading, self.source, self.name = figures, reading, source, name

    def get(self, key: str, parse: Callable[[Any], T]) -> T | None:
        """One figure by its relaxed key; None where it is not set, or set from outside the file."""
        flat = self.figures.get(key)
        if flat is None:
            return None
        where = f"{self.source}:{flat.line}"
        if "${" in text_of(flat.value):
            self.reading.ask(
                f"{key} {self.name}", "", f"{'.'.join(flat.key)} is {flat.value}, which is set elsewhere: what is it?", where
            )
            return None
        return self.reading.figure(flat.value, where, ".".join(flat.key), parse)


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
    return _SIGN.search(text[:500_000]) is not None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency for each instance that any module configures; the caller is the program that the file belongs to."""
    found, profiles = flat_settings(text, name)
    reading = Reading()
    caller = next((text_of(flat.value) for flat in found if flat.plain == "spring.application.name"), "") or folder_of(name)
    figures = {module: dict(_instances(found, module)) for module in _MODULES}
    for callee in dict.fromkeys(instance for module in _MODULES for instance in figures[module]):
        of = {
            module: Instance(figures[module][callee], reading, name, callee) for module in _MODULES if callee in figures[module]
        }
        line = min(flat.line for instance in of.values() for flat in instance.figures.values())
        locator = f"resilience4j {', '.join(of)} {callee}"
        if caller is None:
            what = f"{locator} bounds calls of a program that the file does not name: which component is it?"
            reading.ask(f"resilience4j {name}", "", what, f"{name}:{line}")
            break
        reading.add(Setting(caller, callee, _policy(of), name, line, locator))
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
    for name, own in instances.items():
        yield name, _resolved(own, bases)


def _resolved(own: dict[str, Flat], bases: Mapping[str, dict[str, Flat]]) -> dict[str, Flat]:
    chain, named = [own], own
    while len(chain) <= len(bases):
        flat = named.get("baseconfig")
        base = bases.get(text_of(flat.value) if flat else "default")
        if base is None or base in chain:
            break
        chain.append(base)
        named = base
        if flat is None:
            break
    return {key: flat for figures in reversed(chain) for key, flat in figures.items()}


def _policy(of: Mapping[str, Instance]) -> Policy:
    limit, retry, cut = of.get("timelimiter"), of.get("retry"), of.get("circuitbreaker")
    return Policy(
        timeout_s=limit.get("timeoutduration", duration) if limit else None,
        retry=_retry(retry) if retry else None,
        circuit_breaker=_breaker(cut) if cut else None,
        bulkhead=_bulkhead(of),
    )


def _retry(of: Instance) -> Any:
    attempts = of.get("maxattempts", count) or of.get("maxretryattempts", count)
    if attempts is None:
        return None
    growing, random = of.get("enableexponentialbackoff", truth), of.get("enablerandomizedwait", truth)
    factor = of.get("randomizedwaitfactor", number)
    return retry_of(
        attempts,
        backoff_s=of.get("waitduration", duration),
        multiplier=of.get("exponentialbackoffmultiplier", number) if growing else None,
        max_backoff_s=of.get("exponentialmaxwaitduration", duration) if growing else None,
        jitter=None if random is None else "none" if not random else "full" if factor is not None and factor > 0.75 else "equal",
    )


def _breaker(of: Instance) -> CircuitBreaker:
    size, calls = of.get("slidingwindowsize", count), of.get("minimumnumberofcalls", count)
    rate, window = of.get("failureratethreshold", percent), of.get("slidingwindowtype", text_of)
    by_time = (window or "").upper() == "TIME_BASED"
    in_a_row = not by_time and size is not None and rate == 1.0 and (calls is None or calls >= size)
    growing = of.get("enableexponentialbackoff", truth)
    return CircuitBreaker(
        failure_rate=None if in_a_row else rate,
        failures=size if in_a_row else None,
        window_s=float(size) if by_time and size is not None else None,
        min_calls=None if in_a_row else calls,
        slow_call_s=of.get("slowcalldurationthreshold", duration),
        slow_call_rate=of.get("slowcallratethreshold", percent),
        open_for_s=of.get("waitdurationinopenstate", duration),
        growth=of.get("exponentialbackoffmultiplier", number) if growing else None,
        max_open_s=of.get("exponentialmaxwaitdurationinopenstate", duration) if growing else None,
        half_open_calls=of.get("permittednumberofcallsinhalfopenstate", count),
    )


def _bulkhead(of: Mapping[str, Instance]) -> Bulkhead | None:
    shared, pool = of.get("bulkhead"), of.get("threadpoolbulkhead")
    most = shared.get("maxconcurrentcalls", count) if shared else None
    if shared and most is not None:
        return Bulkhead(max_concurrent=most, max_wait_s=shared.get("maxwaitduration", duration))
    threads = pool.get("maxthreadpoolsize", count) if pool else None
    if pool and threads is not None:
        return Bulkhead(max_concurrent=threads, max_wait_s=0.0 if pool.get("queuecapacity", whole) == 0 else None)
    return None


RESILIENCE4J: Final = Importer(
    name="resilience4j",
    title="resilience4j (application.yml, application.properties)",
    prose=(
        "Each instance of a circuit breaker, retry, time limiter or bulkhead becomes a dependency with these settings (declared)"
        " of the program that `spring.application.name` or the folder of the file names; `maxAttempts` counts the first try, as"
        " it does here. Base configurations are resolved, `${NAME:default}` counts as its default, and profiles are left out."
        " A window of so many calls has no place here, only one in seconds has. " + CANNOT_SAY[0] + "."
    ),
    detect=detect,
    read=read,
)
