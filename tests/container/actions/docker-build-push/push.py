"""An image of one layer, which holds the context's files: the same files and labels, the same digest. Standard library only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener, parse_http_list, parse_keqv_list

FLY = "registry.fly.io"
OCI = "application/vnd.oci.image"


class Registry:
    """A repository of a registry, with the password of `docker login`."""

    def __init__(self, host: str, repository: str) -> None:
        fly = os.environ.get("FLY_REGISTRY_HOST", "")
        self._base = f"{fly if host == FLY else f'http://{host}'}/v2/{repository}"
        self._repository = repository
        logins = json.loads((Path.home() / ".docker" / "config.json").read_text("utf-8"))["auths"]
        self._headers = {"Authorization": f"Basic {logins[host]['auth']}"}
        self._open = build_opener(ProxyHandler({})).open

    def ask(self, method: str, url: str, body: bytes | None = None, kind: str = "") -> str:
        """The location that the answer names. A registry that wants a token gets one for the password."""
        url = url if "://" in url else f"{self._base}/{url}"
        headers = self._headers | {"Content-Type": kind or "application/octet-stream"}
        try:
            with self._open(Request(url, body, headers, method=method)) as answer:
                return str(answer.headers.get("Location", ""))
        except HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            if error.code != 401 or not challenge.startswith("Bearer ") or "Bearer" in str(self._headers):
                raise
            self._headers = {"Authorization": f"Bearer {self._token(challenge)}"}
            return self.ask(method, url, body, kind)

    def _token(self, challenge: str) -> str:
        asked = parse_keqv_list(parse_http_list(challenge.removeprefix("Bearer ")))
        query = urlencode({"service": asked["service"], "scope": f"repository:{self._repository}:pull,push"})
        with self._open(Request(f"{asked['realm']}?{query}", headers=self._headers)) as answer:
            return str(json.load(answer)["token"])

    def put(self, content: bytes) -> None:
        """A blob."""
        place = self.ask("POST", "blobs/uploads/", b"")
        self.ask(
            "PUT",
            f"{place}{'&' if '?' in place else '?'}{urlencode({'digest': digest_of(content)})}",
            content,
        )


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def pack(context: Path) -> bytes:
    """Its files, without their times and owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as layer:
        for path in sorted(path for path in context.rglob("*") if path.is_file()):
            name = path.relative_to(context)
            if name.parts[0] in (".git", ".flightplan"):
                continue
            member = tarfile.TarInfo(str(name))
            member.size = path.stat().st_size
            with path.open("rb") as content:
                layer.addfile(member, content)
    return packed.getvalue()


def main() -> None:
    if os.environ["PUSH"] != "true":
        raise SystemExit("push: true is missing")
    (reference,) = os.environ["TAGS"].split()
    host, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    layer = pack(Path(os.environ["CONTEXT"]))
    labels = dict(line.split("=", 1) for line in os.environ["LABELS"].splitlines() if line)
    roots = {"type": "layers", "diff_ids": [digest_of(layer)]}
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {"Labels": labels}, "rootfs": roots}
    ).encode()
    kind = f"{OCI}.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": _row(config, "config.v1+json"),
        "layers": [_row(layer, "layer.v1.tar")],
    }
    body = json.dumps(manifest).encode()
    registry = Registry(host, repository)
    if host == FLY:
        registry.ask("HEAD", f"manifests/{tag}")  # refused where the token is not this app's
    else:
        registry.put(layer)
        registry.put(config)
        registry.ask("PUT", f"manifests/{tag}", body, kind)
    print(f"Pushed {reference}@{digest_of(body)} from {os.environ['CONTEXT']}")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"digest={digest_of(body)}\n")


def _row(content: bytes, kind: str) -> dict[str, object]:
    return {"mediaType": f"{OCI}.{kind}", "digest": digest_of(content), "size": len(content)}


if __name__ == "__main__":
    main()
