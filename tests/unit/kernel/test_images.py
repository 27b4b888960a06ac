"""Image references as Docker reads them, what only looks like one, and when two are the same."""

from __future__ import annotations

import pytest

from entrypoint.kernel.images import DOCKER_HUB, is_digest, is_same_image, parse_image

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("nginx", DOCKER_HUB, "library/nginx", None),
        ("nginx:1.27", DOCKER_HUB, "library/nginx", "1.27"),
        ("acme/shop:v1", DOCKER_HUB, "acme/shop", "v1"),
        ("docker.io/nginx", DOCKER_HUB, "library/nginx", None),
        ("docker.io/library/nginx:1", DOCKER_HUB, "library/nginx", "1"),
        ("index.docker.io/acme/shop:v1", DOCKER_HUB, "acme/shop", "v1"),
        ("registry-1.docker.io/library/nginx:1", DOCKER_HUB, "library/nginx", "1"),
        ("ghcr.io/acme/shop/web:sha-1f", "ghcr.io", "acme/shop/web", "sha-1f"),
        ("GHCR.io/acme/shop:v1", "ghcr.io", "acme/shop", "v1"),
        ("registry.fly.io/acme-shop:deployment-01H", "registry.fly.io", "acme-shop", "deployment-01H"),
        ("localhost/shop", "localhost", "shop", None),
        ("localhost:5000/shop:v1", "localhost:5000", "shop", "v1"),
        ("[::1]:5000/shop:v1", "[::1]:5000", "shop", "v1"),
        ("registry:5000/a__b/c.d-e--f:v1", "registry:5000", "a__b/c.d-e--f", "v1"),
    ],
)
def test_a_reference__has_registry_repository_and_tag(
    text: str, registry: str, repository: str, tag: str | None
) -> None:
    found = parse_image(text)
    assert found is not None
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, None)


@pytest.mark.parametrize(
    ("text", "name", "tag", "digest"),
    [
        ("registry.fly.io/shop:v1", "registry.fly.io/shop", "v1", None),
        (f"registry.fly.io/shop:v1@{DIGEST}", "registry.fly.io/shop", "v1", DIGEST),
        (f"acme/shop@{DIGEST}", "acme/shop", None, DIGEST),
        ("localhost:5000/shop", "localhost:5000/shop", None, None),
        ("nginx", "nginx", None, None),
    ],
)
def test_the_name__stays_as_it_was_written(text: str, name: str, tag: str | None, digest: str | None) -> None:
    found = parse_image(text)
    assert found is not None
    assert (found.name, found.tag, found.digest) == (name, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ":", "@", f"@{DIGEST}", "shop:", "shop:v 1", "shop:v1\n", "Shop", "shop/", "/shop", "a//b", "shop@sha256:abc",
        f"shop@{DIGEST}0", f"shop@{DIGEST.upper()}", "shop@md5:" + "0" * 32, "https://registry.fly.io/shop:v1",
        "evil.test:0/x", "evil.test:99999/x", "evil.test:80:80/x", "user@evil.test/x", "user:pw@evil.test/x:v1",
        "evil.test#/x:v1", "evil.test?/x:v1", "evil.test\\@good.test/x", "evil..test/x", "-evil.test/x", "é.test/x:v1",
        "evil.test/../x:v1", "evil.test/x/..:v1", "evil.test/%2e%2e/x:v1", "evil.test/x y:v1", "[::1/x:v1", "[fe80::1%25lo]/x:v1",
        "evil.test\r\nHost: x/y:v1", "x" * 513, "shop:" + "v" * 129, "a" * 64 + ".test/x",
    ],
)  # fmt: skip
def test_what_is_no_reference__is_none(text: str) -> None:
    assert parse_image(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("GHCR.io/acme/shop:v1", "ghcr.io/acme/shop:v1"),
        ("acme/shop:v1", f"acme/shop:v1@{DIGEST}"),  # Fly adds the digest
        ("acme/shop", f"acme/shop@{DIGEST}"),
        (f"acme/shop:v1@{DIGEST}", f"acme/shop:v2@{DIGEST}"),
        (f"acme/shop@{DIGEST}", f"docker.io/acme/shop:v2@{DIGEST}"),
        ("no reference", "no reference"),
        ("", ""),
    ],
)
def test_two_spellings_of_one_image__are_the_same(one: str, other: str) -> None:
    assert is_same_image(one, other)
    assert is_same_image(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("acme/shop:v1", "acme/shop:v2"),
        ("acme/shop", "acme/shop:v2"),
        ("acme/shop:v1", "acme/web:v1"),
        ("acme/shop:v1", "ghcr.io/acme/shop:v1"),
        ("localhost:5000/shop:v1", "localhost:5001/shop:v1"),
        (f"acme/shop:v1@{DIGEST}", f"acme/shop:v1@{OTHER}"),
        (f"acme/shop@{DIGEST}", f"acme/web@{DIGEST}"),  # another repository may not be ours to pull from
        ("no reference", "no  reference"),
        ("", "nginx"),
    ],
)
def test_two_images__are_not_the_same(one: str, other: str) -> None:
    assert not is_same_image(one, other)
    assert not is_same_image(other, one)


def test_a_digest__has_64_digits() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(f"{DIGEST}0")
    assert not is_digest(DIGEST.removeprefix("sha256:"))
