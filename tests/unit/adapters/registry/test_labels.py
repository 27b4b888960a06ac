"""What an image says it was built from, and that nothing a registry says can stop or mislead a deploy."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from entrypoint.adapters.registry.client import RegistryClient, RegistrySettings
from entrypoint.kernel.secrets import Secret
from tests.scripted import Say, Scripted
from tests.simulator.virtual import run_virtual

COMMIT = "4e1c0aa000000000000000000000000000000128"
LABEL = "org.opencontainers.image.revision"


class Contents:
    """A registry's manifests and blobs, by digest."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def add(self, kind: str, value: Any) -> str:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.found[f"/v2/acme/shop/{kind}/{digest}"] = body
        return digest

    def image(self, labels: Any) -> str:
        config = self.add("blobs", {"config": {"Labels": labels}})
        return self.add("manifests", {"schemaVersion": 2, "config": {"digest": config}})

    def index(self, **images: str) -> str:
        rows = [
            {"digest": digest, "platform": {"os": "linux", "architecture": name}}
            for name, digest in images.items()
        ]
        return self.add("manifests", {"schemaVersion": 2, "manifests": rows})

    def say(self, request: httpx.Request) -> Say:
        body = self.found.get(request.url.path)
        return Say(status=404) if body is None else Say(body=body)


def revision(digest: str, script: Any, *, reference: str = "ghcr.io/acme/shop:v1@{}") -> str | None:
    settings = RegistrySettings(fly_registry="registry.fly.io")
    client = RegistryClient(settings=settings, token=Secret("FlyV1 fm2_x"), transport=Scripted(script))
    return run_virtual(lambda: client.revision(reference.format(digest)))


def test_the_label__is_the_commit() -> None:
    here = Contents()
    assert revision(here.image({LABEL: COMMIT}), here.say) == COMMIT


def test_of_an_index__the_image_for_flys_machines_is_asked() -> None:
    here = Contents()
    other, ours = here.image({LABEL: "a" * 40}), here.image({LABEL: COMMIT})
    assert revision(here.index(arm64=other, amd64=ours), here.say) == COMMIT
    assert revision(here.index(arm64=ours), here.say) == COMMIT
    assert revision(here.index(arm64=ours, s390x=other), here.say) is None


@pytest.mark.parametrize(
    "labels",
    [None, {}, [], {LABEL: ""}, {LABEL: "main"}, {LABEL: COMMIT.upper()}, {LABEL: 7}, {LABEL: f"{COMMIT}\n"}],
)
def test_anything_but_a_commit__says_nothing(labels: Any) -> None:
    here = Contents()
    assert revision(here.image(labels), here.say) is None


def test_a_config_or_manifest_of_another_digest__says_nothing() -> None:
    here = Contents()
    digest = here.image({LABEL: COMMIT})
    for path in list(here.found):
        body = here.found[path]
        here.found[path] = body + b" "
        assert revision(digest, here.say) is None
        here.found[path] = body
    assert revision(digest, here.say) == COMMIT


@pytest.mark.parametrize(
    "answer",
    [
        Say(status=401),
        Say(status=403),
        Say(status=500),
        Say(fault=httpx.ConnectError),
        Say(after=1000.0),
        Say(body=b"[" * 5000),
        Say(body=b"no JSON"),
        Say(status=302, headers={"location": "http://169.254.169.254/"}),
    ],
    ids=str,
)
def test_a_registry_that_does_not_tell__stops_nothing(answer: Say) -> None:
    digest = f"sha256:{hashlib.sha256(answer.body if isinstance(answer.body, bytes) else b'').hexdigest()}"
    assert revision(digest, lambda _: answer) is None


@pytest.mark.parametrize("reference", ["ghcr.io/acme/shop:v1", "no reference"])
def test_without_a_digest__nothing_is_asked(reference: str) -> None:
    def never(request: httpx.Request) -> Say:
        raise AssertionError(request.url)

    assert revision("", never, reference=reference) is None
