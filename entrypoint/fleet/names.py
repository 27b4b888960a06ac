"""Names of machines that a rollout creates: readable, and unique for one plan and place. So a repeated create is refused (HTTP 409), and
does not make a second machine.
"""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(r"[^a-z0-9]+")


def unique_name(words: str, identity: str) -> str:
    """A name made of `words`, for people, and a hash of `identity`."""
    readable = _UNSAFE.sub("-", words.lower()).strip("-")[:40] or "machine"
    return f"{readable}-{_tail(identity)}"


def is_unique_name(name: str, identity: str) -> bool:
    """Whether `name` was made for this `identity`, with any words."""
    return name.endswith(f"-{_tail(identity)}")


def _tail(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:8]
