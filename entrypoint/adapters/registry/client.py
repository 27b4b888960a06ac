"""Tag → digest over the OCI distribution protocol.

The Fly token is sent only to Fly's configured registry, as Basic auth. No host in `image`, in a challenge or in a redirect gets it, or a
token that was exchanged for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import anyio
import httpx

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.network import make_client
from entrypoint.adapters.registry.challenge import read_challenge, read_token
from entrypoint.adapters.registry.exchange import TIMEOUT, RegistryError, Reply, exchange
from entrypoint.adapters.registry.labels import read_revision
from entrypoint.adapters.registry.places import Origin, is_loopback, may_lead, read_origin
from entrypoint.adapters.tokens import registry_password
from entrypoint.kernel.errors import OutsideError, UsageError
from entrypoint.kernel.images import LATEST, ImageReference, ResolvedImage, is_digest, parse_image
from entrypoint.kernel.secrets import Secret

ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
"""The index first, because it has one digest for all platforms."""
FLY_REGISTRY = "registry.fly.io"
"""The host in references. FLY_REGISTRY_HOST is the host that is contacted."""
PATIENCE = 60.0
"""Seconds that a manifest may be unknown after its push."""
PAUSE = 5.0
MOST_FAILURES = 4
"""Attempts on a registry that does not answer."""
HINT = "Give the image with its digest: image: repo:tag@sha256:… ."


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """`fly_registry`: FLY_REGISTRY_HOST, which is host[:port] or a URL. `patience`: seconds."""

    fly_registry: str
    patience: float = PATIENCE


class RegistryClient:
    """Implements modes.ports.Images."""

    def __init__(
        self,
        *,
        settings: RegistrySettings,
        token: Secret | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = settings.patience
        self._token = token
        self._transport = transport
        self._fly = _find_fly(settings.fly_registry)

    async def resolve(self, image: str) -> ResolvedImage:
        """The reference with its digest; one given with a digest needs no network. Raises OutsideError, UsageError."""
        reference = _read_reference(image)
        if reference.digest is not None:
            return ResolvedImage(ref=image, digest=reference.digest)
        digest = await self._find(reference)
        return ResolvedImage(ref=f"{reference.name}:{reference.tag or LATEST}@{digest}", digest=digest)

    async def look(self, image: str) -> str:
        """See modes.ports.Images."""
        return await self._find(_read_reference(image))

    async def _find(self, reference: ImageReference) -> str:
        async with make_client(timeout=TIMEOUT, transport=self._transport) as client:
            try:
                return await self._ask_patiently(client, reference)
            except RegistryError as error:
                raise OutsideError(
                    f"The digest of {reference.name}:{reference.tag or LATEST} could not be found: {reference.registry} {error}.",
                    hint=HINT,
                ) from error

    async def _ask_patiently(self, client: httpx.AsyncClient, reference: ImageReference) -> str:
        """The digest. Repeated, because a tag that was just pushed may be unknown for a moment, and a registry may fail."""
        deadline, failures = anyio.current_time() + self._patience, 0
        path = f"manifests/{reference.digest or reference.tag or LATEST}"
        while True:
            try:
                reply = await self._ask(client, reference, "HEAD", path=path)
                if reply.status in (405, 501) or (reply.is_success and not _said(reply)):
                    reply = await self._ask(client, reference, "GET", path=path)
                if reply.is_success:
                    return _digest_of(reply)
                why = f"answers HTTP {reply.status}"
                if reply.status not in (404, 408, 429) and reply.status < 500:
                    raise RegistryError(f"{why}{self._advice(reference, reply.status)}")
            except httpx.RequestError as error:
                said = " ".join(str(error).split())[:200]
                why = f"could not be reached ({type(error).__name__}{': ' if said else ''}{said})"
                failures += 1
            if failures >= MOST_FAILURES or anyio.current_time() + PAUSE > deadline:
                raise RegistryError(why)
            await anyio.sleep(PAUSE)

    async def revision(self, image: str) -> str | None:
        """The commit that an image was built from, by its label `org.opencontainers.image.revision`.

        None without the label, without access to the registry, and for a reference without a digest. Never raises.
        """
        reference = parse_image(image)
        if reference is None or reference.digest is None:
            return None
        async with make_client(timeout=TIMEOUT, transport=self._transport) as client:

            async def read(path: str) -> bytes:
                reply = await self._ask(client, reference, "GET", path=path)
                if not reply.is_success:
                    raise RegistryError(f"answers HTTP {reply.status}")
                return reply.content

            try:
                return await read_revision(reference.digest, read=read)
            except (RegistryError, httpx.RequestError):
                return None

    async def _ask(
        self, client: httpx.AsyncClient, reference: ImageReference, method: str, *, path: str
    ) -> Reply:
        """Read a manifest or a blob (`path`), with a token if the registry asks for one."""
        url = f"{self._base(reference)}/v2/{reference.repository}/{path}"
        origin = read_origin(url)
        headers = {"Accept": ACCEPT, **self._basic(origin)}
        reply = await exchange(client, method, url, headers=headers)
        challenge = read_challenge(reply.headers.get("www-authenticate", ""), repository=reference.repository)
        if reply.status != 401 or challenge is None:
            return reply
        try:
            realm = read_origin(challenge.realm)
        except ValueError as error:
            raise RegistryError("gives an address for tokens that is not a URL") from error
        if not may_lead(origin, realm):
            raise RegistryError(
                f"asks for a token at {realm.scheme}://{realm.host[:80]}, which is not a host of this registry"
            )
        basic = self._basic(realm) if realm == origin else {}
        token = read_token(await exchange(client, "GET", challenge.url, headers=basic))
        return await exchange(client, method, url, headers={**headers, "Authorization": f"Bearer {token}"})

    def _basic(self, origin: Origin) -> dict[str, str]:
        """Basic auth for Fly's registry: any user, the token as password."""
        if self._token is None or origin != read_origin(self._fly):
            return {}
        auth = httpx.BasicAuth("x", registry_password(self._token))
        return {
            "Authorization": next(auth.auth_flow(httpx.Request("GET", self._fly))).headers["Authorization"]
        }

    def _advice(self, reference: ImageReference, status: int) -> str:
        if status not in (401, 403):
            return ""
        if self._base(reference) == self._fly:
            return f": the Fly token may not read {reference.repository.partition('/')[0]}"
        return " (Flightplan has a password for Fly's registry only; another registry must be public)"

    def _base(self, reference: ImageReference) -> str:
        fly = read_origin(self._fly)
        default = {"http": 80, "https": 443}[fly.scheme]
        names = {FLY_REGISTRY, f"{fly.host}:{fly.port}"} | ({fly.host} if fly.port == default else set())
        return self._fly if reference.registry in names else _with_scheme(reference.registry)


def _read_reference(image: str) -> ImageReference:
    """Raises UsageError."""
    reference = parse_image(image)
    if reference is None:
        shown = image if len(image) <= 200 else f"{image[:200]}…"
        raise UsageError(
            f"{shown!r} is not an image reference.", hint="Write repo:tag or repo:tag@sha256:… ."
        )
    return reference


def _find_fly(text: str) -> str:
    """Raises UsageError."""
    url = (text if "://" in text else _with_scheme(text)).rstrip("/")
    try:
        read_origin(url)
    except ValueError as error:
        raise UsageError(
            f"FLY_REGISTRY_HOST is not a host name: {text!r}", hint="Write host, host:port or https://host."
        ) from error
    return url


def _with_scheme(registry: str) -> str:
    """The URL of a registry: http only for this computer."""
    host = registry.rsplit(":", 1)[0] if not registry.endswith("]") else registry
    return f"{'http' if is_loopback(host.strip('[]')) else 'https'}://{registry}"


def _said(reply: Reply) -> str:
    """The digest in the header, if it is one."""
    found = reply.headers.get("docker-content-digest", "")
    return found if is_digest(found) else ""


def _digest_of(reply: Reply) -> str:
    """The hash of the manifest, which must equal the digest in the header; the latter if there is no body. Raises RegistryError."""
    said = _said(reply)
    if not reply.content and said:
        return said
    try:
        found = parse_json(reply.content)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("schemaVersion") != 2:
        raise RegistryError("did not answer with an image manifest")
    digest = f"sha256:{hashlib.sha256(reply.content).hexdigest()}"
    if said and said != digest:
        raise RegistryError(f"says {said} of a manifest that is {digest}")
    return digest
