"""failsafe-go: one Go file for each caller, with an HTTP client for each of its callees."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, http_only, milliseconds
from auditkit.exporters.files import HEAD
from auditkit.exporters.text import identifier
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Bulkhead, CircuitBreaker, Retry, System

_PACKAGES = ("bulkhead", "circuitbreaker", "failsafehttp", "timeout")
_ROOT = "github.com/failsafe-go/failsafe-go"


def export(system: System, strategy: Strategy | None) -> Made:
    """One file for each caller."""
    found, shared = calls(system, strategy)
    seen, unseen = http_only(found, "an HTTP client")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    artifacts = tuple(
        Artifact(
            path=f"failsafe-go/{identifier(caller).lower()}/clients.go",
            content=_file(caller, [call for call in seen if call.caller == caller]),
            title=f"Go clients (failsafe-go): {caller}",
        )
        for caller in sorted({call.caller for call in seen})
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _file(caller: str, of: list[Call]) -> bytes:
    body = [line for call in of for line in _client(call)]
    text = "\n".join(body)
    used = [name for name in _PACKAGES if f"{name}." in text]
    imports = ['\t"net/http"', *(['\t"time"'] if "time." in text else []), "", f'\t"{_ROOT}"']
    imports += [f'\t"{_ROOT}/{name}"' for name in used]
    return "\n".join(
        [
            f"// {HEAD}",
            f"// Calls of {label(caller)}, bounded.",
            "// Order, from outside: retry ( circuit breaker ( bulkhead ( timeout ( call )))).",
            "// Figures are per process. Needs failsafe-go 0.9 or later.",
            "package clients",
            "",
            "import (",
            *imports,
            ")",
            "",
            *(_FAILED if "failed" in text else ()),
            *body,
        ]
    ).encode()


_FAILED = (
    "// failed says what a breaker counts: no answer, or an answer of 500 or more.",
    "func failed(response *http.Response, err error) bool {",
    "\treturn err != nil || response != nil && response.StatusCode >= 500",
    "}",
    "",
)


def _client(call: Call) -> Iterator[str]:
    """A function that makes the client; its breaker and its bulkhead live as long as the client does."""
    name = "New" + "".join(part.capitalize() for part in identifier(call.callee).split("_")) + "Client"
    again, cut, pool, wait = retry(call.policy), breaker(call.policy), bulkhead(call.policy), timeout_s(call.policy)
    yield f"// {name} bounds calls of {label(call.callee)}. Make it once, and share it."
    yield f"func {name}() *http.Client {{"
    yield "\tpolicies := []failsafe.Policy[*http.Response]{"
    if again is not None and again.max_attempts > 1:
        yield from _chain("failsafehttp.NewRetryPolicyBuilder()", _retry(again))
    if cut is not None:
        yield from _chain("circuitbreaker.NewBuilder[*http.Response]()", _breaker(cut))
    if pool is not None:
        yield from _chain(f"bulkhead.NewBuilder[*http.Response]({pool.max_concurrent})", _bulkhead(pool))
    if wait is not None:
        yield f"\t\ttimeout.New[*http.Response]({_ms(wait)}),"
    yield "\t}"
    yield "\treturn &http.Client{Transport: failsafehttp.NewRoundTripper(http.DefaultTransport, policies...)}"
    yield "}"
    yield ""


def _chain(builder: str, calls_: Iterator[str]) -> Iterator[str]:
    yield "\t\t" + builder + "".join(f".\n\t\t\t{call}" for call in (*calls_, "Build(),"))


def _retry(settings: Retry) -> Iterator[str]:
    yield f"WithMaxAttempts({settings.max_attempts})"
    if settings.backoff_s:
        first, longest = milliseconds(settings.backoff_s), milliseconds(settings.max_backoff_s or settings.backoff_s * 10)
        if settings.multiplier is not None and settings.multiplier > 1 and longest > first:
            yield _several("WithBackoffFactor", _ms(first / 1000), _ms(longest / 1000), f"{settings.multiplier:g}")
        else:
            yield f"WithDelay({_ms(first / 1000)})"
        factor = {"full": "0.99", "equal": "0.5"}.get(settings.jitter or "")
        if factor:
            yield f"WithJitterFactor({factor})"


def _breaker(cut: CircuitBreaker) -> Iterator[str]:
    yield "HandleIf(failed)"
    window = _ms(cut.window_s or 10.0)
    if cut.failure_rate is not None:
        yield _several("WithFailureRateThreshold", f"{cut.failure_rate:g}", str(cut.min_calls or 10), window)
    elif cut.failures is not None:
        yield (
            _several("WithFailureThresholdPeriod", str(cut.failures), window)
            if cut.window_s and not cut.in_a_row
            else f"WithFailureThreshold({cut.failures})"
        )
    if cut.open_for_s is not None:
        yield f"WithDelay({_ms(cut.open_for_s)})"
    if cut.half_open_calls is not None:
        yield f"WithSuccessThreshold({cut.half_open_calls})"


def _bulkhead(pool: Bulkhead) -> Iterator[str]:
    if pool.max_wait_s:
        yield f"WithMaxWaitTime({_ms(pool.max_wait_s)})"


def _several(name: str, *arguments: str) -> str:
    """A call with several arguments as gofmt writes it: no blanks around `*`."""
    return f"{name}({', '.join(argument.replace(' ', '') for argument in arguments)})"


def _ms(seconds: float) -> str:
    return f"{milliseconds(seconds)} * time.Millisecond"


def _gaps(call: Call) -> Iterator[Gap]:
    again, cut = retry(call.policy), breaker(call.policy)
    if again is not None and again.budget is not None:
        yield Gap(
            where=call.name,
            what="failsafe-go's retry budget is a share of the calls under way, not of requests; it is left out",
            remedy="keep attempts low, and alert on the share of retries",
        )
    if again is not None and again.jitter == "full":
        yield Gap(where=call.name, what="full jitter is written as ±99 % of the wait")
    if cut is not None and cut.growth is not None and cut.growth > 1:
        yield Gap(where=call.name, what="the breaker stays open equally long each time")
    if cut is not None and cut.slow_call_s is not None:
        yield Gap(where=call.name, what="the breaker does not count slow calls; the timeout makes them failures")
    if timeout_s(call.policy) is None:
        yield Gap(where=call.name, what="it has no timeout in force, so none is written")


EXPORTER = Exporter(
    name="failsafe-go",
    title="Go (failsafe-go)",
    prose=(
        "`WithMaxAttempts` counts the first try; the timeout is of one attempt. From outside: retry, circuit breaker, bulkhead, "
        "timeout. Figures hold for one process. Unlike the simulation, failsafe-go tries again what an open breaker or a full "
        "bulkhead has refused, and a full bulkhead is a failure to its breaker; half open, all trial calls have to succeed, as "
        "there."
    ),
    export=export,
)
