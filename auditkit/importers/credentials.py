"""What looks like a credential: by the name it has, or by its own form."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

MARK: Final = "REDACTED"
"""What stands where a credential was."""

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_ANYWHERE: Final = (
    "password", "passwd", "passphrase", "passcode", "secret", "credential", "apikey", "accesskey", "privatekey", "requirepass",
    "masterauth",
)  # fmt: skip
_AS_WORD: Final = frozenset({"token", "pwd", "pass", "pw", "salt", "pepper", "pat", "jwt", "bearer", "authkey", "cookie"})
_AS_LAST_WORD: Final = frozenset({"auth", "authorization"})
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


SHAPES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS access keys
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*",  # JSON web tokens
        r"\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bgithub_pat_[A-Za-z0-9_]{20,}\b|\bglpat-[A-Za-z0-9_-]{16,}",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}\b|\bsk-[A-Za-z0-9_-]{20,}",
        r"\bAIza[0-9A-Za-z_-]{35}",
        r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]+",
        r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{12,}=*|(?<=[Bb]asic )[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9])",
    )
)
"""Forms that are credentials whatever their name."""

_SUSPECT: Final = re.compile(
    r"AKIA|ASIA|eyJ|gh[pousr]_|github_pat_|glpat-|xox|[sr]k[_-]|AIza|hooks\.slack|earer |asic |PRIVATE KEY"
)
"""What every one of these forms holds; nearly all texts hold none of it."""
PRIVATE_KEY: Final = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
URL_PASSWORD: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^:/\s@'\"]*:)(?!//)([^\s/'\"]+)(?=@)")
DSN_PASSWORD: Final = re.compile(r"(\b[\w.-]+:)([^\s@'\"/:]+)(?=@(?:tcp|unix)?\()")
MYSQL_FLAG: Final = re.compile(r"(\bmysql\w*\b[^\n]*?[\s'\"]-p)([^\s'\",\]]+)")
REFERENCE: Final = re.compile(
    r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\{[A-Za-z_][A-Za-z0-9_]*:?\?[^}]*\}|\$\([A-Za-z_][A-Za-z0-9_]*\)|\{\{.*\}\}|<[^<>]*>"
)
"""Values that only say where the credential comes from."""


def without_credentials(text: str) -> str:
    """A text without passwords in addresses, private keys and tokens that are known by their form.

    >>> without_credentials("postgres://shop:hunter2@db:5432 is called with ghp_0123456789abcdefghij0123")
    'postgres://shop:REDACTED@db:5432 is called with REDACTED'
    """
    if "@" in text:
        text = DSN_PASSWORD.sub(rf"\g<1>{MARK}", URL_PASSWORD.sub(rf"\g<1>{MARK}", text))
    if _SUSPECT.search(text):
        text = PRIVATE_KEY.sub(rf"\g<1>{MARK}\g<3>", text)
        for shape in SHAPES:
            text = shape.sub(MARK, text)
    return text
