"""What a component is called where only a DNS label may stand, in Kubernetes say."""

from __future__ import annotations

import hashlib
import re


def label(text: str, most: int = 63) -> str:
    """A DNS label (RFC 1123): lower case letters, digits and `-`; what had to change gets a short hash, so that it stays unique.

    >>> label("orders-db"), label("Orders.DB")
    ('orders-db', 'orders-db-a56816')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
    if plain == text and len(plain) <= most:
        return plain
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain[: most - 7].rstrip('-')}-{mark}"
