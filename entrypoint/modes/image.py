"""Which image a plan deploys (docs/gate.md says which one was reviewed)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from entrypoint.planning.model.image import Image, ImageSource

if TYPE_CHECKING:
    from entrypoint.kernel.run import Inputs
    from entrypoint.manifest.model import Manifest
    from entrypoint.modes.ports import Files, Images

BUILT_ON_MERGE = "built-on-merge"
_WAYS_TO_BUILD = ("builder", "buildpacks", "builtin", "compose", "dockerfile")
LIVE_IMAGE = Image(ref=None, digest=None, source=ImageSource.LIVE)


async def planned_image(inputs: Inputs, manifest: Manifest, images: Callable[[], Images]) -> Image:
    """The image of a plan: that of the input, else of `[build].image`, else the one that is live. `built-on-merge` leaves it open."""
    if inputs.image == BUILT_ON_MERGE:
        return Image(ref=None, digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False)
    return await _named_image(inputs, manifest, images)


async def deployed_image(
    inputs: Inputs, manifest: Manifest, images: Callable[[], Images], *, promoted: Image | None
) -> Image:
    """The image of a deploy: that of the input, else the one that was reviewed with this very tree, else `[build].image`, else the one that
    is live. Its digest is fixed, so a tag that moves later changes nothing."""
    if inputs.image is None and promoted is not None:
        return promoted
    return replace(await planned_image(inputs, manifest, images), moves=False)


async def _named_image(inputs: Inputs, manifest: Manifest, images: Callable[[], Images]) -> Image:
    for name, source in ((inputs.image, ImageSource.INPUT), (manifest.build_image, ImageSource.FILE)):
        if name:
            from entrypoint.kernel.images import parse_image

            found = await images().resolve(name)
            given = parse_image(name)
            moves = given is not None and given.digest is None
            return Image(ref=found.ref, digest=found.digest, source=source, moves=moves)
    return LIVE_IMAGE


def is_built(manifest: Manifest, files: Files, *, config: str) -> bool:
    """Whether the app's image is built from the repository: as fly.toml says, or with a Dockerfile beside it, where flyctl looks."""
    build = manifest.table("build")
    if build.get("image"):
        return False
    dockerfile = posixpath.join(posixpath.dirname(config), "Dockerfile")
    return any(build.get(way) for way in _WAYS_TO_BUILD) or files.read(dockerfile) is not None
