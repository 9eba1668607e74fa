"""Addresses inside text: URLs, host:port, connection strings, lists of brokers, options of a command.

What is found is a host with its port, never the text around it: user names, passwords, paths and queries are left behind, and
the values of options that look like credentials are not looked at. A bare word is an address only where the name it was given
under says so (`REDIS_HOST`, `--db-host`). All searches look a bounded number of characters back, so time grows with the text
and not with its square.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from auditkit.credentials import names_credential
from auditkit.importers.address_names import names_an_address, words

Form = Literal["url", "host:port", "name", "word"]
"""How an address was written. `word` is a bare word whose option does not say that it is an address."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host that a text names. `host` is in lower case; `sure` says that the text can hardly mean anything but an address."""

    host: str
    port: int | None = None
    form: Form = "host:port"
    sure: bool = True

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


_HOST_BEFORE = re.compile(r"(?<![A-Za-z0-9_.-])([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})$")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_SCHEME_BEFORE = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]{0,30}:){1,4})@?$")
_PORT = re.compile(r":([0-9]{1,5})(?![A-Za-z0-9_@-]|\.[0-9]|:(?![0-9]{1,5}\b))")
_AUTHORITY = re.compile(r"(?:(?!,[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#\"'<>\\`;|(){}$])*")
_RUN = re.compile(r"[^\s\"'<>`;|]{0,2000}")
_OPTION = re.compile(
    r"(?<![A-Za-z0-9_.-])(-{0,2}[A-Za-z_][A-Za-z0-9_.-]{0,80}|[Dd]ata [Ss]ource|[Nn]etwork [Aa]ddress)[\"']?\s{0,3}"
    r"(=|:(?=[\s\"']))\s{0,3}"
)
_VALUE = re.compile(r"\"[^\"]{0,500}\"|'[^']{0,500}'|[^\s;&\"')]{1,500}")
_CHUNK = 20_000
"""Characters searched at a time: keeps the time of every search proportional to the text, whatever stands in it."""
_ORACLE = re.compile(r"jdbc:oracle:[a-z]{1,5}:[^@\s]{0,200}@(?://)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,252}):([0-9]{1,5})")
_TCP = re.compile(r"@(?:tcp|tcp4|tcp6|udp)\(([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})(?::([0-9]{1,5}))?\)")
_GROUP = re.compile(r"\bupstream\s+([A-Za-z0-9_.-]{1,200})\s*\{")
_SHELL = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^{}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_ITSELF = frozenset(
    {"localhost", "127.0.0.1", "0.0.0.0", "::1", "::", "[::1]", "[::]", "host", "hostname", "localhost.localdomain"}
)
_IN_PATHS = frozenset({"http", "https", "ws", "wss", "git", "ssh"})
_RESOLVERS = ("dns:", "xds:", "passthrough:", "kubernetes:", "k8s:")
_VOCABULARIES = ("w3.org", "schemas.", "xmlns.", "json-schema.org", "maven.apache.org", "java.sun.com")


def find_addresses(text: str, name: str = "") -> tuple[Address, ...]:
    """The addresses that a value given under `name` holds, in order, each host and port once.

    Loopback addresses are left out, as are values under the names of credentials and of images. A value that is one bare
    word, or a list of them, comes back as `name` where `name` says that it is an address, and as `word` where it does not say.

    >>> [str(a) for a in find_addresses("postgres://shop:s3cret@orders-db:5432/orders?sslmode=off", "DATABASE_URL")]
    ['orders-db:5432']
    >>> [str(a) for a in find_addresses("kafka-0.kafka:9092,kafka-1.kafka:9092", "KAFKA_BROKERS")]
    ['kafka-0.kafka:9092', 'kafka-1.kafka:9092']
    >>> [str(a) for a in find_addresses("Server=tcp:sql,1433;Database=shop;User Id=sa;Password=cart:80", "ConnectionString")]
    ['sql:1433']
    >>> find_addresses("orders-db", "DB_HOST")
    (Address(host='orders-db', port=None, form='name', sure=True),)
    >>> find_addresses("orders", "DB_NAME"), find_addresses("http://localhost:8080", "SELF")
    ((), ())
    """
    own = words(name)
    if names_credential(name) or (own and own[-1] in {"image", "tag", "version", "user", "uid"}):
        return ()
    found: dict[tuple[str, int | None], Address] = {}
    for at in range(0, len(text), _CHUNK):
        rest = text[at : at + _CHUNK]
        for search in (_oracle, _options, _urls, _driver_dsn, _host_ports):
            addresses, rest = search(rest, text)
            for address in addresses:
                found.setdefault((address.host, address.port), address)
    if not found:
        found = {(address.host, address.port): address for address in _bare(text, name)}
    return tuple(address for address in found.values() if not _is_itself(address.host))


def addresses_in_arguments(arguments: Sequence[str]) -> tuple[tuple[int, Address], ...]:
    """Addresses in the arguments of a command, each with the index of its argument.

    An option's name says whether the bare word behind it is a host, in the same argument or in the next one. A bare word
    behind an option that does not say (`-h web`) comes back as `word`.

    >>> [(i, str(a), a.form) for i, a in addresses_in_arguments(["--db-host", "orders-db", "--cache=redis:6379", "-h", "web"])]
    [(1, 'orders-db', 'name'), (2, 'redis:6379', 'host:port'), (4, 'web', 'word')]
    """
    found: list[tuple[int, Address]] = []
    option = ""
    for index, argument in enumerate(arguments):
        if argument.startswith("-") and "=" not in argument:
            option = argument if not any(c.isspace() for c in argument) else ""
            if option:
                continue
        name, value = option, argument
        if argument.startswith("-"):
            name, _, value = argument.partition("=")
        found += [(index, address) for address in find_addresses(value, name) if name or address.form != "word"]
        option = ""
    return tuple(found)


def split_command(command: str) -> tuple[str, ...]:
    """The arguments of a command given as one text, as a shell would split it; at blanks where its quotes do not match.

    >>> split_command("-d 60 -h 'edge router'"), split_command("it's")
    (('-d', '60', '-h', 'edge router'), ("it's",))
    """
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return tuple(command.split())


def addresses_in_value(text: str, name: str) -> tuple[Address, ...]:
    """As `find_addresses`; a value of several lines is read as a file is."""
    if "\n" in text.strip():
        return () if names_credential(name) else tuple(address for _, address in addresses_in_file(text, name))
    return find_addresses(text, name)


def addresses_in_file(text: str, name: str) -> tuple[tuple[int, Address], ...]:
    r"""Addresses in a configuration file, each host once, with the index of its line.

    Comments are passed over, and so are the names that a proxy's configuration gives to groups of its own (`upstream api {`).

    >>> text = "upstream api { server cart:8080; }\n# server old:80;\nproxy_pass http://api;"
    >>> [(line, str(address)) for line, address in addresses_in_file(text, "nginx.conf")]
    [(0, 'cart:8080')]
    """
    rows = text.splitlines()
    groups = {match[1].lower() for match in _GROUP.finditer(text)}
    found: dict[str, tuple[int, Address]] = {}
    for index, row in enumerate(rows):
        if row.lstrip().startswith(("#", "//", ";", "<!--", "--")):
            continue
        for address in find_addresses(row, name if len(rows) == 1 or names_credential(name) else ""):
            if address.form != "word" and address.host not in groups:
                found.setdefault(address.host, (index, address))
    return tuple(found.values())


def fill_shell(text: str, values: Mapping[str, str]) -> str:
    """Variables filled in as a shell would: `$X`, `${X}`, `${X:-default}`; what is not known becomes empty text.

    >>> fill_shell("wget http://${WEB_ADDR}/$PAGE", {"WEB_ADDR": "web:80"})
    'wget http://web:80/'
    """
    if "$" not in text:
        return text
    return _SHELL.sub(lambda match: values.get(match[1] or match[3]) or match[2] or "", text)[:_CHUNK]


def is_vocabulary(host: str) -> bool:
    """Whether a host only names a vocabulary, as in `http://www.w3.org/2001/XMLSchema`."""
    return any(host == name or host.startswith(name) or host.endswith("." + name) for name in _VOCABULARIES)


def is_ip(host: str) -> bool:
    """Whether a host is an IPv4 address."""
    return _IPV4.fullmatch(host) is not None


def _is_itself(host: str) -> bool:
    return host in _ITSELF or host.startswith("127.")


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _host_port(part: str) -> tuple[str, int | None] | None:
    """Host and port of `host`, `host:port`, `tcp:host,port`, or a host with an instance behind a backslash; else None."""
    part = part.strip().strip("\"'")
    for prefix in ("tcp:", "udp:", "np:"):
        part = part.removeprefix(prefix)
    host, colon, port = part.partition(":")
    if not colon:
        host, _, port = part.partition(",")
    host = host.partition("\\")[0]
    if not _HOST.fullmatch(host) or (port and not (port.isascii() and port.isdigit() and len(port) <= 5)):
        return None
    return host.rstrip(".").lower(), (int(port) if port else None)


def _oracle(rest: str, text: str) -> tuple[list[Address], str]:
    found = []
    if "jdbc:oracle" in rest:
        for match in _ORACLE.finditer(rest):
            found.append(Address(match[1].lower(), int(match[2]), "url"))
            rest = _blank(rest, *match.span())
    return found, rest


def _options(rest: str, text: str) -> tuple[list[Address], str]:
    """Addresses in `key=value` and `key: value` whose key names one; values of credentials are blanked for later searches."""
    found = []
    for match in _OPTION.finditer(rest):
        value = _VALUE.match(rest, match.end())
        if value is None:
            continue
        if names_credential(match[1]) or words(match[1])[-1:] in (("id",), ("user",), ("uid",)):
            rest = _blank(rest, *value.span())
        elif names_an_address(match[1]) and "://" not in value[0]:
            pair = _host_port(value[0].rstrip(","))
            if pair is not None and _could_be_host(pair[0]):
                found.append(Address(*pair, "name" if pair[1] is None else "host:port", sure=match[2] == "="))
                rest = _blank(rest, *value.span())
    return found, rest


def _urls(rest: str, text: str) -> tuple[list[Address], str]:
    found: list[Address] = []
    at = rest.find("://")
    while at >= 0:
        before = _SCHEME_BEFORE.search(rest, max(0, at - 80), at + 1)
        start, begin = at, at + 3
        if before is not None and rest.startswith("/", begin) and before[1].lower().endswith(_RESOLVERS):
            begin += 1  # gRPC: dns:///cart:80
        authority = _AUTHORITY.match(rest, begin)
        end = authority.end() if authority else begin
        if before is not None:
            start = before.start()
            scheme = before[1].split(":")[-2].lower()
            run = _RUN.match(rest, begin)
            tail = run[0] if run else ""
            whole = rest[begin:end]
            before_query = tail.partition("?")[0]
            if "@" in before_query[len(whole) :] and scheme not in _IN_PATHS:
                # a password with a slash in it: what follows the last @ is the host
                whole = before_query.rpartition("@")[2].partition("/")[0]
                end = begin + len(tail)
            if scheme not in {"file", "unix", "classpath", "urn", "data"}:
                found += [Address(host, port, "url") for host, port in _authority(whole)]
            # nothing in the path or the query is a host, except another URL
            run_end = run.end() if run else end
            nested = rest.find("://", end, run_end)
            inner = _SCHEME_BEFORE.search(rest, max(end, nested - 80), nested + 1) if nested >= 0 else None
            end = run_end if nested < 0 else inner.start() if inner else nested
        rest = _blank(rest, start, end)
        at = rest.find("://", end)
    return found, rest


def _authority(authority: str) -> Iterator[tuple[str, int | None]]:
    parts = authority.split(",")
    first_with_user = next((i for i, part in enumerate(parts) if "@" in part), 0)
    for part in parts[first_with_user:]:
        pair = _host_port(part.rpartition("@")[2])
        if pair is not None:
            yield pair


def _driver_dsn(rest: str, text: str) -> tuple[list[Address], str]:
    """`user:password@tcp(host:port)/db`, as Go's drivers write it."""
    found = []
    if "(" in rest and "@" in rest:
        for match in _TCP.finditer(rest):
            found.append(Address(match[1].lower(), int(match[2]) if match[2] else None, "url"))
            start = max(rest.rfind(" ", 0, match.start()), rest.rfind("\n", 0, match.start())) + 1
            rest = _blank(rest, start, match.end())
    return found, rest


def _host_ports(rest: str, text: str) -> tuple[list[Address], str]:
    found = []
    whole = text.strip().strip("\"'")
    parts = re.split(r"[,;\s]+", whole) if len(whole) <= 2000 else ["?"]
    sure = all(_host_port(part.rpartition("@")[2]) for part in parts if part and "=" not in part)
    for match in _PORT.finditer(rest):
        host = _HOST_BEFORE.search(rest, max(0, match.start() - 260), match.start())
        port = int(match[1])
        if host is None or not 20 <= port <= 65535:
            continue
        before = rest[max(0, host.start() - 5) : host.start()]
        if (before.endswith("/") and not before.endswith("//")) or (
            before.endswith(":") and not before.endswith(("tcp:", "udp:", "dns:"))
        ):
            continue  # the tag of an image, or the middle of something longer
        name = host[1].rstrip(".").lower()
        if (any(c.isalpha() for c in name) or is_ip(name)) and _HOST.fullmatch(name):
            found.append(Address(name, port, sure=sure))
    return found, rest


def _could_be_host(host: str) -> bool:
    return is_ip(host) or (
        any(c.isalpha() for c in host) and host not in {"true", "false", "null", "none", "yes", "no", "on", "off"}
    )


def _bare(text: str, name: str) -> Iterator[Address]:
    says = names_an_address(name)
    if says is False or len(text) > 2000:
        return
    parts = [part for part in re.split(r"[,;\s]+", text.strip().strip("\"'")) if part]
    if not parts or (len(parts) > 1 and not ("," in text or ";" in text)):
        return
    for part in parts:
        pair = _host_port(part.rpartition("@")[2] if "@" in part and says else part)
        if pair is None or not _could_be_host(pair[0]):
            continue
        cluster = ".svc" in pair[0]
        yield Address(*pair, "name" if says or cluster else "word", sure=bool(says) or cluster)
