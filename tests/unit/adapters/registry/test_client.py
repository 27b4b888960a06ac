"""Tag → digest against registries of every kind, and who is never told the Fly token."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import anyio
import httpx
import pytest

from entrypoint.adapters.registry.client import PATIENCE, RegistryClient, RegistrySettings
from entrypoint.kernel.errors import ActionError, OutsideError, UsageError
from entrypoint.kernel.images import ResolvedImage
from entrypoint.kernel.secrets import Secret
from tests.scripted import Say, Script, Scripted, nested, one_after_another
from tests.simulator.virtual import run_virtual

TOKEN = "FlyV1 fm2_top-secret"
INDEX = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
).encode()
DIGEST = "sha256:" + hashlib.sha256(INDEX).hexdigest()
OTHER = "sha256:" + "0" * 64
GIVES = Say(headers={"docker-content-digest": DIGEST})
BASIC = "Basic " + base64.b64encode(b"x:fm2_top-secret").decode()


def resolve(image: str, server: Scripted, *, fly: str = "registry.fly.io") -> ResolvedImage:
    settings = RegistrySettings(fly_registry=fly)
    client = RegistryClient(settings=settings, token=Secret(TOKEN), transport=server)
    return run_virtual(lambda: client.resolve(image))


def refuse(image: str, server: Scripted, **changes: Any) -> tuple[str, float]:
    """The error's text and the seconds it took."""

    async def story() -> tuple[ActionError, float]:
        settings = RegistrySettings(fly_registry="registry.fly.io", **changes)
        client = RegistryClient(settings=settings, token=Secret(TOKEN), transport=server)
        begun = anyio.current_time()
        with pytest.raises(OutsideError) as raised:
            await client.resolve(image)
        return raised.value, anyio.current_time() - begun

    error, seconds = run_virtual(story)
    assert error.exit_code == 6
    assert "with its digest" in error.hint
    assert len(str(error)) < 500
    assert str(error).isprintable()
    assert "fm2" not in str(error)
    return str(error), seconds


def told_the_token(server: Scripted) -> set[str]:
    """Hosts that saw the Fly token, in whatever form."""
    marks = ("fm2_top-secret", BASIC)
    return {
        request.url.host
        for request in server.requests
        if any(mark in str(request.url) or mark in str(request.headers.raw) for mark in marks)
    }


def challenging(realm: str, *, token: Any = "pull-token", at: str = "ghcr.io") -> Script:
    """A registry that wants a Bearer token from `realm`."""

    def script(request: httpx.Request) -> Say:
        if request.url.host != at or "/v2/" not in request.url.path:
            return Say(body={"token": token})
        if request.headers.get("authorization") == f"Bearer {token}":
            return GIVES
        return Say(status=401, headers={"www-authenticate": f'Bearer realm="{realm}",service="s"'})

    return script


def test_a_digest_that_is_given__needs_no_network() -> None:
    server = Scripted(one_after_another(Say(status=500)))
    image = f"ghcr.io/acme/shop:v1@{DIGEST}"
    assert resolve(image, server) == ResolvedImage(ref=image, digest=DIGEST)
    assert server.requests == []


def test_flys_registry__takes_the_token_as_password() -> None:
    server = Scripted(one_after_another(GIVES))
    found = resolve("registry.fly.io/acme-shop:v42", server)
    assert found == ResolvedImage(ref=f"registry.fly.io/acme-shop:v42@{DIGEST}", digest=DIGEST)
    (request,) = server.requests
    assert str(request.url) == "https://registry.fly.io/v2/acme-shop/manifests/v42"
    assert request.headers["authorization"] == BASIC
    assert request.headers["accept"].startswith("application/vnd.oci.image.index.v1+json, ")


@pytest.mark.parametrize(
    ("fly", "image", "url"),
    [
        ("http://127.0.0.1:4280", "registry.fly.io/a:v1", "http://127.0.0.1:4280/v2/a/manifests/v1"),
        ("127.0.0.1:4280", "registry.fly.io/a:v1", "http://127.0.0.1:4280/v2/a/manifests/v1"),
        ("127.0.0.1:4280", "127.0.0.1:4280/a:v1", "http://127.0.0.1:4280/v2/a/manifests/v1"),
        ("localhost:4280", "localhost:4280/a:v1", "http://localhost:4280/v2/a/manifests/v1"),
        ("https://mirror.test:8443/", "registry.fly.io/a", "https://mirror.test:8443/v2/a/manifests/latest"),
        ("mirror.test", "mirror.test/a:v1", "https://mirror.test/v2/a/manifests/v1"),
    ],
)
def test_fly_registry_host__says_where_flys_registry_is(fly: str, image: str, url: str) -> None:
    server = Scripted(one_after_another(GIVES))
    assert resolve(image, server, fly=fly).digest == DIGEST
    assert [str(r.url) for r in server.requests] == [url]
    assert server.requests[0].headers["authorization"] == BASIC


@pytest.mark.parametrize(
    "fly", ["", "://", "ftp://x", "https://", "https://u:p@registry.fly.io", "x:99999", "a b"]
)
def test_a_registry_host_that_is_none__is_wrong_usage(fly: str) -> None:
    with pytest.raises(UsageError, match="FLY_REGISTRY_HOST"):
        RegistryClient(settings=RegistrySettings(fly_registry=fly), token=None)


@pytest.mark.parametrize(
    ("image", "registry", "realm"),
    [
        ("nginx:1.27", "registry-1.docker.io", "https://auth.docker.io/token"),
        ("ghcr.io/acme/shop:v1", "ghcr.io", "https://ghcr.io/token"),
        ("registry.corp.test:5000/shop:v1", "registry.corp.test", "https://login.corp.test/auth"),
    ],
)
def test_a_registry_that_wants_a_token__gets_the_one_it_points_to(
    image: str, registry: str, realm: str
) -> None:
    server = Scripted(challenging(realm, at=registry))
    assert resolve(image, server).digest == DIGEST
    assert told_the_token(server) == set()
    asked = next(r for r in server.requests if "/v2/" not in r.url.path)
    assert asked.url.params["scope"].endswith(":pull")


# Who is never told


@pytest.mark.parametrize(
    "image",
    [
        "evil.test/acme-shop:v42", "registry.fly.io.evil.test/a:v1", "registry.fly.io:444/a:v1", "xregistry.fly.io/a:v1",
        "nginx", "acme-shop:v42", "localhost:5000/a:v1", "127.0.0.1/a:v1",
    ],
)  # fmt: skip
def test_a_host_that_an_image_names__does_not_see_the_token(image: str) -> None:
    server = Scripted(
        one_after_another(Say(status=401, headers={"www-authenticate": 'Basic realm="Fly.io registry"'}))
    )
    text, _ = refuse(image, server)
    assert "HTTP 401" in text
    assert told_the_token(server) == set()


def test_a_challenge_that_names_flys_registry__gets_nothing_out_of_it() -> None:
    """Else evil.test would have us fetch a token there with Fly's, and bring it over."""
    server = Scripted(challenging("https://registry.fly.io/token", at="evil.test"))
    resolve("evil.test/x:v1", server)
    assert told_the_token(server) == set()


def test_a_challenge_of_flys_registry__does_not_take_the_token_elsewhere() -> None:
    server = Scripted(challenging("https://evil.test/token", at="registry.fly.io"))
    assert resolve("registry.fly.io/a:v1", server).digest == DIGEST
    assert told_the_token(server) == {"registry.fly.io"}
    own = Scripted(challenging("https://registry.fly.io/auth", at="registry.fly.io"))
    assert resolve("registry.fly.io/a:v1", own).digest == DIGEST
    assert [r.headers.get("authorization", "") for r in own.requests] == [BASIC, BASIC, "Bearer pull-token"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect__is_followed_without_credentials(status: int) -> None:
    def script(request: httpx.Request) -> Say:
        if request.url.host == "registry.fly.io":
            return Say(status=status, headers={"location": "https://cdn.evil.test/blob?x=1"})
        return GIVES

    server = Scripted(script)
    assert resolve("registry.fly.io/a:v1", server).digest == DIGEST
    assert told_the_token(server) == {"registry.fly.io"}


@pytest.mark.parametrize(
    "location",
    [
        "http://cdn.test/x", "https://169.254.169.254/latest", "https://localhost/", "http://127.0.0.1:2375/containers/json",
        "file:///etc/passwd", "https://[::1", "https://u:p@cdn.test/", "//127.0.0.1/", "https://registry.fly.io:99999/", "https://\u2603.\u2603\x00/",
    ],
)  # fmt: skip
def test_a_redirect_into_our_own_network__is_not_followed(location: str) -> None:
    server = Scripted(
        one_after_another(Say(status=302, headers={"location": location.encode("utf-8").decode("latin-1")}))
    )
    text, _ = refuse("registry.fly.io/a:v1", server)
    # httpx looks at it too
    assert any(
        words in text for words in ("redirects to", "Invalid URL in location", "an address that is not a URL")
    )
    assert {str(r.url) for r in server.requests} == {"https://registry.fly.io/v2/a/manifests/v1"}


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.evil.test/", "https://127.0.0.1/", "https://169.254.169.254/", "https://metadata.google.internal/", "/token",
        "ftp://x/", "https://", "https://[::1",
    ],
)  # fmt: skip
def test_a_challenge_into_our_own_network__is_not_followed(realm: str) -> None:
    server = Scripted(challenging(realm))
    text, _ = refuse("ghcr.io/acme/shop:v1", server)
    assert "token" in text
    assert {r.url.host for r in server.requests} == {"ghcr.io"}


def test_redirects_in_circles__end() -> None:
    server = Scripted(one_after_another(Say(status=302, headers={"location": "/v2/a/manifests/v1"})))
    text, _ = refuse("registry.fly.io/a:v1", server)
    assert "redirects too many times" in text
    assert len(server.requests) == 4


@pytest.mark.parametrize("token", ["", None, 7, ["x"], "a b", "a\r\nX-Injected: 1", "ü", "\ud800"])
def test_a_token_that_is_none__is_not_sent(token: Any) -> None:
    server = Scripted(challenging("https://ghcr.io/token", token=token))
    text, _ = refuse("ghcr.io/acme/shop:v1", server)
    assert "gives no token (HTTP 200)" in text


# The digest


@pytest.mark.parametrize("said", ["", "latest", "sha256:xyz", "md5:0", f"{DIGEST} ", DIGEST.upper()])
def test_a_digest_that_is_none__is_computed_from_the_manifest(said: str) -> None:
    server = Scripted(
        lambda r: Say(body=b"" if r.method == "HEAD" else INDEX, headers={"docker-content-digest": said})
    )
    assert resolve("ghcr.io/acme/shop:v1", server).digest == DIGEST
    assert [r.method for r in server.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_without_head__is_asked_with_get(status: int) -> None:
    server = Scripted(lambda r: Say(status=status) if r.method == "HEAD" else Say(body=INDEX))
    assert resolve("ghcr.io/acme/shop:v1", server).digest == DIGEST


def test_a_header_that_lies_about_the_manifest__is_found_out() -> None:
    lie = {"docker-content-digest": OTHER}
    server = Scripted(lambda r: Say(status=405) if r.method == "HEAD" else Say(body=INDEX, headers=lie))
    text, _ = refuse("ghcr.io/acme/shop:v1", server)
    assert OTHER in text
    assert DIGEST in text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>Log in</html>", b"\xff", b"[]", b"{}", b'{"schemaVersion": 1}', b'{"schemaVersion": NaN}', nested(200),
        nested(100_000), b" " * (4 * 1024 * 1024 + 1),
    ],
)  # fmt: skip
def test_a_page_that_is_no_manifest__has_no_digest(body: bytes) -> None:
    server = Scripted(
        lambda r: Say(body=b"" if r.method == "HEAD" else body, headers={"content-type": "text/html"})
    )
    text, seconds = refuse("ghcr.io/acme/shop:v1", server)
    assert "an image manifest" in text or "longer than" in text
    assert seconds < PATIENCE


# Patience


@pytest.mark.parametrize("status", [404, 429, 500, 503, 408])
def test_a_tag_that_was_just_pushed__is_waited_for(status: int) -> None:
    server = Scripted(one_after_another(*[Say(status=status)] * 8, GIVES))
    assert resolve("registry.fly.io/a:v1", server).digest == DIGEST


def test_a_tag_that_never_comes__ends_with_what_to_do() -> None:
    text, seconds = refuse("registry.fly.io/a:v1", Scripted(one_after_another(Say(status=404))))
    assert text == "The digest of registry.fly.io/a:v1 could not be found: registry.fly.io answers HTTP 404."
    assert seconds <= PATIENCE


@pytest.mark.parametrize(("status", "advice"), [(401, "may not read a"), (403, "may not read a"), (400, "")])
def test_a_no__is_no_at_once(status: int, advice: str) -> None:
    text, seconds = refuse("registry.fly.io/a:v1", Scripted(one_after_another(Say(status=status))))
    assert f"HTTP {status}" in text
    assert advice in text
    assert seconds == 0


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectTimeout]
)
def test_a_registry_that_cannot_be_reached__is_tried_a_few_times(fault: type[httpx.RequestError]) -> None:
    server = Scripted(one_after_another(Say(fault=fault)))
    text, seconds = refuse("nosuch.test/a:v1", server)
    assert fault.__name__ in text
    assert len(server.requests) == 4
    assert seconds < 30


def test_a_registry_that_says_nothing__is_left_within_the_deadline() -> None:
    text, seconds = refuse("slow.test/a:v1", Scripted(one_after_another(Say(after=1000))))
    assert "ReadTimeout" in text
    assert seconds < 2 * PATIENCE


def test_without_a_fly_token__flys_registry_is_asked_without() -> None:
    server = Scripted(one_after_another(GIVES))
    client = RegistryClient(
        settings=RegistrySettings(fly_registry="registry.fly.io"), token=None, transport=server
    )
    assert run_virtual(lambda: client.resolve("registry.fly.io/a:v1")).digest == DIGEST
    assert "authorization" not in server.requests[0].headers
