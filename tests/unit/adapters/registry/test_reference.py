"""Image references, as Docker reads them, and what only looks like one."""

from __future__ import annotations

import pytest

from entrypoint.adapters.registry.reference import DOCKER_HUB, parse_reference
from entrypoint.kernel.errors import UsageError

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("nginx", DOCKER_HUB, "library/nginx", "latest"),
        ("nginx:1.27", DOCKER_HUB, "library/nginx", "1.27"),
        ("acme/shop:v1", DOCKER_HUB, "acme/shop", "v1"),
        ("docker.io/nginx", DOCKER_HUB, "library/nginx", "latest"),
        ("docker.io/library/nginx:1", DOCKER_HUB, "library/nginx", "1"),
        ("index.docker.io/acme/shop:v1", DOCKER_HUB, "acme/shop", "v1"),
        ("registry-1.docker.io/library/nginx:1", DOCKER_HUB, "library/nginx", "1"),
        ("ghcr.io/acme/shop/web:sha-1f", "ghcr.io", "acme/shop/web", "sha-1f"),
        ("GHCR.io/acme/shop:v1", "ghcr.io", "acme/shop", "v1"),
        ("registry.fly.io/acme-shop:deployment-01H", "registry.fly.io", "acme-shop", "deployment-01H"),
        ("localhost/shop", "localhost", "shop", "latest"),
        ("localhost:5000/shop:v1", "localhost:5000", "shop", "v1"),
        ("[::1]:5000/shop:v1", "[::1]:5000", "shop", "v1"),
        ("registry:5000/a__b/c.d-e--f:v1", "registry:5000", "a__b/c.d-e--f", "v1"),
    ],
)
def test_a_reference__has_registry_repository_and_tag(
    text: str, registry: str, repository: str, tag: str
) -> None:
    found = parse_reference(text)
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, None)


def test_a_digest__is_kept() -> None:
    assert parse_reference(f"ghcr.io/acme/shop:v1@{DIGEST}").digest == DIGEST
    assert parse_reference(f"acme/shop@{DIGEST}").digest == DIGEST


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
def test_what_is_no_reference__is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is not an image reference") as wrong:
        parse_reference(text)
    assert len(str(wrong.value)) < 300
    assert "\n" not in str(wrong.value)
