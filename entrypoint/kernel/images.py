"""Image references: the parser, and whether two references name the same image."""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "registry-1.docker.io"
LATEST = "latest"
"""The tag of a reference that has none (https://docs.docker.com/reference/cli/docker/image/tag/)."""
LONGEST = 512
"""Characters. A longer text is no reference."""
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", DOCKER_HUB})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]{{2,45}}\])(?::(?P<port>\d{{1,5}}))?")
"""Only what a host and port consist of, so that no user, path or query gets into a URL made from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """name[:tag][@digest], as Docker reads it (https://github.com/distribution/reference)."""

    name: str
    """As it was written, without tag and digest."""
    registry: str
    """host[:port] in lower case; Docker Hub where the name has no host."""
    repository: str
    """The path in the registry: library/nginx for nginx."""
    tag: str | None
    digest: str | None
    """sha256: and 64 lower-case hex digits."""

    @property
    def place(self) -> str:
        """Registry and repository. Equal for every spelling of one repository: `nginx`, `docker.io/library/nginx`."""
        return f"{self.registry}/{self.repository}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedImage:
    """`ref` is repo[:tag]@sha256:…, what a machine's config gets; `digest` its last part."""

    ref: str
    digest: str


def is_digest(text: str) -> bool:
    """Whether a text is an image digest: sha256: and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def parse_image(text: str) -> ImageReference | None:
    """The parts of an image reference; None for a text that is not a reference."""
    rest, at, digest = text.partition("@")
    if len(text) > LONGEST or (at and not is_digest(digest)):
        return None
    name, colon, tag = rest, "", ""
    slash = rest.rfind("/")
    if ":" in rest[slash + 1 :]:
        cut = rest.index(":", slash + 1)
        name, colon, tag = rest[:cut], ":", rest[cut + 1 :]
    if colon and not _TAG.fullmatch(tag):
        return None
    registry, repository = _split(name)
    host = _HOST.fullmatch(registry)
    if host is None or not 0 < int(host["port"] or 443) < 65536 or not _NAME.fullmatch(repository):
        return None
    return ImageReference(
        name=name, registry=registry, repository=repository, tag=tag or None, digest=digest or None
    )


def is_same_image(one: str, other: str) -> bool:
    """Whether two references name the same image, in any spelling.

    They must name the same repository. If both have a digest, the digests decide and the tags do not count. Otherwise the tags
    decide, and a digest that only one has does not count: Fly returns `repo:tag` as `repo:tag@sha256:…`. To know which image a
    machine runs, compare digests (fleet.images.runs_image). Texts that are not references are the same if they are equal.
    """
    if one == other:
        return True
    first, second = parse_image(one), parse_image(other)
    if first is None or second is None or first.place != second.place:
        return False
    if first.digest and second.digest:
        return first.digest == second.digest
    return (first.tag or LATEST) == (second.tag or LATEST)


def _split(name: str) -> tuple[str, str]:
    """Registry and repository. The first part is a host if it has a dot or a port, or is localhost."""
    host, _, path = name.partition("/")
    has_host = bool(path) and ("." in host or ":" in host or host == "localhost")
    registry, repository = (host.lower(), path) if has_host else (DOCKER_HUB, name)
    if registry in _HUB_NAMES:
        return DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return registry, repository
