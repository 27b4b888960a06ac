"""Reads the labels of an image: from its digest to the manifest to the config (OCI image specification)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.registry.exchange import RegistryError
from entrypoint.kernel.images import is_digest

REVISION = "org.opencontainers.image.revision"
_PLATFORM = ("linux", "amd64")
"""What Fly's machines run."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

Read = Callable[[str], Awaitable[bytes]]
"""The content at `manifests/DIGEST` or `blobs/DIGEST`. Raises RegistryError."""


async def read_revision(digest: str, *, read: Read) -> str | None:
    """The commit in the image's label; None without one. Raises RegistryError if content does not match its digest."""
    manifest = await _read_json(f"manifests/{digest}", digest, read=read)
    listed = manifest.get("manifests")
    if isinstance(listed, list):
        chosen = _of_platform(listed)
        if chosen is None:
            return None
        manifest = await _read_json(f"manifests/{chosen}", chosen, read=read)
    config = _digest_in(manifest.get("config"))
    if config is None:
        return None
    labels = _object(_object(await _read_json(f"blobs/{config}", config, read=read)).get("config")).get(
        "Labels"
    )
    said = _object(labels).get(REVISION)
    return said if isinstance(said, str) and _COMMIT.fullmatch(said) else None


async def _read_json(path: str, digest: str, *, read: Read) -> Mapping[str, Any]:
    content = await read(path)
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise RegistryError(f"did not answer with the content of {digest}")
    try:
        return _object(parse_json(content))
    except ValueError as error:
        raise RegistryError("did not answer with JSON") from error


def _of_platform(listed: Sequence[object]) -> str | None:
    """The image for Fly's machines in an index; if there is only one image, that one."""
    images = [(_digest_in(item), _object(_object(item).get("platform"))) for item in listed]
    found = [digest for digest, about in images if (about.get("os"), about.get("architecture")) == _PLATFORM]
    if not found and len(images) == 1:
        found = [images[0][0]]
    return next(iter(found), None)


def _digest_in(value: object) -> str | None:
    found = _object(value).get("digest")
    return found if isinstance(found, str) and is_digest(found) else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
