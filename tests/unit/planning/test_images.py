"""Image references."""

from __future__ import annotations

import pytest

from entrypoint.planning.images import parse_reference

D = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "repo", "tag", "digest"),
    [
        ("registry.fly.io/shop:v1", "registry.fly.io/shop", "v1", None),
        (f"registry.fly.io/shop:v1@{D}", "registry.fly.io/shop", "v1", D),
        (f"registry.fly.io/shop@{D}", "registry.fly.io/shop", None, D),
        ("localhost:5000/shop", "localhost:5000/shop", None, None),
        ("localhost:5000/shop:v1", "localhost:5000/shop", "v1", None),
        ("nginx", "nginx", None, None),
    ],
)
def test_references__are_taken_apart(text, repo, tag, digest):
    found = parse_reference(text)
    assert found is not None
    assert (found.repo, found.tag, found.digest) == (repo, tag, digest)


@pytest.mark.parametrize("text", ["", "a b", "x@sha256:12", "x@md5:" + "a" * 64, "x:" + "t" * 200])
def test_what_is_no_reference__is_none(text):
    assert parse_reference(text) is None
