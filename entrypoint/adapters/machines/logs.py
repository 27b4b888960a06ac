"""The last lines that a machine printed (api.fly.io, undocumented). A failure is never an error."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import httpx

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.network import make_client, read_at_most
from entrypoint.adapters.tokens import bearer
from entrypoint.kernel.ids import AppName, MachineId
from entrypoint.kernel.secrets import Secret

TIMEOUT = 5.0
"""Seconds. A failed deploy does not wait longer for the lines."""
MOST_BYTES = 1024 * 1024


class LogsClient:
    """modes.ports.Logs over httpx."""

    def __init__(
        self, *, app: AppName, base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._path = f"/api/v1/apps/{app}/logs"
        self._base_url = base_url
        self._headers = {"Authorization": bearer(token)}
        self._transport = transport
        self._log = logging.getLogger("flightplan.logs")

    async def last(self, machine: MachineId, *, lines: int) -> tuple[str, ...]:
        """The newest lines, oldest first; empty if the server does not answer."""
        try:
            with anyio.fail_after(TIMEOUT):
                status, content = await self._read(machine)
            found = parse_json(content) if status == 200 else {}
        except (httpx.RequestError, TimeoutError, ValueError) as error:
            self._log.debug("%s %s", self._path, type(error).__name__)
            return ()
        rows = found.get("data") if isinstance(found, dict) else None
        texts = [_message(row) for row in rows] if isinstance(rows, list) else []
        return tuple(text for text in texts if text)[-lines:]

    async def _read(self, machine: MachineId) -> tuple[int, bytes]:
        async with (
            make_client(
                base_url=self._base_url, headers=self._headers, timeout=TIMEOUT, transport=self._transport
            ) as client,
            client.stream("GET", self._path, params={"instance": machine}) as response,
        ):
            return response.status_code, await read_at_most(response, MOST_BYTES)


def _message(row: Any) -> str:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    message = attributes.get("message") if isinstance(attributes, dict) else None
    return message if isinstance(message, str) else ""
