"""Tag → digest over the OCI distribution protocol.

The Fly token is Basic auth for Fly's configured registry and for nothing else: neither a host that `image` names nor one that a
challenge names ever sees it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpx

from entrypoint import __version__
from entrypoint.adapters.machines.tokens import registry_password
from entrypoint.adapters.registry.reference import Reference, parse_reference
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.images import ResolvedImage
from entrypoint.kernel.secrets import Secret

ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
FLY_REGISTRY = "registry.fly.io"
"""The name in references; FLY_REGISTRY_HOST says where it is."""
PATIENCE = 60.0
"""Seconds that a manifest may stay unknown after its push (machines-api §10)."""
PAUSE = 5.0
MOST_MANIFEST = 8 * 1024 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
HINT = "Give the image with its digest: image: repo:tag@sha256:… ."


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """`fly_registry` is FLY_REGISTRY_HOST: a host with an optional port, or a URL (http for a local one)."""

    fly_registry: str
    patience: float = PATIENCE


class RegistryClient:
    """modes.ports.Images."""

    def __init__(
        self,
        *,
        settings: RegistrySettings,
        token: Secret | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._token = token
        self._transport = transport
        self._fly = (
            settings.fly_registry if "://" in settings.fly_registry else f"https://{settings.fly_registry}"
        )
        self._fly_host = urlsplit(self._fly).netloc

    async def resolve(self, image: str) -> ResolvedImage:
        """The reference with its digest; one given with a digest needs no network. Raises OutsideError, UsageError."""
        reference = parse_reference(image)
        if reference.digest is not None:
            return ResolvedImage(ref=image, digest=reference.digest)
        async with httpx.AsyncClient(
            transport=self._transport,
            timeout=20,
            follow_redirects=False,
            headers={"User-Agent": f"flightplan/{__version__}"},
        ) as client:
            digest = await self._ask_patiently(client, reference)
        return ResolvedImage(ref=f"{reference.name}:{reference.tag}@{digest}", digest=digest)

    async def _ask_patiently(self, client: httpx.AsyncClient, reference: Reference) -> str:
        """A tag that was just pushed may be unknown for a moment."""
        deadline = anyio.current_time() + self._settings.patience
        while True:
            try:
                response = await self._ask(client, reference)
            except httpx.HTTPError as error:
                failure = f"{reference.registry} could not be reached ({type(error).__name__})"
            else:
                if response.is_success:
                    return await self._digest(client, reference, response)
                failure = f"{reference.registry} answered HTTP {response.status_code}"
                if response.status_code in (400, 401, 403):
                    raise _unresolved(reference, failure)
            if anyio.current_time() >= deadline:
                raise _unresolved(reference, failure)
            await anyio.sleep(PAUSE)

    async def _ask(
        self, client: httpx.AsyncClient, reference: Reference, method: str = "HEAD"
    ) -> httpx.Response:
        url = f"{self._base(reference)}/v2/{reference.repository}/manifests/{reference.tag}"
        headers = {"Accept": ACCEPT} | self._basic(urlsplit(url).netloc)
        response = await client.request(method, url, headers=headers)
        challenge = response.headers.get("www-authenticate", "")
        if response.status_code == 401 and challenge.lower().startswith("bearer "):
            token = await self._fetch_token(client, reference, challenge)
            response = await client.request(
                method, url, headers={**headers, "Authorization": f"Bearer {token}"}
            )
        return response

    async def _fetch_token(self, client: httpx.AsyncClient, reference: Reference, challenge: str) -> str:
        """The token that a challenge points to. The Fly token goes along only to Fly's own registry host."""
        fields = dict(_CHALLENGE.findall(challenge))
        realm = fields.pop("realm", "")
        parts = urlsplit(realm)
        is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
            raise _unresolved(
                reference, f"{reference.registry} asks for a token at a place that is not https"
            )
        params = {k: v for k, v in fields.items() if k in ("service", "scope")}
        params.setdefault("scope", f"repository:{reference.repository}:pull")
        response = await client.get(realm, params=params, headers=self._basic(parts.netloc))
        found = response.json() if response.is_success else {}
        token = found.get("token") or found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token:
            raise _unresolved(reference, f"{reference.registry} gives no token (HTTP {response.status_code})")
        return token

    def _basic(self, host: str) -> dict[str, str]:
        """Basic auth for Fly's registry: any user, the token as password."""
        if self._token is None or host != self._fly_host:
            return {}
        request = httpx.Request("GET", self._fly)
        flow = httpx.BasicAuth("x", registry_password(self._token)).auth_flow(request)
        return {"Authorization": next(flow).headers["Authorization"]}

    async def _digest(self, client: httpx.AsyncClient, reference: Reference, response: httpx.Response) -> str:
        """What the registry says in a header, else the hash of the manifest itself."""
        said = response.headers.get("docker-content-digest", "")
        if _DIGEST.fullmatch(said):
            return str(said)
        whole = await self._ask(client, reference, "GET")
        if not whole.is_success or len(whole.content) > MOST_MANIFEST:
            raise _unresolved(reference, f"{reference.registry} gives no manifest")
        return f"sha256:{hashlib.sha256(whole.content).hexdigest()}"

    def _base(self, reference: Reference) -> str:
        if reference.registry in (self._fly_host, FLY_REGISTRY):
            return self._fly
        host = reference.registry.rsplit(":", 1)[0]
        return f"{'http' if host in ('localhost', '127.0.0.1') else 'https'}://{reference.registry}"


def _unresolved(reference: Reference, why: str) -> OutsideError:
    return OutsideError(
        f"The digest of {reference.name}:{reference.tag} could not be found: {why}.", hint=HINT
    )
