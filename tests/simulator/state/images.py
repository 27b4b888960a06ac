"""The registry's content: every tag has a manifest, made up from its name, unless the script says it is missing."""

from __future__ import annotations

import hashlib
import json
import re

from tests.simulator.state.behaviours import find_image_behaviour
from tests.simulator.state.model import ImageRef
from tests.simulator.state.refusals import Code, Refusal, invalid
from tests.simulator.state.world import World

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_REPOSITORY = re.compile(r"^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$")
_TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")


def split_image(text: str) -> tuple[str, str, str, str]:
    """Registry, repository, tag and digest ("" where absent) of an image reference. Refuses nonsense."""
    name, _, digest = text.partition("@")
    head, slash, tail = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, rest = head, tail
    else:
        registry, rest = "docker-hub-mirror.fly.io", name if slash else f"library/{name}"
    repository, _, tag = rest.partition(":")
    if (
        not _REPOSITORY.match(repository)
        or (digest and not _DIGEST.match(digest))
        or (tag and not _TAG.match(tag))
    ):
        raise invalid(f"could not parse image reference: {text}")
    return registry, repository, tag or ("" if digest else "latest"), digest


def make_manifest(world: World, *, registry: str, repository: str, tag: str) -> bytes:
    """The manifest of a tag, as the registry serves it; a moved tag has another."""
    key = f"{registry}/{repository}:{tag}"
    layer = hashlib.sha256(f"{key}#{world.image_revisions.get(key, 0)}".encode()).hexdigest()
    body = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{layer}",
            "size": 1024,
        },
        "layers": [],
        "annotations": {"org.opencontainers.image.ref.name": f"{repository}:{tag}"},
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()


def digest_of(manifest: bytes) -> str:
    """The digest by which a manifest is known."""
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def is_missing(world: World, text: str) -> bool:
    """Whether the platform cannot find the image now; the first question starts the clock of `for_a_while`."""
    behaviour = find_image_behaviour(world.behaviours, text)
    asked = world.image_first_asked.setdefault(text, world.now)
    match behaviour.missing:
        case "no":
            return False
        case "for_ever":
            return True
        case "for_a_while":
            return world.now - asked < behaviour.missing_seconds


def resolve_image(world: World, text: object) -> ImageRef:
    """What the platform runs for `text`. Refuses images that it cannot find."""
    if not isinstance(text, str) or not text:
        raise invalid("invalid config.image: must be set")
    registry, repository, tag, digest = split_image(text)
    if is_missing(world, text):
        code = Code.INVALID_ARGUMENT if world.switches.image_refusal == "400" else Code.UNPROCESSABLE
        raise Refusal(
            code, f"invalid_argument: could not resolve image {text}: MANIFEST_UNKNOWN: manifest unknown"
        )
    if not digest:
        digest = digest_of(make_manifest(world, registry=registry, repository=repository, tag=tag))
    return ImageRef(registry=registry, repository=repository, tag=tag, digest=digest)


def move_tag(world: World, text: str) -> None:
    """Somebody pushes something else under the same tag."""
    registry, repository, tag, _ = split_image(text)
    key = f"{registry}/{repository}:{tag}"
    world.image_revisions[key] = world.image_revisions.get(key, 0) + 1
