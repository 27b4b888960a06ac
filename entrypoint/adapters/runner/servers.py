"""The addresses of Fly's servers, from flyctl's environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Servers

DEFAULTS = Servers()


def read_servers(environ: Mapping[str, str]) -> Servers:
    """Base URLs. Raises UsageError if one is not a URL.

    Release records are sent to Fly's API host. If somebody sets another Machines server and no API host, no records are sent, so that their
    token does not go to Fly.
    """
    machines = _url(environ, "FLY_FLAPS_BASE_URL")
    api = _url(environ, "FLY_API_BASE_URL")
    releases = _url(environ, "FLY_UIEX_BASE_URL") or api
    if releases is None and machines is None:
        releases = DEFAULTS.releases
    return Servers(
        machines=machines or DEFAULTS.machines,
        api=api or DEFAULTS.api,
        releases=releases,
        registry=environ.get("FLY_REGISTRY_HOST", "").strip().rstrip("/") or DEFAULTS.registry,
    )


def _url(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip().rstrip("/")
    if not text:
        return None
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{name} is not a URL: {text!r}", hint="Write http://host:port or https://host.")
    return text
