"""What the libraries do differently from their names, each shown by the library itself: the notes that exporters carry."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import httpx
import pybreaker
import pytest
import tenacity
from circuitbreaker import CircuitBreaker, CircuitBreakerError
from loopback import listening

from auditkit.exporters import EXPORTERS

Work = Callable[[float, bool], Awaitable[None]]


def behind(breaker: CircuitBreaker) -> Work:
    """A call that takes some seconds and then fails or not."""

    async def work(takes_s: float, fails: bool) -> None:
        await asyncio.sleep(takes_s)
        if fails:
            raise TimeoutError

    return breaker.decorate(work)  # type: ignore[no-any-return]


async def tried(work: Work, takes_s: float, fails: bool) -> str:
    try:
        await work(takes_s, fails)
    except CircuitBreakerError:
        return "refused"
    except TimeoutError:
        return "failed"
    return "good"


def in_a_row(breaker: CircuitBreaker, *fails: bool) -> list[str]:
    async def all_of_them() -> list[str]:
        work = behind(breaker)
        return [await tried(work, 0.0, bad) for bad in fails]

    return asyncio.run(all_of_them())


def test_circuitbreaker_counts_failures_in_a_row() -> None:
    """Four of five calls fail and it stays closed, because no five failures follow one another; then five do."""
    breaker = CircuitBreaker(failure_threshold=5, recovery_timeout=60, expected_exception=TimeoutError, name="row")
    assert "refused" not in in_a_row(breaker, *([True] * 4 + [False]) * 20)
    assert in_a_row(breaker, *[True] * 6) == ["failed"] * 5 + ["refused"]


def test_circuitbreaker_lets_all_calls_through_after_its_pause() -> None:
    """No single trial: until the first of them fails, everybody passes."""
    breaker = CircuitBreaker(failure_threshold=1, recovery_timeout=0.3, expected_exception=TimeoutError, name="pause")

    async def storm() -> list[str]:
        work = behind(breaker)
        assert await tried(work, 0.0, True) == "failed"
        assert await tried(work, 0.0, True) == "refused"
        await asyncio.sleep(0.35)
        return list(await asyncio.gather(*(tried(work, 0.02, True) for _ in range(50))))

    assert asyncio.run(storm()) == ["failed"] * 50


def test_circuitbreaker_is_closed_by_a_late_success_and_kept_open_by_late_failures() -> None:
    """Calls that began before it opened count when they end: a success closes it at once, a failure starts its pause anew."""
    breaker = CircuitBreaker(failure_threshold=1, recovery_timeout=60, expected_exception=TimeoutError, name="success")

    async def late_success() -> list[str]:
        work = behind(breaker)
        old = asyncio.create_task(tried(work, 0.05, False))
        await asyncio.sleep(0)
        return [await tried(work, 0.0, True), await tried(work, 0.0, False), await old, await tried(work, 0.0, False)]

    assert asyncio.run(late_success()) == ["failed", "refused", "good", "good"]
    again = CircuitBreaker(failure_threshold=1, recovery_timeout=1, expected_exception=TimeoutError, name="failure")

    async def late_failure() -> list[str]:
        work = behind(again)
        old = asyncio.create_task(tried(work, 0.6, True))
        await asyncio.sleep(0)
        first = await tried(work, 0.0, True)
        await asyncio.sleep(1.1)  # longer than the pause, were it not for the old call
        return [first, await old, await tried(work, 0.0, False)]

    assert asyncio.run(late_failure()) == ["failed", "failed", "refused"]


def test_circuitbreaker_takes_any_other_exception_for_a_success() -> None:
    """What is not expected forgets all failures before it, even while they mount up: a full bulkhead must not stand inside."""
    breaker = CircuitBreaker(failure_threshold=2, recovery_timeout=60, expected_exception=TimeoutError, name="other")

    @breaker
    def call(error: Exception) -> None:
        raise error

    for error in (TimeoutError(), KeyError("full"), TimeoutError()):
        with pytest.raises(type(error)):
            call(error)
    assert breaker.closed
    assert breaker.failure_count == 1


def test_pybreaker_lets_one_call_at_a_time_through() -> None:
    """Its lock is held during the call: eight calls of 50 ms in eight threads take eight times 50 ms, all being well."""
    breaker = pybreaker.CircuitBreaker(fail_max=5)
    threads = [threading.Thread(target=breaker.call, args=(time.sleep, 0.05)) for _ in range(8)]
    since = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.perf_counter() - since >= 8 * 0.05


def test_tenacity_counts_the_first_try() -> None:
    """`stop_after_attempt(3)` is one try and two retries; without `stop` there is no end, without `wait` no pause."""
    tries: list[float] = []

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), reraise=True)
    def call() -> None:
        tries.append(time.perf_counter())
        raise TimeoutError

    with pytest.raises(TimeoutError):
        call()
    assert len(tries) == 3
    assert tries[-1] - tries[0] < 0.1
    assert tenacity.Retrying().stop is tenacity.stop_never


def test_tenacity_draws_from_zero_to_a_growing_bound() -> None:
    """`wait_random_exponential` is full jitter: of the second wait half is below its middle, and none above its bound."""
    wait = tenacity.wait_random_exponential(multiplier=0.1, max=10)
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    state.attempt_number = 2
    waits = [wait(state) for _ in range(4000)]
    assert max(waits) <= 0.2
    assert 0.45 <= sum(x < 0.1 for x in waits) / len(waits) <= 0.55


def test_httpx_bounds_each_wait_and_not_the_whole() -> None:
    """A timeout of 600 ms, an answer that trickles in for a second: httpx waits to the end, `asyncio.timeout` does not."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.2)
            writer.write(b".")
            await writer.drain()

    async def ask() -> float:
        async with listening(trickle) as url, httpx.AsyncClient(timeout=0.6, trust_env=False) as client:
            since = time.perf_counter()
            assert (await client.get(url)).text == "." * 5
            took_s = time.perf_counter() - since
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await client.get(url)
        return took_s

    assert asyncio.run(ask()) >= 1.0


def test_httpx_is_a_bulkhead_of_a_hundred() -> None:
    """Without a word about limits, the 101st call waits for a connection: behind a hundred that wait, nothing else is sent."""
    asked: list[int] = []

    async def ask() -> int:
        go = asyncio.Event()

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.append(1)
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        async with listening(held) as url, httpx.AsyncClient(timeout=None, trust_env=False) as client:
            calls = [asyncio.create_task(client.get(url)) for _ in range(110)]
            while len(asked) < 100:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            sent = len(asked)
            go.set()
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
        return sent

    assert asyncio.run(ask()) == 100
    assert len(asked) == 110


def test_the_exporter_says_so() -> None:
    """Each note stands in the exporter's own words, which the reference notebook shows."""
    prose = EXPORTERS["python"].prose
    for note in ("failures in a row", "all calls through", "half_open: all", "first try", "httpx", "pybreaker"):
        assert note in prose
