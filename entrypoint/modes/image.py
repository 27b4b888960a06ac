"""Which image a plan is about (product.md, "Image")."""

from __future__ import annotations

from entrypoint.kernel.images import is_same_image
from entrypoint.kernel.run import Inputs
from entrypoint.manifest.model import Manifest
from entrypoint.modes.ports import Images
from entrypoint.planning.model.plan import Image, ImageSource
from entrypoint.planning.review.record import Record

BUILT_ON_MERGE = "built-on-merge"


async def planned_image(inputs: Inputs, manifest: Manifest, images: Images) -> Image:
    """While planning: the input, else `[build].image`, else what is live; `built-on-merge` leaves it open."""
    if inputs.image == BUILT_ON_MERGE:
        return Image(ref=None, digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False)
    return await _named_image(inputs, manifest, images)


async def deployed_image(
    inputs: Inputs, manifest: Manifest, images: Images, *, reviewed: Record | None
) -> Image | None:
    """While deploying. None where the reviewed plan was made with `built-on-merge` and no image is given now."""
    if inputs.image == BUILT_ON_MERGE:
        return None
    if inputs.image is None and reviewed is not None and _is_promoted(reviewed.image, manifest):
        return Image(ref=reviewed.image.ref, digest=reviewed.image.digest, source=ImageSource.PROMOTED)
    image = await _named_image(inputs, manifest, images)
    if reviewed is not None and not reviewed.image.sealed:
        if image.ref is None:
            return None
        return Image(ref=image.ref, digest=image.digest, source=image.source, sealed=False)
    return image


def _is_promoted(reviewed: Image, manifest: Manifest) -> bool:
    """Whether the reviewed digest stands. An image that came from fly.toml does as long as fly.toml still names that one."""
    if not reviewed.sealed or reviewed.ref is None:
        return False
    return reviewed.source is not ImageSource.FILE or is_same_image(manifest.build_image or "", reviewed.ref)


async def _named_image(inputs: Inputs, manifest: Manifest, images: Images) -> Image:
    for name, source in ((inputs.image, ImageSource.INPUT), (manifest.build_image, ImageSource.FILE)):
        if name:
            found = await images.resolve(name)
            return Image(ref=found.ref, digest=found.digest, source=source)
    return Image(ref=None, digest=None, source=ImageSource.LIVE)
