"""What the attributes of a span say, in old and new names of the OpenTelemetry conventions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditkit.spans.table import Outcome, SpanKind

Attributes = Mapping[str, object]

_PEER_NAMES = ("peer.service", "service.peer.name", "server.address", "net.peer.name", "peer.hostname", "net.sock.peer.name")
_PEER_SYSTEMS = ("db.system.name", "db.system", "db.type", "messaging.system")
_PEER_ADDRESSES = ("network.peer.address", "net.sock.peer.addr", "net.peer.ip", "peer.ipv4", "peer.address")
_HTTP_STATUS = ("http.response.status_code", "http.status_code")
_GRPC_STATUS = ("rpc.grpc.status_code", "grpc.status_code", "rpc.response.status_code")
_DEADLINE = {"4", "DEADLINE_EXCEEDED"}
_TIMED_OUT = re.compile(r"time[d_ -]*out|deadline", re.IGNORECASE)
_ADDRESS = re.compile(r"\[?[0-9a-fA-F:.]+\]?(:[0-9]+)?")


def peer_of(attributes: Attributes) -> str | None:
    """The other side of a client span, as it names it: a service, a host, a database system, last an address.

    >>> peer_of({"net.peer.name": "10.0.0.7", "db.system": "redis"}), peer_of({"server.address": "cart:7070"})
    ('redis', 'cart')
    """
    named = [_host(value) for key in _PEER_NAMES if (value := str(attributes.get(key) or ""))]
    systems = [str(attributes[key]) for key in _PEER_SYSTEMS if attributes.get(key)]
    addresses = [str(attributes[key]) for key in _PEER_ADDRESSES if attributes.get(key)]
    hosts = [name for name in named if not _ADDRESS.fullmatch(name)]
    return next(iter([*hosts, *systems, *named, *addresses]), None)


def other_side(attributes: Attributes, kind: SpanKind) -> str | None:
    """Whom a span of this kind speaks with: a client and both ends of a queue name the callee, a server its caller.

    A server's caller counts only by name (`peer.service`): its address is that of a pod, a proxy or a user.

    >>> said = {"peer.service": "web", "net.peer.ip": "10.0.0.7"}
    >>> other_side(said, "server"), other_side({"net.peer.ip": "10.0.0.7"}, "server"), other_side(said, "internal")
    ('web', None, None)
    """
    if kind == "server":
        return str(attributes.get("peer.service") or "") or None
    return peer_of(attributes) if kind in ("client", "producer", "consumer") else None


def outcome_of(attributes: Attributes, failed: bool = False) -> Outcome:
    """How a call ended: a deadline that passed is a timeout; an error status, HTTP 500 and above, or a gRPC code an error.

    >>> outcome_of({"http.status_code": "503"}), outcome_of({"rpc.grpc.status_code": 4}), outcome_of({"http.status_code": 200})
    ('error', 'timeout', 'ok')
    """
    codes = [str(attributes[key]).upper() for key in _GRPC_STATUS if attributes.get(key) is not None]
    status = next((str(attributes[key]) for key in _HTTP_STATUS if attributes.get(key) is not None), "")
    words = " ".join(str(attributes.get(key) or "") for key in ("error.type", "exception.type", "error.kind"))
    if any(code in _DEADLINE for code in codes) or _TIMED_OUT.search(words):
        return "timeout"
    bad = failed or truth(attributes.get("error")) or str(attributes.get("otel.status_code", "")).upper() == "ERROR"
    bad = bad or any(code not in {"0", "OK"} for code in codes) or (status.isdigit() and int(status) >= 500)
    if bad and _TIMED_OUT.search(str(attributes.get("error") or "") + str(attributes.get("exception.message") or "")):
        return "timeout"
    return "error" if bad else "ok"


def kind_of(word: object) -> SpanKind:
    """The kind of a span from its name or its number in OTLP.

    >>> kind_of("SPAN_KIND_CLIENT"), kind_of("server"), kind_of(3), kind_of(None)
    ('client', 'server', 'client', 'unknown')
    """
    numbers: dict[object, SpanKind] = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
    if isinstance(word, (int, str)) and word in numbers:
        return numbers[word]
    names: dict[str, SpanKind] = {kind: kind for kind in ("client", "server", "producer", "consumer", "internal")}
    return names.get(str(word).lower().removeprefix("span_kind_"), "unknown")


def truth(value: object) -> bool:
    """Whether an error tag says yes; any text but false counts, because some tools put the message there."""
    return value is not None and str(value).lower() not in {"false", "", "0", "none"}


def _host(name: str) -> str:
    return name.rsplit(":", 1)[0] if re.fullmatch(r"[^:/]+:[0-9]+", name) else name
