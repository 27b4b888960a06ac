"""Fly's release records (`fly releases`): undocumented. A failure is never an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import httpx

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.network import make_client, read_at_most
from entrypoint.adapters.tokens import bearer
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.json import Json
from entrypoint.kernel.secrets import Secret

if TYPE_CHECKING:  # made before the first request, asked long after it
    from entrypoint.rollout.ports import Release

TIMEOUT = 5.0
"""Seconds for one whole request. A deploy does not wait longer for a record."""
CLOSES = 3
"""Attempts to close a record. PATCH is idempotent, and often answered with 504. POST is sent only once, as it might make two records."""
MOST_BYTES = 1024 * 1024


class ReleasesClient:
    """Implements rollout.ports.Releases over httpx. A failure is logged at debug level."""

    def __init__(
        self, *, app: AppName, base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._app = app
        self._base_url = base_url
        self._headers = {"Authorization": bearer(token), "Content-Type": "application/json"}
        self._transport = transport
        self._log = logging.getLogger("flightplan.releases")

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        """POST /api/v1/releases."""
        body = {
            "app_name": self._app,
            "build_id": 0,
            "definition": dict(definition),
            "image": image,
            "strategy": strategy.upper(),
        }
        answer = await self._send("POST", "/api/v1/releases", body) or {}
        found = answer.get("release", answer)
        return _read_release(found if isinstance(found, dict) else {})

    async def close(self, release: Release, *, status: str) -> None:
        """PATCH /api/v1/releases/{id}."""
        path = f"/api/v1/releases/{quote(release.id, safe='')}"
        for attempt in range(CLOSES):
            if await self._send("PATCH", path, {"status": status, "metadata": None}) is not None:
                return
            await anyio.sleep(0.5 * (attempt + 1) if attempt + 1 < CLOSES else 0)

    async def _send(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer's object, or {}; None if another attempt may succeed."""
        try:
            with anyio.fail_after(TIMEOUT):
                status, content = await self._exchange(method, path, body)
        except (httpx.RequestError, TimeoutError) as error:
            self._log.debug("%s %s %s", method, path, type(error).__name__)
            return None
        self._log.debug("%s %s %s", method, path, status)
        if status >= 500 or status in (408, 429):
            return None
        try:
            found = parse_json(content) if 200 <= status < 300 else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    async def _exchange(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        async with (
            make_client(
                base_url=self._base_url, headers=self._headers, timeout=TIMEOUT, transport=self._transport
            ) as client,
            client.stream(method, path, content=json.dumps(body, default=str).encode()) as response,
        ):
            return response.status_code, await read_at_most(response, MOST_BYTES)


def _read_release(found: Mapping[str, Any]) -> Release | None:
    """Id and version number. Each may be a text or a number."""
    id_, version = found.get("id"), found.get("version")
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 10:
        version = int(version)
    if isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    if not isinstance(id_, str) or not id_ or isinstance(version, bool) or not isinstance(version, int):
        return None
    from entrypoint.rollout.ports import Release

    return Release(id=id_, version=version)
