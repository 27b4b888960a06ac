"""`[verify]` of flightplan.toml: what the app must answer when the rollout has finished, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from entrypoint.kernel.json import Json, JsonObject

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_BAKE = 3600
"""Seconds."""
MOST_URL = 2000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValue:
    """One value in a JSON answer. Each part of `path` is a key, or an index in a list, from 0."""

    path: tuple[str, ...]
    value: Json

    @property
    def name(self) -> str:
        """The path with dots between its parts."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """What is checked. `url` None: only the machines are watched, for `bake` seconds. `status` None: 200 to 299 is accepted."""

    url: str | None = None
    status: int | None = None
    json: JsonValue | None = None
    bake: int = 0

    def described(self) -> JsonObject:
        """As JSON, for digests and plan.json."""
        return {
            "url": self.url,
            "status": self.status,
            "json": None if self.json is None else {"path": list(self.json.path), "value": self.json.value},
            "bake": self.bake,
        }


def url_problem(url: str) -> str:
    """Why no request to this URL is allowed, whatever its host resolves to; empty where it is allowed."""
    if len(url) > MOST_URL or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        return f"must be at most {MOST_URL} characters, without spaces, backslashes, or letters beyond ASCII"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if not host or port == 0:
        return "must name a host"
    if "@" in parts.netloc:
        return "must not hold a user or a password"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        return "must begin with https://"
    return ""
