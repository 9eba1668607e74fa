"""Access logs of Envoy and nginx, read by their format string; the default formats of both are known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, number, samples, stem, target

ENVOY = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" '
    '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
)
"""Envoy's default format."""
ISTIO = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% '
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" '
    "%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%"
)
"""Istio's default format."""

_WORD = re.compile(r"%[A-Z_]+(?:\([^)]*\))?(?::[0-9]+)?%|\$\{?[a-z_0-9]+\}?")
_TIME_OUT_FLAGS = {"UT", "DT", "SI"}  # upstream request timeout, duration timeout, stream idle timeout
_NGINX_TIME = "%d/%b/%Y:%H:%M:%S %z"


def detect(head: Head) -> bool:
    """Whether the first line fits a default format; a format string of one's own is told with --log-format."""
    return any(_pattern(form).fullmatch(head.first_line) for form in (ENVOY, ISTIO))


def read(file: File, asked: Asked) -> Samples:
    """All lines. Raises `InputError` where the format has no duration, or a line does not fit."""
    first = next((line for _, line in file.lines()), "")
    known = asked.log_format or next((form for form in (ISTIO, ENVOY) if _pattern(form).fullmatch(first.strip())), None)
    if known is None:
        raise InputError.of(
            file.name, "fits no access log format that is known", "tell it: --log-format '$remote_addr … $request_time'"
        )
    words = _WORD.findall(known)
    if not any(_plain(word) in _DURATIONS for word in words):
        raise InputError.of("--log-format", "has no duration", f"log one of {', '.join(_DURATIONS)}")
    notes: list[str] = []
    return samples(_rows(file, known, notes), file, asked, notes)


_DURATIONS = {
    "upstream_response_time": 1.0,
    "resp(x-envoy-upstream-service-time)": 1e3,
    "request_time": 1.0,
    "duration": 1e3,
}
"""Fields that hold a duration, and how many of their unit are a second; the first that a format has is used."""


def _plain(word: str) -> str:
    return re.sub(r":[0-9]+%?$", "", word.strip("%${}").lower())


def _pattern(form: str) -> re.Pattern[str]:
    """The format as a regular expression with one group a field; a field ends before the next literal character."""
    parts, at = [], 0
    matches = list(_WORD.finditer(form))
    for i, match in enumerate(matches):
        parts.append(re.escape(form[at : match.start()]))
        at = match.end()
        after = form[at : at + 1]
        listed = _plain(match[0]).startswith("upstream_") and i < len(matches)
        parts.append("(.*?)" if not after or listed else rf"([^{re.escape(after)}]*)")
    return re.compile("".join(parts) + re.escape(form[at:]))


def _rows(file: File, form: str, notes: list[str]) -> Iterator[Row]:
    pattern, names = _pattern(form), [_plain(word) for word in _WORD.findall(form)]
    used = next(name for name in _DURATIONS if name in names)
    untimed = 0
    for line_number, line in file.lines():
        match = pattern.fullmatch(line.strip())
        if match is None:
            raise InputError.of(
                f"{file.name}:{line_number}", "does not fit the log format", "is the line cut off, or the format another?"
            )
        fields = dict(zip(names, match.groups(), strict=True))
        duration = _duration(fields, used)
        if duration is None and fields[used].strip(" -,:"):
            raise InputError.of(f"{file.name}:{line_number}", f"has the time {fields[used]!r}", "is the file damaged?")
        if duration is None:
            untimed += 1
            continue
        yield _row(fields, duration, stem(file))
    if untimed:
        notes.append(f"{untimed} lines without {used} are left out: nothing was asked upstream")


def _duration(fields: Mapping[str, str], used: str) -> float | None:
    """Seconds; of several attempts, separated by commas or colons, their sum, because the caller waited for all."""
    parts = [number(part.strip()) for part in re.split(r"[,:]", fields[used])]
    known = [part for part in parts if part is not None]
    return sum(known) / _DURATIONS[used] if known else None


def _row(fields: Mapping[str, str], duration_s: float, name: str) -> Row:
    when = fields.get("start_time") or fields.get("time_iso8601") or fields.get("msec") or ""
    start = epoch(when)
    if start is None and fields.get("time_local"):
        try:
            start = dt.datetime.strptime(fields["time_local"], _NGINX_TIME).timestamp()
        except ValueError:
            start = None
    ends = "start_time" not in fields  # nginx writes its line, and its time, when the answer is sent
    status = fields.get("response_code") or fields.get("status") or ""
    flags = set((fields.get("response_flags") or "").split(","))
    late = bool(flags & _TIME_OUT_FLAGS) or (status == "504" and "response_flags" not in fields)
    method, path = _request(fields)
    callee = _callee(fields) or name
    outcome = "timeout" if late else "error" if status.isdigit() and (int(status) >= 500 or int(status) == 0) else "ok"
    begun = None if start is None else start - duration_s if ends else start
    return Row(fields.get("hostname") or "proxy", callee, target(path, method)[1] if path else None, begun, duration_s, outcome)


def _request(fields: Mapping[str, str]) -> tuple[str, str]:
    if "request" in fields:
        words = fields["request"].split(" ")
        return (words[0], words[1]) if len(words) >= 2 else ("", "")
    path = (
        fields.get("req(x-envoy-original-path?:path)")
        or fields.get("req(:path)")
        or fields.get("uri")
        or fields.get("request_uri")
        or ""
    )
    return fields.get("req(:method)") or fields.get("request_method") or "", path


def _callee(fields: Mapping[str, str]) -> str | None:
    """Who was asked: the upstream cluster, the host asked for, the upstream's address.

    >>> _callee({"upstream_cluster": "outbound|9080||reviews.shop.svc.cluster.local"}), _callee({"req(:authority)": "cart:7070"})
    ('reviews.shop.svc.cluster.local', 'cart')
    """
    cluster = fields.get("upstream_cluster") or fields.get("upstream_cluster_raw") or ""
    if cluster not in ("", "-"):
        return cluster.split("|")[-1] or cluster
    for key in ("proxy_host", "upstream_name", "req(:authority)", "host", "server_name", "upstream_host", "upstream_addr"):
        value = fields.get(key) or ""
        if value not in ("", "-", "_"):
            return value.split(",")[0].strip().rsplit(":", 1)[0]
    return None


SOURCE = Source(
    name="access-log",
    title="Access logs of Envoy and nginx, by format string",
    unit="Envoy logs milliseconds, nginx seconds with three digits.",
    covers="The proxy's wait for the upstream (X-ENVOY-UPSTREAM-SERVICE-TIME, $upstream_response_time), else the whole request.",
    errors="Status 500 and above; the flags UT, DT and SI, or 504 without flags, are timeouts.",
    detect=detect,
    read=read,
    side="client",
    loop="open",
)
