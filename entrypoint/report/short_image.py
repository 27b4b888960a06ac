"""An image in few characters."""

from __future__ import annotations

from entrypoint.kernel.images import parse_image


def short_image(reference: str) -> str:
    """The tag, or the start of the digest."""
    image = parse_image(reference)
    if image is None:
        return reference
    return image.tag or (image.digest or "").removeprefix("sha256:")[:12] or image.name.rsplit("/", 1)[-1]
