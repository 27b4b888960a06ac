"""Approval by a person: the digest of what is missing, and whether a given digest covers what is missing now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.json import Json, digest
from entrypoint.planning.model.image import Image
from entrypoint.planning.review.history import History
from entrypoint.planning.review.items import Item
from entrypoint.planning.review.key import ReviewKey


def approve_digest(
    items: Sequence[Item], *, key: ReviewKey, commit: str, image: Image, history: History
) -> Digest:
    """What a person types to let a deploy run although `items` are missing.

    It contains the run number of the last green deploy, so it is no longer valid after the next one.
    """
    return digest(
        {
            "key": [key.app, key.config, key.environment],
            "commit": commit,
            "image": image_identity(image),
            "done": history.done.run if history.done else None,
            "missing": sorted({item.canonical for item in items}),
        }
    )


def is_approved(
    approval: Digest,
    items: Sequence[Item],
    *,
    key: ReviewKey,
    commits: Iterable[str],
    image: Image,
    history: History,
) -> bool:
    """Whether an approval covers what is missing now: it was given for one of `commits`, and for the same items."""
    return any(
        approval == approve_digest(items, key=key, commit=commit, image=image, history=history)
        for commit in commits
    )


def image_identity(image: Image) -> Json:
    """The digest that is deployed; without one, the reference or the source of the image."""
    return image.digest or image.ref or image.source.value
