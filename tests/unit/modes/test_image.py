"""Which image a deploy takes: what it is given, what was reviewed, what fly.toml names."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from entrypoint.kernel.images import ResolvedImage
from entrypoint.modes.image import deployed_image, planned_image
from entrypoint.planning.model.plan import Image, ImageSource
from entrypoint.planning.review.record import Record
from tests.bench import make_inputs
from tests.unit.planning.kit import machine, manifest, plan, record_of

OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64


class Registry:
    """Every tag has moved to NEW since the plan."""

    async def resolve(self, image: str) -> ResolvedImage:
        name, _, digest = image.partition("@")
        return ResolvedImage(ref=f"{name}@{digest or NEW}", digest=digest or NEW)


def reviewed(source: ImageSource, *, ref: str | None = f"shop:v1@{OLD}", sealed: bool = True) -> Record:
    record = record_of(plan("", machine("a")))
    image = Image(ref=ref, digest=OLD if ref else None, source=source, sealed=sealed)
    return replace(record, image=image, base={})


def deployed(text: str, record: Record | None, *, image: str | None = None) -> Image | None:
    async def ask() -> Image | None:
        return await deployed_image(make_inputs(image=image), manifest(text), Registry(), reviewed=record)

    return anyio.run(ask, backend="trio")


def build(image: str) -> str:
    return f'[build]\nimage = "{image}"\n'


def test_no_image__promotes_the_reviewed_digest() -> None:
    assert deployed("", reviewed(ImageSource.INPUT)) == Image(
        ref=f"shop:v1@{OLD}", digest=OLD, source=ImageSource.PROMOTED
    )


@pytest.mark.parametrize(
    ("now", "digest"),
    [
        ("shop:v1", OLD),
        (f"shop:v1@{OLD}", OLD),
        ("shop:v2", NEW),
        ("other:v1", NEW),
        (f"shop:v1@{NEW}", NEW),
    ],
)
def test_an_image_from_fly_toml__is_promoted_only_while_fly_toml_names_it(now: str, digest: str) -> None:
    found = deployed(build(now), reviewed(ImageSource.FILE))
    assert found is not None
    assert found.digest == digest


def test_an_image_gone_from_fly_toml__is_not_deployed_again() -> None:
    assert deployed("", reviewed(ImageSource.FILE)) == Image(ref=None, digest=None, source=ImageSource.LIVE)


def test_fly_toml_names_an_image_after_the_review__so_it_is_asked_for() -> None:
    found = deployed(build("shop:v2"), reviewed(ImageSource.LIVE, ref=None))
    assert found is not None
    assert (found.digest, found.source) == (NEW, ImageSource.FILE)


def test_built_on_merge__needs_an_image_on_the_push() -> None:
    unsealed = reviewed(ImageSource.BUILT_ON_MERGE, ref=None, sealed=False)
    assert deployed("", unsealed) is None
    assert deployed("", unsealed, image="built-on-merge") is None
    found = deployed("", unsealed, image="shop:v9")
    assert found is not None
    assert (found.digest, found.sealed) == (NEW, False)


def test_planning__the_input_wins_over_fly_toml() -> None:
    async def ask() -> Image:
        return await planned_image(make_inputs(image="shop:v3"), manifest(build("shop:v2")), Registry())

    assert anyio.run(ask, backend="trio").source is ImageSource.INPUT
