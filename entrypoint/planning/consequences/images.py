"""The image's repository and tag, compared with the images that run now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.images import LATEST, parse_image
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import Manifest
from entrypoint.planning.consequences.said import note, quoted, warn
from entrypoint.planning.model.image import Image, ImageSource

_COMMIT = re.compile(r"(?:^|[._-])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}$")
"""A tag that ends in a commit's hash. Such a tag is not moved."""


def moving_tag(image: Image) -> Iterator[Finding]:
    """A tag without a digest: the plan looks it up, and the deploy looks it up again."""
    found = parse_image(image.ref) if image.ref and image.moves else None
    if found is None or found.digest is None or (found.tag and _COMMIT.search(found.tag)):
        return
    yield note(
        "image-tag-moves",
        f"Tag `{found.tag or LATEST}` is `{found.digest[:19]}…` now, and may name another image when this is deployed.",
        hint="Give the image with its digest."
        if image.source is ImageSource.INPUT
        else "Write the digest into `[build] image`.",
    )


def images(image: Image, live: Sequence[str]) -> Iterator[Finding]:
    """Whether the repository changes. `live`: the references that the fleet runs."""
    new = parse_image(image.ref) if image.ref else None
    known = {found.place: found.name for text in live if (found := parse_image(text)) is not None}
    if new is None or not known or new.place in known:
        return
    yield warn(
        "image-repository",
        f"The image comes from {ticked(new.name)}, and what runs now from {quoted(list(known.values()))}.",
        hint="Check the input `image`, if the repository has not moved.",
    )


def not_given(image: Image, blockers: Sequence[Finding]) -> Iterator[Finding]:
    """The app's image is built from source, but no run gets the built image. Not reported if the plan is blocked for this reason."""
    if image.source is ImageSource.LIVE and all(found.rule != "image-needed" for found in blockers):
        yield warn(
            "image-not-given",
            "No image given: this deploys configuration only. The machines keep the image that they run.",
            hint="Set the input `image`: the built image for the deploy, and `built-on-merge` for the plan; or repo:tag@sha256:… for both.",
        )


def other_app(manifest: Manifest, app: AppName) -> Iterator[Finding]:
    """The input `app` overrides the name in fly.toml."""
    named = manifest.values.get("app")
    if isinstance(named, str) and named and named != app:
        yield warn(
            "app-differs",
            f"This deploys to {ticked(app)}, as the input `app` says; fly.toml names {ticked(named)}.",
        )
