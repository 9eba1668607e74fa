"""What the name of a variable or an option says about its value: whether a bare word under it is a host."""

from __future__ import annotations

import re

from auditkit.credentials import names_credential


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ADDRESS_WORDS = _set(
    """
    host hosts hostname hostnames addr addrs address addresses url urls uri uris endpoint endpoints server servers broker brokers
    bootstrap dsn upstream upstreams backend backends target targets seeds peers jdbc sentinel sentinels master zookeeper
    collector remote svc service proxy gateway contactpoints
    """
)
_OTHER_WORDS = _set(
    """
    name user username login database db dbname
    topic topics queue exchange bucket table schema namespace ns version tag image type
    driver mode level path dir file id port ports enabled timeout prefix suffix region class profile profiles group role vhost
    keyspace index format log strategy provider engine dialect label labels account email realm flavor env environment
    """
)


def words(name: str) -> tuple[str, ...]:
    """The words of a variable's, option's or component's name, in lower case.

    >>> words("PRODUCT_CATALOG_addr"), words("--redisHost"), words("spring.data.mongodb.uri")
    (('product', 'catalog', 'addr'), ('redis', 'host'), ('spring', 'data', 'mongodb', 'uri'))
    """
    return tuple(word.lower() for word in _WORDS.findall(name[:200]))


def names_an_address(name: str) -> bool | None:
    """Whether a bare word under this name is a host: True, False, or None where the name does not say.

    >>> names_an_address("REDIS_HOST"), names_an_address("DB_NAME"), names_an_address("REDIS")
    (True, False, None)
    """
    found = words(name)
    if not found:
        return None
    if found[-1] in _OTHER_WORDS or names_credential(name):
        return False
    return True if any(word in _ADDRESS_WORDS for word in found) else None
