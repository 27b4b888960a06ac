"""Which image a deploy takes: what it is given, what was reviewed, what fly.toml names."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.images import ResolvedImage
from entrypoint.modes.image import LIVE_IMAGE, deployed_image, is_built, planned_image
from entrypoint.planning.model.image import Image, ImageSource
from tests.bench import make_inputs
from tests.unit.planning.kit import manifest

OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64


class Registry:
    """Every tag has moved to NEW since the plan."""

    async def resolve(self, image: str) -> ResolvedImage:
        name, _, digest = image.partition("@")
        return ResolvedImage(ref=f"{name}@{digest or NEW}", digest=digest or NEW)

    async def look(self, image: str) -> str:
        raise AssertionError(image)

    async def revision(self, image: str) -> str | None:
        raise AssertionError(image)


PROMOTED = Image(ref=f"shop:v1@{OLD}", digest=OLD, source=ImageSource.PROMOTED)


def deployed(text: str, promoted: Image | None = None, *, image: str | None = None) -> Image:
    async def ask() -> Image:
        return await deployed_image(make_inputs(image=image), manifest(text), Registry, promoted=promoted)

    return anyio.run(ask, backend="trio")


def build(image: str) -> str:
    return f'[build]\nimage = "{image}"\n'


def test_what_was_reviewed_with_this_tree__is_promoted_where_no_image_is_given() -> None:
    assert deployed("", PROMOTED) == PROMOTED
    assert deployed(build("shop:v2"), PROMOTED) == PROMOTED
    assert deployed("", PROMOTED, image="shop:v9").digest == NEW
    assert deployed("", PROMOTED, image="built-on-merge").source is ImageSource.BUILT_ON_MERGE


def test_without_a_reviewed_one__fly_toml_says_it_or_the_live_one_stays() -> None:
    named = deployed(build("shop:v2"))
    assert (named.ref, named.source) == (f"shop:v2@{NEW}", ImageSource.FILE)
    assert deployed("") == LIVE_IMAGE


def planned(text: str = "", *, image: str | None = None) -> Image:
    async def ask() -> Image:
        return await planned_image(make_inputs(image=image), manifest(text), Registry)

    return anyio.run(ask, backend="trio")


def test_planning__the_input_wins_over_fly_toml() -> None:
    assert planned(build("shop:v2"), image="shop:v3").source is ImageSource.INPUT


def test_planning__an_image_named_by_a_tag_alone_may_move() -> None:
    assert planned(image="shop:v3").moves
    assert planned(build("shop:v2")).moves
    assert planned(image="shop").moves
    assert not planned(image=f"shop:v3@{OLD}").moves
    assert not planned().moves
    assert not deployed("", image="shop:v3").moves, "the deploy has looked: nothing follows it"


class Folder:
    def __init__(self, *names: str) -> None:
        self._names = names

    def read(self, path: str) -> bytes | None:
        return b"" if path in self._names else None


@pytest.mark.parametrize(
    ("text", "config", "files", "expected"),
    [
        ("", "fly.toml", ("Dockerfile",), True),
        ("", "fly.toml", (), False),
        ("", "apps/shop/fly.toml", ("Dockerfile",), False),
        ("", "apps/shop/fly.toml", ("apps/shop/Dockerfile",), True),
        ('[build]\nbuilder = "paketobuildpacks/builder"\n', "fly.toml", (), True),
        ('[build]\ndockerfile = "Dockerfile.web"\n', "fly.toml", (), True),
        (build("shop:v2"), "fly.toml", ("Dockerfile",), False),
    ],
)
def test_whether_an_image_is_built(text: str, config: str, files: tuple[str, ...], *, expected: bool) -> None:
    assert is_built(manifest(text), Folder(*files), config=config) is expected
