"""The image that a plan deploys, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ImageSource(StrEnum):
    """Where the image comes from."""

    INPUT = "input"
    FILE = "fly.toml"
    PROMOTED = "reviewed plan"
    LIVE = "live"
    """No image is given: machines keep theirs, and new ones get the one that the fleet runs."""
    BUILT_ON_MERGE = "built-on-merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image that a plan deploys. `ref` is written into configs; `digest` decides whether anything changes.

    `sealed` is False for built-on-merge. Then every group is updated, and the image is not part of the digests, so that the plan of the
    pull request and that of the push, which has an image, are the same plan.
    """

    ref: str | None
    digest: str | None
    source: ImageSource
    sealed: bool = True
    moves: bool = field(default=False, compare=False)
    """It was given as a tag only, so the deploy may find another digest. Not compared: it does not tell which image it is."""
