"""Which commit of this repository an image was built from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrypoint.kernel.review_errors import NotFound
from entrypoint.modes.world import World
from entrypoint.planning.model.image import Image, ImageSource

if TYPE_CHECKING:  # without a gate nobody asks for one
    from entrypoint.planning.review.facts import Revision

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An image, and the commit of this repository that it says it was built from."""

    image: Image
    revision: Revision | None


async def read_revision(image: Image, world: World) -> Revision | None:
    """The commit that an image says it was built from, if it is one of this repository. An image can also inherit the label of its base image."""
    if image.source is not ImageSource.INPUT or image.ref is None or world.github is None:
        return None
    commit = await world.images().revision(image.ref)
    if commit is None or not _SHA.fullmatch(commit):
        return None
    from entrypoint.planning.review.facts import Revision

    try:
        return Revision(commit=commit, tree=(await world.github.commit(commit)).tree)
    except NotFound:
        return None
