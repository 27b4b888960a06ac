"""Image references, as Docker reads them: registry, repository, tag, digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from entrypoint.kernel.errors import UsageError

DOCKER_HUB = "registry-1.docker.io"
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", DOCKER_HUB})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]{{2,45}}\])(?::(?P<port>\d{{1,5}}))?")
"""What a URL may be made of: no user, no path, no query can hide in it."""
LONGEST = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """`name` is the reference without tag and digest, as it was written."""

    registry: str
    repository: str
    name: str
    tag: str
    digest: str | None


def parse_reference(text: str) -> Reference:
    """Take a reference apart. Raises UsageError."""
    rest, at, digest = text.partition("@")
    if len(text) > LONGEST or (at and not _DIGEST.fullmatch(digest)):
        raise _wrong(text)
    slash = rest.rfind("/")
    name, colon, tag = rest, "", ""
    if ":" in rest[slash + 1 :]:
        cut = rest.index(":", slash + 1)
        name, colon, tag = rest[:cut], ":", rest[cut + 1 :]
    if colon and not _TAG.fullmatch(tag):
        raise _wrong(text)
    host, _, path = name.partition("/")
    has_host = bool(path) and ("." in host or ":" in host or host == "localhost")
    registry, repository = (host.lower(), path) if has_host else (DOCKER_HUB, name)
    if registry in _HUB_NAMES:
        registry = DOCKER_HUB
        repository = repository if "/" in repository else f"library/{repository}"
    found = _HOST.fullmatch(registry)
    if found is None or not 0 < int(found["port"] or 443) < 65536 or not _NAME.fullmatch(repository):
        raise _wrong(text)
    return Reference(
        registry=registry, repository=repository, name=name, tag=tag or "latest", digest=digest or None
    )


def _wrong(text: str) -> UsageError:
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    return UsageError(f"{shown!r} is not an image reference.", hint="Write repo:tag or repo:tag@sha256:… .")
