"""An image in few characters, and in more if these would hide a difference."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.images import parse_image


def short_image(reference: str) -> str:
    """The tag, or the start of the digest."""
    image = parse_image(reference)
    if image is None:
        return reference
    return image.tag or (image.digest or "").removeprefix("sha256:")[:12] or image.name.rsplit("/", 1)[-1]


def shown_images(before: Sequence[str], after: str | None) -> tuple[tuple[str, ...], str]:
    """Both sides of a change: short if all come from one repository, else with their names, so that different ones look different."""
    every = [parse_image(text) for text in (*before, *([after] if after else []))]
    places = {image.place for image in every if image is not None}
    words = short_image if len(places) <= 1 and None not in every else _named
    return tuple(words(text) for text in before), words(after) if after else ""


def _named(reference: str) -> str:
    image = parse_image(reference)
    if image is None:
        return reference
    return f"{image.name}:{short_image(reference)}" if image.tag else f"{image.name}@{short_image(reference)}"
