"""The image that a plan deploys, and who named it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ImageSource(StrEnum):
    """Where the image comes from."""

    INPUT = "input"
    FILE = "fly.toml"
    PROMOTED = "reviewed plan"
    LIVE = "live"
    """Nothing says an image: machines keep theirs, new ones get the image the fleet runs."""
    BUILT_ON_MERGE = "built-on-merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image a plan deploys. `ref` is written into configs; `digest` tells whether anything changes.

    `sealed` is False for built-on-merge: every group is updated and the image is left out of the digests, so that
    the plan on the pull request and the one on the push, which has an image, are the same plan.
    """

    ref: str | None
    digest: str | None
    source: ImageSource
    sealed: bool = True
    moves: bool = field(default=False, compare=False)
    """It was named by a tag alone, and the deploy that follows may find another digest behind it. Says nothing of which image it is."""
