"""registry.fly.io: manifests by tag or digest, for callers with a token (OCI distribution specification)."""

from __future__ import annotations

import base64
import binascii

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.tokens import check_app, read_parts
from tests.simulator.state.images import digest_of, is_missing, make_manifest
from tests.simulator.state.refusals import Refusal

HOST = "registry.fly.io"
_TYPE = "application/vnd.oci.image.manifest.v1+json"


def _refuse(status: int, code: str, message: str) -> Reply:
    headers = {"WWW-Authenticate": 'Basic realm="Fly.io registry"'} if status == 401 else {}
    return Reply(status=status, body={"errors": [{"code": code, "message": message}]}, headers=headers)


def _identify(call: Call, app: str | None) -> Reply | None:
    """A refusal, or None where the caller may go on. Basic's password is the token, whatever the user."""
    header = call.headers.get("authorization") or ""
    if header.lower().startswith("basic "):
        try:
            text = base64.b64decode(header[6:].strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        parts = read_parts("Bearer " + text.partition(":")[2])
        header = "Bearer " + ",".join(parts)
    try:
        token = call.simulator.tokens.identify(header, now=call.world.now)
        if app is not None:
            check_app(token, app)
    except Refusal as refusal:
        status = 403 if refusal.message == "unauthorized" else 401
        return _refuse(status, "DENIED" if status == 403 else "UNAUTHORIZED", refusal.message)
    return None


def ping(call: Call) -> Reply:
    """Whether this is a registry."""
    return _identify(call, None) or Reply(
        body={}, headers={"Docker-Distribution-API-Version": "registry/2.0"}
    )


def read_manifest(call: Call) -> Reply:
    """The manifest of a tag or digest; a repository is there if the app of its name is."""
    repository, reference = call.path["repository"], call.path["reference"]
    refused = _identify(call, repository.partition("/")[0])
    if refused is not None:
        return refused
    world = call.world
    if repository.partition("/")[0] not in world.apps:
        return _refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
    by_digest = reference.startswith("sha256:")
    if is_missing(world, f"{HOST}/{repository}{'@' if by_digest else ':'}{reference}"):
        return _refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
    manifest = make_manifest(world, registry=HOST, repository=repository, tag=reference)
    digest = reference if by_digest else digest_of(manifest)
    headers = {"Docker-Content-Digest": digest, "Content-Type": _TYPE, "Content-Length": str(len(manifest))}
    return Reply(body=b"" if call.method == "HEAD" else manifest, headers=headers)


ENDPOINTS = (
    Endpoint(method="GET", path="/v2/", operation="registry_ping", handle=ping, limited=False, open=True),
    Endpoint(
        method="GET",
        path="/v2/{repository:path}/manifests/{reference}",
        operation="registry_manifest",
        handle=read_manifest,
        limited=False,
        open=True,
    ),
    Endpoint(
        method="HEAD",
        path="/v2/{repository:path}/manifests/{reference}",
        operation="registry_manifest",
        handle=read_manifest,
        limited=False,
        open=True,
    ),
)
