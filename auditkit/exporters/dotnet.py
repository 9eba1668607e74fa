"""Microsoft.Extensions.Http.Resilience (Polly v8): `appsettings.json`, and C# for what JSON cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, compact, http_only, milliseconds
from auditkit.exporters.files import HEAD, json_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, call_worst_case_s, retry, timeout_s
from auditkit.model.system import CircuitBreaker, System

_LEAST_MS = 500
"""Shortest sampling and break duration that Polly accepts, in milliseconds."""
_DEFAULT_ATTEMPT_S = 10.0
_DEFAULT_TOTAL_S = 30.0


def export(system: System, strategy: Strategy | None) -> Made:
    """Settings and registration for each caller."""
    found, shared = calls(system, strategy)
    seen, unseen = http_only(found, "an HttpClient")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    artifacts = []
    for caller in sorted({call.caller for call in seen}):
        of = [call for call in seen if call.caller == caller]
        settings = {"HttpResilience": {label(call.callee): _settings(call) for call in of}}
        artifacts.append(
            Artifact(
                path=f"dotnet/{label(caller)}/appsettings.json", content=json_file(settings), title=f".NET: settings of {caller}"
            )
        )
        artifacts.append(
            Artifact(
                path=f"dotnet/{label(caller)}/ResilienceRegistration.cs",
                content=_code(of),
                title=f".NET: registration in {caller}",
            )
        )
    return tuple(artifacts), gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _settings(call: Call) -> dict[str, Any]:
    """The sections of HttpStandardResilienceOptions; Polly's own defaults are spelled out where the model has nothing."""
    attempt = timeout_s(call.policy) or _DEFAULT_ATTEMPT_S
    total = call_worst_case_s(call.policy) if timeout_s(call.policy) is not None else _DEFAULT_TOTAL_S
    settings, pool, cut = retry(call.policy), bulkhead(call.policy), breaker(call.policy)
    made: dict[str, Any] = {}
    if pool is not None:
        made["RateLimiter"] = {"DefaultRateLimiterOptions": {"PermitLimit": pool.max_concurrent, "QueueLimit": 0}}
    made["TotalRequestTimeout"] = {"Timeout": span(max(milliseconds(total), milliseconds(attempt) + 1))}
    if settings is not None and settings.max_attempts > 1:
        made["Retry"] = compact(
            {
                "MaxRetryAttempts": settings.max_attempts - 1,
                "BackoffType": "Exponential" if (settings.multiplier or 1) > 1 else "Constant",
                "UseJitter": settings.jitter != "none",
                "Delay": None if settings.backoff_s is None else span(round(settings.backoff_s * 1000)),
                "MaxDelay": None if settings.max_backoff_s is None else span(milliseconds(settings.max_backoff_s)),
            }
        )
    if cut is not None:
        made["CircuitBreaker"] = _breaker(cut, attempt)
    made["AttemptTimeout"] = {"Timeout": span(milliseconds(attempt))}
    return made


def _breaker(cut: CircuitBreaker, attempt_s: float) -> dict[str, Any]:
    sampling = max(_LEAST_MS, milliseconds(cut.window_s or 10.0), 2 * milliseconds(attempt_s))
    return {
        "FailureRatio": 1.0 if cut.failure_rate is None else cut.failure_rate,
        "MinimumThroughput": max(2, cut.min_calls or cut.failures or 10),
        "SamplingDuration": span(sampling),
        "BreakDuration": span(max(_LEAST_MS, milliseconds(cut.open_for_s or 5.0))),
    }


def span(ms: int) -> str:
    """A .NET TimeSpan of so many milliseconds.

    >>> span(300), span(90_061_000)
    ('00:00:00.300', '1.01:01:01.000')
    """
    days, rest = divmod(ms, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    text = f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
    return f"{days}.{text}" if days else text


def _code(of: list[Call]) -> bytes:
    lines = [
        f"// {HEAD}",
        "// Order, from outside: rate limiter (bulkhead), total timeout, retry, circuit breaker, attempt timeout.",
        "using System;",
        "using System.Threading.Tasks;",
        "using Microsoft.Extensions.Configuration;",
        "using Microsoft.Extensions.DependencyInjection;",
        "using Polly;",
        "",
        "public static class ResilienceRegistration",
        "{",
        "    public static IServiceCollection AddResilientClients(this IServiceCollection services, IConfiguration "
        "configuration)",
        "    {",
    ]
    for call in of:
        name = label(call.callee)
        lines += [
            f'        services.AddHttpClient("{name}")',
            f'            .AddStandardResilienceHandler(configuration.GetSection("HttpResilience:{name}"))',
            "            .Configure(options =>",
            "            {",
            *(f"                {line}" for line in _options(call)),
            "            });",
        ]
    return "\n".join([*lines, "        return services;", "    }", "}", ""]).encode()


def _options(call: Call) -> Iterator[str]:
    cut, settings = breaker(call.policy), retry(call.policy)
    if settings is None or settings.max_attempts == 1:
        yield "options.Retry.ShouldHandle = _ => PredicateResult.False(); // no retries: MaxRetryAttempts cannot be 0"
    if bulkhead(call.policy) is None:
        yield "options.RateLimiter.DefaultRateLimiterOptions.PermitLimit = int.MaxValue; // no bulkhead"
    if cut is None:
        yield "options.CircuitBreaker.ShouldHandle = _ => PredicateResult.False(); // no circuit breaker"
    elif cut.growth is not None and cut.growth > 1 and cut.open_for_s is not None:
        longest = cut.max_open_s if cut.max_open_s is not None else cut.open_for_s
        yield (
            "options.CircuitBreaker.BreakDurationGenerator = arguments => new ValueTask<TimeSpan>(TimeSpan.FromSeconds("
            f"Math.Min({longest:g}, {cut.open_for_s:g} * Math.Pow({cut.growth:g}, arguments.HalfOpenAttempts))));"
        )


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    attempt = timeout_s(call.policy)
    if attempt is None:
        yield Gap(
            where=call.name, what="it has no timeout in force; Polly's defaults (10 s an attempt, 30 s in all) are written out"
        )
    if settings is not None and settings.budget is not None:
        yield Gap(
            where=call.name, what="Polly knows no retry budget", remedy="keep attempts low, and alert on the share of retries"
        )
    if cut is not None and cut.failure_rate is None and cut.failures is not None:
        yield Gap(
            where=call.name, what=f"{cut.failures} failures become: all of at least {cut.failures} calls of a window failed"
        )
    if cut is not None and cut.window_s is not None and attempt is not None and cut.window_s < 2 * attempt:
        yield Gap(where=call.name, what="the sampling duration is lengthened to twice the attempt timeout, which Polly demands")
    if cut is not None and cut.half_open_calls is not None and cut.half_open_calls > 1:
        yield Gap(where=call.name, what=f"Polly tries one call when half open, not {cut.half_open_calls}")
    if cut is not None and cut.half_open == "gradual":
        yield Gap(where=call.name, what="Polly closes at once after its trial call; it cannot let a growing share through")
    if pool is not None:
        yield Gap(where=call.name, what="the limit holds for a whole call with its retries, outside of the total timeout")


EXPORTER = Exporter(
    name="dotnet",
    title=".NET (Microsoft.Extensions.Http.Resilience, Polly v8)",
    prose=(
        "`MaxRetryAttempts` counts retries. From outside: rate limiter (the bulkhead), total timeout, retry, circuit breaker, "
        "attempt timeout. Figures hold for one process. Half open, Polly tries one call, and one that began before it opened "
        "counts as well, where the simulation forgets those. What JSON cannot hold (no retries, no breaker, a growing break) is "
        "in the C# file."
    ),
    export=export,
)
