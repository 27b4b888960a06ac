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


def stays(before: Sequence[str], digest: str | None) -> bool:
    """Whether all machines run the image of this digest already."""
    return digest is not None and bool(before) and all(_digest(text) == digest for text in before)


def shown_images(before: Sequence[str], after: str | None) -> tuple[tuple[str, ...], str]:
    """Both sides of a change: short if all come from one repository, else with their names; where a tag has moved, the old ones with
    their digests. So different ones look different.
    """
    every = [parse_image(text) for text in (*before, *([after] if after else []))]
    places = {image.place for image in every if image is not None}
    words = short_image if len(places) <= 1 and None not in every else _named
    new = words(after) if after else ""
    return tuple(_told_apart(words(text), text, new) for text in before), new


def _told_apart(old: str, reference: str, new: str) -> str:
    """The old image, with its digest if it looks like the new one."""
    digest = _digest(reference)
    return f"{old}@{digest.removeprefix('sha256:')[:12]}" if old == new and digest else old


def _digest(reference: str) -> str | None:
    image = parse_image(reference)
    return image.digest if image is not None else None


def _named(reference: str) -> str:
    image = parse_image(reference)
    if image is None:
        return reference
    return f"{image.name}:{short_image(reference)}" if image.tag else f"{image.name}@{short_image(reference)}"
