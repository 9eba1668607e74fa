"""What looks like a credential: by the name it has, or by its own form. Nothing of the kind is ever kept, shown or logged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from auditkit.errors import InputError, Problem

MARK: Final = "REDACTED"
"""What stands where a credential was."""

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_ANYWHERE: Final = (
    "password", "passwd", "passphrase", "passcode", "secret", "credential", "apikey", "accesskey", "privatekey", "requirepass",
    "masterauth",
)  # fmt: skip
_AS_WORD: Final = frozenset({"token", "pwd", "pass", "pw", "salt", "pepper", "pat", "jwt", "bearer", "authkey", "cookie"})
_AS_LAST_WORD: Final = frozenset({"auth", "authorization", "sig", "signature"})
_KEYS: Final = frozenset({
    "api", "access", "private", "signing", "encryption", "master", "session", "account", "shared", "license", "licence", "aes",
    "storage", "auth", "service", "app", "application", "client", "deploy", "encrypt", "crypt", "hmac", "rsa", "webhook",
})  # fmt: skip
_NOT_ITSELF: Final = frozenset({
    "name", "names", "ref", "file", "filename", "path", "dir", "directory", "mount", "url", "uri", "host", "hostname", "addr",
    "address", "endpoint", "service", "server", "port", "issuer", "audience", "ttl", "expiry", "expires", "expiration", "mode",
    "lifetime", "timeout", "interval", "duration", "length", "size", "type", "kind", "algorithm", "alg", "enabled", "disabled",
    "required", "policy", "count", "limit", "header", "field", "provider", "version", "class", "store", "manager", "secrets",
    "tokens", "minutes", "seconds", "hours", "days", "rotation", "namespace", "annotations", "labels", "prefix", "format",
    "scope",
})  # fmt: skip
_STEMS: Final = (
    "pass", "pwd", "pw", "secret", "credential", "key", "token", "salt", "pepper", "pat", "jwt", "bearer", "auth", "cookie",
    "sig",
)  # fmt: skip
"""What every such name holds, in small letters: plain texts, which are found much faster than any pattern."""
_SMALL: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_NAME: Final = re.compile(r"[\w.\-]*")
_LONGEST_NAME: Final = 200


def credential_names(text: str) -> frozenset[str]:
    """The words of a text that name a credential; most files have none, and it takes a second to know it of 50 MB.

    >>> sorted(credential_names("DB_PASSWORD=x, user=ana, keys: {apiKey: y}, path: /a"))
    ['DB_PASSWORD', 'apiKey']
    """
    small = text.translate(_SMALL)  # not lower(): some letters of other scripts become two
    found: set[str] = set()
    seen: set[str] = set()
    for stem in _STEMS:
        at = small.find(stem)
        while at >= 0:
            start = at
            while start > 0 and at - start < _LONGEST_NAME and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
                start -= 1
            end = _end_of_name(text, at)
            word = text[start:end]
            if word not in seen:
                seen.add(word)
                if names_credential(word):
                    found.add(word)
            at = small.find(stem, end)
    return frozenset(found)


def _end_of_name(text: str, at: int) -> int:
    match = _NAME.match(text, at)
    return match.end() if match else at


@lru_cache(maxsize=4096)
def names_credential(key: str) -> bool:
    """Whether what has this name is a credential itself, and not the place, name or age of one.

    >>> [names_credential(k) for k in ("DB_PASSWORD", "apiKey", "AWS_ACCESS_KEY_ID", "spring.mail.pass", "REDIS_AUTH")]
    [True, True, True, True, True]
    >>> [names_credential(k) for k in ("secretName", "PASSWORD_FILE", "TOKEN_URL", "bypass", "key", "max_tokens", "AUTH_ADDR")]
    [False, False, False, False, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(key)]
    if not words:
        return False
    joined = "".join(words)
    if joined.endswith("accesskeyid"):
        return True
    if words[-1] in _NOT_ITSELF:
        return False
    pairs = pairwise(words)
    return (
        any(part in joined for part in _ANYWHERE)
        or any(word in _AS_WORD for word in words)
        or words[-1] in _AS_LAST_WORD
        or any(first in _KEYS and second == "key" for first, second in pairs)
    )


_SHAPES: Final = tuple(
    (signs, re.compile(pattern))
    for signs, pattern in (
        (("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),  # AWS access keys
        (("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),  # JSON web tokens
        (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{20,}\b"),
        (("github_pat_", "glpat-"), r"\bgithub_pat_[A-Za-z0-9_]{20,}\b|\bglpat-[A-Za-z0-9_-]{16,}"),
        (("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        (("k_live_", "k_test_"), r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}\b"),
        (("sk-",), r"\bsk-[A-Za-z0-9_-]{20,}"),
        (("AIza",), r"\bAIza[0-9A-Za-z_-]{35}"),
        (("hooks.slack.com",), r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]+"),
        (("earer ",), r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{12,}=*"),
        (("asic ",), r"(?<=[Bb]asic )[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9])"),
    )
)
"""Forms that are credentials whatever their name, each behind what it always holds: nearly all texts hold none of it."""
_SHORT: Final = 1_000
_SIGN: Final = re.compile("|".join(re.escape(sign) for signs, _ in _SHAPES for sign in signs))
"""The same at once, which is quicker for a short text and slower for a long one."""
PRIVATE_KEY: Final = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
URL_PASSWORD: Final = re.compile(r"(://(?:[^:/\s@'\"{]|\{[^}\s]*\})*:)(?!//)([^\s/'\"]+)(?=@)")
_DEFAULT: Final = re.compile(r"\$\{(?P<key>[A-Za-z_][\w.]{0,100}):?[-+]?(?<=[:+-])(?!\?)(?P<value>[^{}\n]+)(?=\})")
"""What a variable is where it is not set: `${DB_PASSWORD:-hunter2}` of Compose, `${DB_PASSWORD:hunter2}` of Spring."""
_URL_TOKEN: Final = re.compile(r"(?<=://)(?=[^\s/@:'\"\d]{0,100}\d)(?=\d{0,100}[^\s/@:'\"\d])[^\s/@:'\"]{20,200}(?=@)")
"""A token in place of a user: long, of letters and digits."""
_BARE_PASSWORD: Final = re.compile(
    r"(?<=[\w.-]:)(?<!mailto:)[^\s@'\"/:,;\\{}\[\]()<>]{3,200}(?=@(?!sha256:)(?:[A-Za-z][\w.-]*|\d+\.\d+\.\d+\.\d+)(?:[:/\s'\",;]|$))"
)
"""What stands between user and host where no scheme is in front: `u:hunter2@db:5432` (a digest, `x:1@sha256:…`, is none)."""
_SET: Final = {
    signs: re.compile(rf"""(?<![\w.\-])(?P<key>[A-Za-z_][\w.\-]{{0,100}})["']?(?:{sign})["']?(?P<value>[^\s,;&|"'\\]+)""")
    for signs, sign in (("=", "="), ("=:", r"=|:[ \t]+"))
}
GLUED: Final = re.compile(
    r"""(?<![\w.\-])(?<!\$\{)(?:(?<!/)|(?=[\w.\-]{1,101}:(?!v?\d|latest|stable|edge|main|master)))"""
    r"""(?:(?P<id>(?:urn|arn|oci|sha256):\S+)|(?P<key>-{0,2}[A-Za-z_][\w.\-]{0,100}):"""
    r"""(?P<value>[^\s:/,;&|'"\\)\]}][^\s,;&|'"\\)\]}]*))"""
)
"""`name:value` in one word, or an identifier that is written so as a whole."""
_QUERY_KEY: Final = re.compile(r"(?:(?<=[?&]key=)|(?<=[?&]code=))[^\s&#'\"\\<>]{12,}")
"""A key of an API, or the code of a login, in the query of a URL: long, or it is a key of something else."""
_IN_QUOTES: Final = re.compile(r"""'[^']*'|"[^"]*\"""")
_PORT: Final = re.compile(r"[0-9]{1,5}(?:[-/:].*)?")
_DSN_PASSWORD: Final = re.compile(r"(\b[\w.-]{1,60}:)([^\s@'\"/:]{1,1000})(?=@(?:tcp|unix)?\()")
_MYSQL_FLAG: Final = re.compile(r"(\bmysql\w{0,50}\b[^\n]{0,200}?[\s'\"]-p)([^\s'\",\]]+)")
REFERENCE: Final = re.compile(
    r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\{[A-Za-z_][A-Za-z0-9_]*:?\?[^}]*\}|\$\([A-Za-z_][A-Za-z0-9_]*\)|\{\{.*\}\}|<[^<>]*>"
)
"""Values that only say where the credential comes from."""


def without_credentials(text: str) -> str:
    """A text without passwords in addresses, private keys and tokens that are known by their form.

    >>> without_credentials("postgres://shop:hunter2@db:5432 is called with ghp_0123456789abcdefghij0123")
    'postgres://shop:REDACTED@db:5432 is called with REDACTED'
    """
    if "PRIVATE KEY" in text:
        text = PRIVATE_KEY.sub(rf"\g<1>{MARK}\g<3>", text)
    return without_forms(text)


def without_forms(text: str) -> str:
    """The same, private keys aside: what stands in one line.

    >>> without_forms("${DB_PASSWORD:-hunter2}, ${DB_PASSWORD:?not set}, ${DB_PASSWORD:-$OTHER}, ${DB_HOST:-db}")
    '${DB_PASSWORD:-REDACTED}, ${DB_PASSWORD:?not set}, ${DB_PASSWORD:-$OTHER}, ${DB_HOST:-db}'
    """
    if "${" in text:
        text = _marked(_DEFAULT, text, _is_told)
    if "@" in text:
        text = URL_PASSWORD.sub(rf"\g<1>{MARK}", text)
        text = _BARE_PASSWORD.sub(MARK, text)
        text = _URL_TOKEN.sub(MARK, text)
        if any(sign in text for sign in ("@(", "@tcp(", "@unix(")):
            text = _DSN_PASSWORD.sub(rf"\g<1>{MARK}", text)
    if "?" in text:
        text = _QUERY_KEY.sub(MARK, text)
    if "mysql" in text and "-p" in text:
        text = _MYSQL_FLAG.sub(rf"\g<1>{MARK}", text)
    for signs, shape in _SHAPES if len(text) > _SHORT or _SIGN.search(text) else ():
        if any(sign in text for sign in signs):
            text = shape.sub(MARK, text)
    return text


def is_glued(name: str, value: str) -> bool:
    """Whether `name:value` in one word is a credential with its name, and not an address or an operation (`auth:login`).

    >>> [is_glued(*text.split(":")) for text in ("db_password:hunter2", "dbPassword:x", "auth:login", "passwords:80")]
    [True, True, False, False]
    """
    plain = "".join(word.lower() for word in _WORDS.findall(name))
    sure = "_" in name or any(part in plain for part in _ANYWHERE if part != "secret")
    is_port = "_" not in name and _PORT.fullmatch(value) is not None
    return sure and not is_port and _is_told(name, value)


def without_glued(text: str) -> str:
    """A text without credentials that stand as `name:value` in one word.

    >>> without_glued("-c db_password:hunter2, cart:8080, shop/secrets:1.2, arn:aws:secretsmanager:eu:1:secret:db_password:x")
    '-c db_password:REDACTED, cart:8080, shop/secrets:1.2, arn:aws:secretsmanager:eu:1:secret:db_password:x'
    """
    return _marked(GLUED, text, is_glued) if ":" in text else text


def _query(inside: bool, everywhere: bool) -> re.Pattern[str]:
    ends = r"""\s"'<>\\#""" + ("" if inside else ",;|")
    before = r"(?<=[^\s?])" if everywhere else rf"(?<=://)[^?{ends}]*"
    return re.compile(rf"(?P<url>{before}\?)(?P<query>(?:[^{ends}]|\\u0026|\\/)+)")


_QUERIES: Final = {(inside, everywhere): _query(inside, everywhere) for inside in (False, True) for everywhere in (False, True)}
"""Queries of URLs inside quotes and outside, where a comma separates the fields of a table; with a scheme in front, or any."""
_IN_QUERY: Final = re.compile(r"=((?:[^&\\]|\\(?!u0026))+)")


def without_queries(text: str, everywhere: bool = False) -> str:
    """A text without credentials, and without any value in the query of a URL: no name and no figure is read from there.

    `everywhere`: also where no scheme is in front, as in the lines of an access log. Separators of a table stay.

    >>> without_queries("GET,https://u:pw@shop/cart?id=7&t=Zx,12"), without_queries("GET /cart?op=add&token=Zx")
    ('GET,https://u:REDACTED@shop/cart?id=REDACTED&t=REDACTED,12', 'GET /cart?op=add&token=REDACTED')
    """
    text = without_credentials(text)
    if "?" in text and "=" in text:
        lines = text.split("\n")
        text = "\n".join(_without_queries(line, everywhere) if "?" in line else line for line in lines)
    return without_settings(text, "=:") if credential_names(text) else text


def without_queries_in_name(name: str) -> str:
    """The same for one name, in which a comma separates no fields.

    >>> without_queries_in_name("POST https://shop/cart?ids=7,8")
    'POST https://shop/cart?ids=REDACTED'
    """
    return without_queries(f'"{name}"')[1:-1] if "?" in name and '"' not in name else without_queries(name)


def _without_queries(line: str, everywhere: bool) -> str:
    parts = line.split('"')
    for at, part in enumerate(parts):
        if "?" in part:
            found = _QUERIES[at % 2 == 1, everywhere]
            parts[at] = found.sub(lambda m: m["url"] + _IN_QUERY.sub(f"={MARK}", m["query"]), part)
    return '"'.join(parts)


def _marked(pattern: re.Pattern[str], text: str, is_one: Callable[[str, str], bool]) -> str:
    """The text with the group `value` marked where it and the group `key` are a credential; one value may hold the next pair."""
    done: list[str] = []
    at = 0
    while match := pattern.search(text, at):
        end = match.end() if match["key"] is None else match.start("value")
        if match["key"] and is_one(match["key"], match["value"]):
            done += [text[at:end], MARK]
            end = match.end()
        else:
            done.append(text[at:end])
        at = end
    return "".join([*done, text[at:]])


def without_settings(text: str, signs: Literal["=", "=:"] = "=") -> str:
    """A text of ours without the values that it quotes under the name of a credential, as `NAME=value` (or `NAME: value`).

    >>> without_settings("web -> cart: login with password=hunter2"), without_settings("token: x, user: y", "=:")
    ('web -> cart: login with password=REDACTED', 'token: REDACTED, user: y')
    >>> without_settings("started with db_password:hunter2 at auth:8080")
    'started with db_password:REDACTED at auth:8080'
    """
    return _marked(_SET[signs], without_glued(text), _is_told)


def _is_told(name: str, value: str) -> bool:
    return names_credential(name) and not REFERENCE.fullmatch(value)


@lru_cache(maxsize=50_000)  # most texts of an import are one of a few
def without_quoted(text: str) -> str:
    """A sentence of ours without credentials: what it quotes may be `token: abc`, while a component may be called `token`.

    >>> without_quoted("token: no timeout, and nobody knows what 'token: abc' is")
    "token: no timeout, and nobody knows what 'token: REDACTED' is"
    """
    text = without_settings(without_credentials(text))
    return _IN_QUOTES.sub(lambda m: without_settings(m[0], "=:"), text) if ": " in text else text


def without_in_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems without credentials in what they quote."""
    return tuple(Problem(p.where, without_quoted(p.what), without_quoted(p.remedy)) for p in problems)


@contextmanager
def no_credentials_in_errors() -> Iterator[None]:
    """Whatever is raised inside tells no credential, also not in its traceback."""
    try:
        yield
    except InputError as error:
        problems = without_in_problems(error.problems)
        if problems == error.problems:
            raise
        raise type(error)(problems) from None
