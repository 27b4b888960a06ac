"""Which image a machine runs."""

from __future__ import annotations

import pytest

from entrypoint.fleet.images import live_digest, pinned, runs_image
from tests.unit.planning.kit import machine

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def running(image: str, digest: str | None):
    return machine("m", config={"image": image}, image_digest=digest)


@pytest.mark.parametrize(
    ("image", "digest", "asked"),
    [
        ("shop:v1", A, f"shop:v1@{A}"),
        ("shop:v1", A, f"shop@{A}"),
        (
            f"shop:v1@{B}",
            A,
            f"shop:v1@{B}",
        ),  # the digest of the index, and that of the manifest which the platform took
        (f"shop:v1@{A}", None, f"shop:v2@{A}"),
        ("nginx", None, "docker.io/library/nginx:latest"),
        (f"shop:v1@{A}", A, "shop:v1"),
        ("shop:v1", A, None),
        ("", None, None),
    ],
)
def test_it_runs_the_image(image, digest, asked):
    assert runs_image(running(image, digest), asked)


@pytest.mark.parametrize(
    ("image", "digest", "asked"),
    [
        ("shop:v1", None, f"shop:v1@{A}"),  # a tag may have moved
        ("shop:v1", B, f"shop:v1@{A}"),
        ("shop:v1", A, "shop:v2"),
        ("", None, "shop:v1"),
    ],
)
def test_it_does_not_run_the_image_or_nobody_knows(image, digest, asked):
    assert not runs_image(running(image, digest), asked)


def test_a_digest_that_the_platform_resolved__goes_before_the_one_in_the_config():
    assert live_digest(running(f"shop:v1@{B}", A)) == A
    assert live_digest(running(f"shop:v1@{B}", None)) == B
    assert live_digest(running("shop:v1", None)) is None


@pytest.mark.parametrize(
    ("image", "digest", "exact"),
    [
        ("shop:v1", A, f"shop:v1@{A}"),
        ("nginx", A, f"nginx@{A}"),
        (f"shop:v1@{B}", A, f"shop:v1@{B}"),
        ("shop:v1", None, "shop:v1"),
        ("no reference", A, "no reference"),
    ],
)
def test_an_image_is_pinned_by_what_is_known(image, digest, exact):
    assert pinned(running(image, digest)) == exact
