"""Fly's release records (`fly releases`): undocumented, optional, never a reason to fail (machines-api §11)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from entrypoint import __version__
from entrypoint.adapters.machines.tokens import bearer
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.json import Json
from entrypoint.kernel.secrets import Secret
from entrypoint.rollout.ports import Release

TIMEOUT = 5.0


class ReleasesClient:
    """rollout.ports.Releases over httpx; every failure is a debug line."""

    def __init__(
        self, *, app: AppName, base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._app = app
        self._base_url = base_url
        self._headers = {"Authorization": bearer(token), "User-Agent": f"flightplan/{__version__}"}
        self._transport = transport
        self._log = logging.getLogger("flightplan.releases")

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        """POST /api/v1/releases, then running."""
        body = {
            "app_name": self._app,
            "build_id": 0,
            "definition": dict(definition),
            "image": image,
            "strategy": strategy.upper(),
        }
        answer = await self._send("POST", "/api/v1/releases", body)
        found = answer.get("release", answer)
        if not isinstance(found, dict):
            return None
        id_, version = found.get("id"), found.get("version")
        if not isinstance(id_, str) or not id_ or not isinstance(version, int):
            return None
        release = Release(id=id_, version=version)
        await self.close(release, status="running")
        return release

    async def close(self, release: Release, *, status: str) -> None:
        """PATCH /api/v1/releases/{id}."""
        await self._send("PATCH", f"/api/v1/releases/{release.id}", {"status": status, "metadata": None})

    async def _send(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(
                base_url=self._base_url, headers=self._headers, transport=self._transport, timeout=TIMEOUT
            ) as client:
                response = await client.request(method, path, json=body)
            self._log.debug("%s %s %s", method, path, response.status_code)
            found = response.json() if response.is_success and response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            self._log.debug("%s %s %s", method, path, type(error).__name__)
            return {}
        return found if isinstance(found, dict) else {}
