"""Hystrix: the settings of one program's commands, from its properties, in a file of their own or in Spring's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.figures import count, percent, truth, whole
from auditkit.importers.flat import Flat, finder, flat_settings, under
from auditkit.importers.settings import Reading, Setting, owner_of
from auditkit.importers.shapes import text_of
from auditkit.model.draft import Draft
from auditkit.model.noun import NONE
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy

CANNOT_SAY: Final = ("Hystrix properties do not say what a command calls, nor what is configured in code or by annotations",)
_SIGN: Final = re.compile(r"^\s*[\"']?hystrix[\"']?\s*[.:]", re.MULTILINE)
_GENERIC: Final = frozenset({"hystrix", "application", "bootstrap", "config", "default"})
_DEFAULT: Final = "default"


def detect(name: str, text: str) -> bool:
    """Whether a text sets anything of Hystrix' commands or thread pools."""
    head = beginning(text, 500_000)
    return _SIGN.search(head) is not None and ("command" in head or "threadpool" in head)


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency for each command that is named; the caller is the program that the file belongs to."""
    found, profiles = flat_settings(text, name)
    reading = Reading()
    named = next((text_of(flat.value) for flat in found if flat.plain == "spring.application.name"), "")
    caller = named or owner_of(name, text, _GENERIC)
    commands, pools = _named(found, "hystrix.command"), _named(found, "hystrix.threadpool")
    shared, shared_pool = commands.pop(_DEFAULT, {}), pools.pop(_DEFAULT, {})
    if caller is None and (commands or shared):
        what = f"{name} bounds commands of a program that it does not name: which component is it?"
        reading.ask(f"hystrix {name}", "", what, f"{name}:{found[0].line}")
        return reading.draft(name, CANNOT_SAY)
    for callee in commands:
        own = {**shared, **commands[callee]}
        of = Block(finder(own, name), f"{caller} -> {callee}", reading)
        pool = {**shared_pool, **pools.pop(of.get("threadPoolKeyOverride", text_of) or callee, {})}
        policy = _policy(of, Block(finder(pool, name), of.about, reading, of.taken))
        line = min(flat.line for flat in commands[callee].values())
        locator = f"hystrix.command.{callee}"
        reading.add(Setting(caller, callee, policy, name, line, locator, defaults=tuple(of.taken), library="Hystrix"))
    if shared and not commands:
        what = f"{name} sets defaults of all Hystrix commands of {caller}, and names none: which calls are commands?"
        reading.ask(f"commands {caller}", str(caller), what, _where(shared.values(), name))
    for pool_name, figures in pools.items():
        what = f"hystrix.threadpool.{pool_name} limits calls of {caller}, and no command is named for it: which calls run in it?"
        reading.ask(f"pool {caller} {pool_name}", str(caller), what, _where(figures.values(), name))
    left_out = tuple(f"{name}: what holds in the profile {profile} only is not read" for profile in profiles)
    return reading.draft(name, (*CANNOT_SAY, *left_out))


def _where(figures: Iterable[Flat], source: str) -> str:
    return f"{source}:{min(flat.line for flat in figures)}"


def _named(found: tuple[Flat, ...], prefix: str) -> dict[str, dict[str, Flat]]:
    """The figures of each command or pool, by their relaxed key."""
    made: dict[str, dict[str, Flat]] = {}
    for rest, flat in under(found, prefix):
        if len(rest) > 1:
            made.setdefault(rest[0], {})[Flat(rest[1:], None, 0).plain] = flat
    return made


def _policy(of: Block, pool: Block) -> Policy:
    limited = of.get("execution.timeout.enabled", truth)
    timeout = of.get("execution.isolation.thread.timeoutInMilliseconds", milliseconds, "1000") if limited is not False else NONE
    return Policy(timeout_s=timeout, circuit_breaker=_breaker(of), bulkhead=_bulkhead(of, pool))


def milliseconds(value: object) -> float:
    """A whole number of milliseconds, in seconds.

    >>> milliseconds("1500")
    1.5
    """
    return whole(value) / 1000


def _breaker(of: Block) -> CircuitBreaker | Nothing:
    if of.get("circuitBreaker.enabled", truth) is False or of.get("circuitBreaker.forceClosed", truth):
        return NONE
    return CircuitBreaker(
        failure_rate=of.get("circuitBreaker.errorThresholdPercentage", percent, "50"),
        window_s=of.get("metrics.rollingStats.timeInMilliseconds", milliseconds, "10000"),
        min_calls=of.get("circuitBreaker.requestVolumeThreshold", count, "20"),
        open_for_s=of.get("circuitBreaker.sleepWindowInMilliseconds", milliseconds, "5000"),
        half_open_calls=1,
    )


def _bulkhead(of: Block, pool: Block) -> Bulkhead | None:
    """Permits of a semaphore, or threads; a pool without a queue refuses at once what it has no thread for."""
    if (of.get("execution.isolation.strategy", text_of) or "THREAD").upper() == "SEMAPHORE":
        permits = of.get("execution.isolation.semaphore.maxConcurrentRequests", count, "10")
        return None if permits is None else Bulkhead(max_concurrent=permits, max_wait_s=0.0)
    threads, queue = pool.get("coreSize", count, "10"), pool.get("maxQueueSize", text_of, "-1")
    if pool.get("allowMaximumSizeToDivergeFromCoreSize", truth):
        threads = pool.get("maximumSize", count, "10")
    return None if threads is None else Bulkhead(max_concurrent=threads, max_wait_s=0.0 if queue == "-1" else None)


HYSTRIX: Final = Importer(
    name="hystrix",
    title="Hystrix (properties, application.yml)",
    prose=(
        "Each command becomes a dependency with its timeout, breaker and pool (declared) of the program that"
        " `spring.application.name`, the folder or the file (`hystrix/CALLER.properties`) names. Hystrix does not retry. What"
        " neither the command nor `default` sets is Hystrix' own default (evidence `default of Hystrix`): 1 s, a breaker from"
        " 50 % of 20 calls in 10 s that opens for 5 s and tries one call, ten threads without a queue (its wiki, Configuration)."
        " Commands that share a pool are taken to have it each for themselves. " + CANNOT_SAY[0] + "."
    ),
    detect=detect,
    read=read,
    settings=True,
)
