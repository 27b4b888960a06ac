"""Names of machines that a rollout makes: readable, and unique to one plan and place. So a repeated create finds the first one (HTTP
409), and makes no second.
"""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(r"[^a-z0-9]+")


def unique_name(words: str, identity: str) -> str:
    """`words` for people, and what only this `identity` has."""
    readable = _UNSAFE.sub("-", words.lower()).strip("-")[:40] or "machine"
    return f"{readable}-{_tail(identity)}"


def is_unique_name(name: str, identity: str) -> bool:
    """Whether `name` was given to this `identity`, whatever its words are."""
    return name.endswith(f"-{_tail(identity)}")


def _tail(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:8]
