"""The exported Python module runs: against a server on this machine, in each way in which a callee can fail."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any, ClassVar

import pytest
from exporters_inputs import everything, sample, two

from auditkit.exporters import EXPORTERS

for needed in ("httpx", "tenacity", "circuitbreaker"):
    pytest.importorskip(needed, reason=f"the exported module needs {needed}; pip install {needed} to see it run")


class Callee(BaseHTTPRequestHandler):
    """Answers `/ok`, fails on `/fail`, sleeps on `/slow`, and fails once on `/once`."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Callee.asked.append(self.path)
        if self.path == "/slow":
            time.sleep(0.6)
        bad = self.path == "/fail" or (self.path == "/once" and Callee.asked.count("/once") == 1)
        self.send_response(503 if bad else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    Callee.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Callee)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def module(**settings: Any) -> tuple[ModuleType, str]:
    """The exported module of `api`, loaded, and the name of its callee in there."""
    (artifact,) = EXPORTERS["python"].export(*two(**settings))[0]
    assert artifact.path == "python/api_calls.py"
    made = ModuleType("api_calls")
    exec(compile(artifact.content, artifact.path, "exec"), made.__dict__)
    return made, next(iter(made.SETTINGS))


async def ask(made: ModuleType, name: str, url: str, times: int = 1) -> list[object]:
    import httpx

    async with httpx.AsyncClient() as client:
        return list(await asyncio.gather(*(made.call(name, client, "GET", url) for _ in range(times)), return_exceptions=True))


def test_a_good_answer_comes_through(url):
    """Nothing in between changes it."""
    made, name = module(timeout="500ms", retry={"max_attempts": 2, "backoff": "1ms"}, bulkhead={"max_concurrent": 2})
    assert [answer.status_code for answer in asyncio.run(ask(made, name, url + "/ok"))] == [200]


def test_a_failure_that_passes_is_repeated(url):
    """Two attempts are one retry: the second try succeeds, and the server was asked twice."""
    made, name = module(timeout="500ms", retry={"max_attempts": 2, "backoff": "1ms", "max_backoff": "2ms"})
    assert [answer.status_code for answer in asyncio.run(ask(made, name, url + "/once"))] == [200]
    assert Callee.asked == ["/once", "/once"]


def test_a_slow_answer_is_cut_off(url):
    """600 ms against a timeout of 100 ms."""
    made, name = module(timeout="100ms", retry="none")
    (error,) = asyncio.run(ask(made, name, url + "/slow"))
    assert isinstance(error, TimeoutError)
    assert Callee.asked == ["/slow"]


def test_a_breaker_opens_and_spares_the_callee(url):
    """After three failures the fourth call is not made."""
    import circuitbreaker

    made, name = module(timeout="500ms", retry="none", circuit_breaker={"failures": 3, "open_for": "60s"})
    errors = [asyncio.run(ask(made, name, url + "/fail"))[0] for _ in range(4)]
    assert isinstance(errors[-1], circuitbreaker.CircuitBreakerError)
    assert len(Callee.asked) == 3


def test_a_bulkhead_lets_no_more_through(url):
    """Of three calls at once, the third is refused; the two under way are not harmed."""
    made, name = module(timeout="5s", retry="none", bulkhead={"max_concurrent": 2, "max_wait": "0s"})
    answers = asyncio.run(ask(made, name, url + "/slow", times=3))
    assert sum(isinstance(answer, made.BulkheadFull) for answer in answers) == 1
    assert sum(getattr(answer, "status_code", 0) == 200 for answer in answers) == 2


def test_a_full_bulkhead_does_not_comfort_the_breaker(url):
    """Between two timeouts calls are refused for want of a place: the failures still follow one another, and it opens."""
    import circuitbreaker

    policy = {"timeout": "100ms", "retry": "none", "bulkhead": {"max_concurrent": 1, "max_wait": "0s"}}
    made, name = module(**policy, circuit_breaker={"failures": 2, "open_for": "60s"})
    ends = [asyncio.run(ask(made, name, url + "/slow", times=2)) for _ in range(3)]
    assert [[type(end) for end in pair] for pair in ends[:2]] == [[TimeoutError, made.BulkheadFull]] * 2
    assert [type(end) for end in ends[2]] == [circuitbreaker.CircuitBreakerError] * 2


@pytest.mark.parametrize("name", ["worked-example", "flash-sale"])
def test_modules_of_the_samples_compile(name):
    """Each caller has one, and its settings hold plain numbers only."""
    system = sample(name)
    for artifact in EXPORTERS["python"].export(system, everything(system))[0]:
        made = ModuleType("calls")
        exec(compile(artifact.content, artifact.path, "exec"), made.__dict__)
        values = [value for settings in made.SETTINGS.values() for value in settings.values()]
        assert values
        assert all(value is None or isinstance(value, (int, float)) for value in values)
