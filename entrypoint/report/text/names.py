"""Names of groups and the like, short enough for a table. Different names never look the same."""

from __future__ import annotations

import hashlib

from entrypoint.report.text.escape import Md, code

MOST = 80
"""Characters of a name that are shown whole."""
_HEAD = 60


def name(text: str) -> Md:
    """A name as inline code. Of a very long one: its beginning, its length, and the start of its SHA-256."""
    if len(text) <= MOST:
        return code(text)
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return code(f"{text[:_HEAD]}… ({len(text):,} characters, {mark})")
