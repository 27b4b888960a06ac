"""Tag → digest from a real registry: Debian's docker-registry, as anybody's private one, with a password and with tokens.

Skipped where the binary is absent, unless FLIGHTPLAN_REQUIRE names docker-registry.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from entrypoint.adapters.registry import client
from entrypoint.adapters.registry.client import RegistryClient, RegistrySettings
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.secrets import Secret

NAME = "docker-registry"
BINARY = shutil.which(NAME)
FLY = "FlyV1 fm2_registry-test\n"
PASSWORD_FILE = "x:$2b$04$jkkrJiZ9JBzEm1kUyAYH/.O6ZfCguaPeUhnBvoS72J7Kh/kYs80oK\n"  # fm2_registry-test
OCI = "application/vnd.oci.image"

pytestmark = [
    pytest.mark.packages,
    pytest.mark.skipif(
        BINARY is None and NAME not in os.environ.get("FLIGHTPLAN_REQUIRE", ""),
        reason=f"{NAME} is not installed (on Debian: apt-get install {NAME})",
    ),
]


@contextmanager
def registry(folder: Path, auth: dict[str, Any] | None = None) -> Iterator[str]:
    """A registry of its own on a free port; its host and port."""
    assert BINARY is not None, f"FLIGHTPLAN_REQUIRE asks for {NAME}, which is not installed"
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
        "storage": {"inmemory": {}},
        "http": {"addr": "127.0.0.1:0"},
    }
    if auth:
        config["auth"] = auth
    path = folder / "registry.yml"
    path.write_text(json.dumps(config))  # YAML holds JSON
    with (folder / "registry.log").open("w+") as log:
        process = subprocess.Popen(
            [BINARY, "serve", str(path)], stdout=log, stderr=log, env={"OTEL_TRACES_EXPORTER": "none"}
        )
        try:
            yield _address(folder / "registry.log", process)
        finally:
            process.terminate()
            process.wait(10)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(log.read_text())


def push(host: str, tag: str, manifest: dict[str, Any], **login: Any) -> str:
    """An image of one empty layer, or an index, over the plain HTTP API; its digest."""
    base = f"http://{host}/v2/acme/shop"
    with httpx.Client(trust_env=False, **login) as http:
        for blob in (b"{}", b""):
            place = http.post(f"{base}/blobs/uploads/").raise_for_status().headers["location"]
            digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
            http.put(httpx.URL(place).copy_merge_params({"digest": digest}), content=blob).raise_for_status()
        body = json.dumps(manifest).encode()
        http.put(
            f"{base}/manifests/{tag}", content=body, headers={"content-type": manifest["mediaType"]}
        ).raise_for_status()
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def image(variant: str = "amd64") -> dict[str, Any]:
    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return {"mediaType": f"{OCI}.{kind}", "digest": digest, "size": len(content)}

    return {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": blob(b"{}", "config.v1+json"),
        "layers": [blob(b"", "layer.v1.tar")],
        "annotations": {"variant": variant},
    }


def index(*digests: str) -> dict[str, Any]:
    rows = [
        {"mediaType": f"{OCI}.manifest.v1+json", "digest": digest, "size": len(json.dumps(image(arch)))}
        | {"platform": {"os": "linux", "architecture": arch}}
        for digest, arch in zip(digests, ("amd64", "arm64"), strict=True)
    ]
    return {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": rows}


def resolve(name: str, *, fly: str = "registry.fly.io", token: str = FLY, patience: float = 0.0) -> str:
    settings = RegistrySettings(fly_registry=fly, patience=patience)
    resolve_one = RegistryClient(settings=settings, token=Secret(token)).resolve
    return trio.run(resolve_one, name).ref


def test_a_private_registry_without_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSE", 0.2)
    with registry(tmp_path) as host:
        one, two = (push(host, arch, image(arch)) for arch in ("amd64", "arm64"))
        whole = push(host, "v1", index(one, two))
        assert one != two
        assert resolve(f"{host}/acme/shop:amd64") == f"{host}/acme/shop:amd64@{one}"
        assert resolve(f"{host}/acme/shop:v1") == f"{host}/acme/shop:v1@{whole}"
        with pytest.raises(OutsideError, match="HTTP 404") as unknown:
            resolve(f"{host}/acme/shop:v2")
        assert "with its digest" in unknown.value.hint

        def push_late() -> None:
            time.sleep(0.3)
            push(host, "v2", image("late"))

        pusher = threading.Thread(target=push_late)
        pusher.start()
        assert resolve(f"{host}/acme/shop:v2", patience=30.0).startswith(f"{host}/acme/shop:v2@sha256:")
        pusher.join()


def test_flys_registry__with_the_token_as_password(tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(PASSWORD_FILE)
    auth = {"htpasswd": {"realm": "Fly.io registry", "path": str(tmp_path / "htpasswd")}}
    with registry(tmp_path, auth) as host:
        digest = push(host, "v1", image(), auth=("x", "fm2_registry-test"))
        for fly in (host, f"http://{host}"):
            assert resolve(f"{host}/acme/shop:v1", fly=fly) == f"{host}/acme/shop:v1@{digest}"
            assert (
                resolve("registry.fly.io/acme/shop:v1", fly=fly) == f"registry.fly.io/acme/shop:v1@{digest}"
            )
        with pytest.raises(OutsideError, match="the Fly token may not read acme"):
            resolve(f"{host}/acme/shop:v1", fly=host, token="fm2_another")
        with pytest.raises(OutsideError, match="HTTP 401"):
            resolve(f"{host}/acme/shop:v1")  # it is not Fly's registry: no password for it


@dataclass(slots=True)
class TokenServer:
    """Gives pull tokens for anybody, as ghcr.io and docker.io do for public images; with `login`, those that are asked for."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    login: str = ""
    """user:password"""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def make(self, scope: str, *, actions: tuple[str, ...] = ("pull",)) -> str:
        now = int(time.time())
        access = [{"type": "repository", "name": scope.split(":")[1], "actions": list(actions)}]
        claims = {
            "iss": "test",
            "sub": "",
            "aud": "shop",
            "iat": now,
            "nbf": now - 60,
            "exp": now + 60,
            "jti": "1",
        }
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return jwt.encode(claims | {"access": access}, self.key, algorithm="ES256", headers={"x5c": [chain]})


def make_token_server() -> TokenServer:
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return TokenServer(key, builder.sign(key, hashes.SHA256()))


@contextmanager
def serving(server: TokenServer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            server.asked.append((self.path, dict(self.headers)))
            scope, sent = query["scope"][0], self.headers.get("Authorization", "")
            known = f"Basic {base64.b64encode(server.login.encode()).decode()}"
            actions = tuple(scope.split(":")[2].split(",")) if server.login and sent == known else ("pull",)
            body = json.dumps({"token": server.make(scope, actions=actions)}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}/token"
        finally:
            httpd.shutdown()
            thread.join()


@contextmanager
def registry_with_tokens(folder: Path, server: TokenServer) -> Iterator[str]:
    """A registry that lets in whoever has a token of the server; its host and port."""
    bundle = folder / "roots.pem"
    bundle.write_bytes(server.certificate.public_bytes(serialization.Encoding.PEM))
    with serving(server) as realm:
        auth = {"token": {"realm": realm, "service": "shop", "issuer": "test", "rootcertbundle": str(bundle)}}
        with registry(folder, auth) as host:
            yield host


def test_a_registry_that_wants_tokens(tmp_path: Path) -> None:
    server = make_token_server()
    with registry_with_tokens(tmp_path, server) as host:
        pushing = server.make("repository:acme/shop:push", actions=("pull", "push"))
        digest = push(host, "v1", image(), headers={"authorization": f"Bearer {pushing}"})
        assert resolve(f"{host}/acme/shop:v1") == f"{host}/acme/shop:v1@{digest}"
        assert resolve("registry.fly.io/acme/shop:v1", fly=host).endswith(digest)
    assert len(server.asked) == 2
    assert all("service=shop&scope=repository%3Aacme%2Fshop%3Apull" in path for path, _ in server.asked)
    assert not [headers for _, headers in server.asked if "Authorization" in headers]
