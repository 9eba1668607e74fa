"""A scenario for real, on this machine: an asyncio server that fails on time, and the exported client in front of it.

What the callee takes, and which of its answers are errors, are the simulation's own draws: what then differs comes from the
libraries, the sockets and the clock.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import cast

import httpx
import numpy as np
from scenarios import CALLEE, Scenario

from auditkit.exporters import EXPORTERS
from auditkit.simulation import Setup, draws
from auditkit.simulation import columns as c
from auditkit.simulation.compile import compiled_system
from auditkit.simulation.run import arrivals_of

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LEAD_S = 0.3
"""From making ready to the first request."""


@dataclass
class Callee:
    """Answers `/N` for request N: how long it takes, and whether it fails, is drawn for its first, second, … attempt.

    It answers `/` at once. In a crash all connections with work under way are lost, and so is whatever is asked afterwards.
    """

    scenario: Scenario
    setup: Setup
    started: float
    """When the first phase begins, on the clock of the event loop."""
    workers: asyncio.Semaphore | None = None
    asked: Counter[int] = field(default_factory=Counter)

    def needs(self, request: int) -> tuple[float, bool]:
        """Seconds of work, and whether the answer is an error, as the fault has it now."""
        self.asked[request] += 1
        key = draws.attempt_key(np.uint64(draws.request_key(self.setup.seed, 0, request)), 0, self.asked[request])
        law, fault = self.setup.laws[CALLEE], self.setup.faults[0]
        took = law.a * np.exp(law.b * draws.normal_quantile(draws.uniform(np.uint64(key), draws.LATENCY)))
        now = asyncio.get_running_loop().time() - self.started
        if not fault.start_s <= now < fault.start_s + fault.duration_s:
            return float(took), False
        if fault.kind == "errors":
            return float(took), bool(draws.uniform(np.uint64(key), draws.FAILURE) < fault.value)
        return (fault.value if fault.kind == "slow_set" else float(took) * fault.value), False

    def until_crash_s(self) -> float:
        """Seconds until it crashes: 0 while it is down, without end where it does not crash (any more)."""
        fault, now = self.setup.faults[0], asyncio.get_running_loop().time() - self.started
        if fault.kind != "crash" or now >= fault.start_s + fault.duration_s:
            return math.inf
        return max(0.0, fault.start_s - now)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request. Work that nobody waits for any more is done all the same."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked = head.split(b" ", 2)[1].removeprefix(b"/")
                status = await self.work(int(asked)) if asked else b"200 OK"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    async def work(self, request: int) -> bytes:
        """Wait for a worker, then work."""
        async with self.workers or asyncio.Semaphore():
            needs, bad = self.needs(request)
            crash_s = self.until_crash_s()
            await asyncio.sleep(min(needs, crash_s))
            if crash_s <= needs:
                raise ConnectionResetError
        return b"503 Service Unavailable" if bad else b"200 OK"


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """A server on a port of this machine that is free: its address. It ends when every connection has been served."""
    served: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=1000)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.wait(served)


def client_of(scenario: Scenario) -> ModuleType:
    """The module that auditkit exports for the caller, with httpx, tenacity and circuitbreaker inside."""
    (artifact,) = EXPORTERS["python"].export(scenario.system, None)[0]
    made = ModuleType("shop_calls")
    exec(compile(artifact.content, artifact.path, "exec"), made.__dict__)
    return made


@dataclass(frozen=True, slots=True)
class Ended:
    """How requests ended: one place each. `code` as in the simulation, `took_s` the whole answer, `lag_s` how late they began."""

    start_s: np.ndarray
    code: np.ndarray
    took_s: np.ndarray
    attempts: np.ndarray
    lag_s: np.ndarray


async def run(scenario: Scenario, setup: Setup) -> Ended:
    """Every request of the simulation's own arrivals, sent when it is due, through the exported client."""
    compiled = compiled_system(scenario.system, {}, setup)
    due, _, _ = arrivals_of(compiled, setup)
    made = client_of(scenario)
    dependency, workers = scenario.system.dependencies[0], scenario.system.components[1].concurrency
    lost = c.DEGRADED if dependency.on_failure == "degrade" else c.ERROR
    draws.normal_quantile(
        draws.uniform(draws.attempt_key(draws.request_key(1, 0, 0), 0, 1), draws.LATENCY)
    )  # compiled beforehand
    started = asyncio.get_running_loop().time() + LEAD_S
    callee = Callee(scenario, setup, started, asyncio.Semaphore(workers) if isinstance(workers, int) else None)
    code, took, lag = np.zeros(len(due), np.int8), np.zeros(len(due)), np.zeros(len(due))

    async def request(number: int, client: httpx.AsyncClient, url: str) -> None:
        await asyncio.sleep(max(0.0, started + due[number] - asyncio.get_running_loop().time()))
        since = time.perf_counter()
        lag[number] = asyncio.get_running_loop().time() - started - due[number]
        try:
            await made.call(CALLEE, client, "GET", f"{url}/{number}")
            code[number] = c.OK
        except Exception:  # whatever the libraries raise: the shop serves something else, or fails
            code[number] = lost
        took[number] = time.perf_counter() - since

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)  # httpx' own 100 would be a bulkhead nobody set
    async with listening(callee.serve) as url, httpx.AsyncClient(limits=limits, trust_env=False) as client:
        await asyncio.gather(*(client.get(f"{url}/") for _ in range(8)))  # connections, and what is loaded with the first of them
        await asyncio.gather(*(request(number, client, url) for number in range(len(due))))
    attempts = np.array([callee.asked[number] for number in range(len(due))])
    return Ended(due, code, took, attempts, lag)
