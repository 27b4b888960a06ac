"""Where a registry may send us."""

from __future__ import annotations

import pytest

from entrypoint.adapters.registry.challenge import read_challenge
from entrypoint.adapters.registry.places import may_lead, read_origin

HUB, LOCAL, INNER = "https://registry-1.docker.io", "http://127.0.0.1:5000", "https://registry.corp.internal"


@pytest.mark.parametrize(
    ("source", "target", "may"),
    [
        (HUB, "https://auth.docker.io/token", True),
        (HUB, "https://registry-1.docker.io:8443/", True),
        (HUB, "http://auth.docker.io/token", False),
        (HUB, "http://registry-1.docker.io/", False),
        (HUB, "http://127.0.0.1/", False),
        (HUB, "https://127.0.0.1/", False),
        (HUB, "https://localhost:8443/", False),
        (HUB, "https://x.localhost/", False),
        (HUB, "https://[::1]/", False),
        (HUB, "https://169.254.169.254/latest/meta-data", False),
        (HUB, "https://10.0.0.1/", False),
        (HUB, "https://[fdaa::3]/", False),
        (HUB, "https://[::ffff:127.0.0.1]/", False),
        (HUB, "https://_api.internal:4280/", False),
        (HUB, "https://metadata.google.internal/", False),
        (HUB, "https://1.1.1.1/", True),
        (LOCAL, "http://127.0.0.1:5001/token", True),
        (LOCAL, "http://localhost:5001/token", True),
        (LOCAL, "http://10.0.0.1/", False),
        (LOCAL, "https://auth.docker.io/", True),
        (INNER, "https://auth.corp.internal/", True),
    ],
)
def test_who_may_lead_where(source: str, target: str, may: bool) -> None:
    assert may_lead(read_origin(source), read_origin(target)) is may


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//x",
        "/x",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "http://u:p@x/",
        "http://[::1/",
        "http://x:99999/",
        "javascript:1",
    ],
)
def test_what_is_no_origin(url: str) -> None:
    with pytest.raises(ValueError):
        read_origin(url)


@pytest.mark.parametrize(
    ("header", "url"),
    [
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull,push"',
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aacme%2Fshop%3Apull",
        ),
        (
            "bearer realm=https://a/t , service=s",
            "https://a/t?service=s&scope=repository%3Aacme%2Fshop%3Apull",
        ),
        (
            'Basic realm="x", Bearer realm="https://a/t?x=1"',
            "https://a/t?x=1&scope=repository%3Aacme%2Fshop%3Apull",
        ),
        (r'Bearer realm="https://a/\"t"', "https://a/%22t?scope=repository%3Aacme%2Fshop%3Apull"),
        ('Basic realm="x"', None),
        ("Bearer", None),
        ("Bearer service=x", None),
        ('Bearer realm="https://a/t', None),
        ("", None),
    ],
)
def test_a_challenge__is_read_and_asks_for_pulling_only(header: str, url: str | None) -> None:
    found = read_challenge(header, repository="acme/shop")
    assert (found and found.url.replace('"', "%22")) == url
