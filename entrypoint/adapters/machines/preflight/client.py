"""modes.ports.Preflight over the Machines API. Each question is a file, loaded when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrypoint.adapters.machines.transport import Transport
    from entrypoint.fleet.model import HeldLease
    from entrypoint.fleet.preflight import Placement, SetSecret, TokenOwner, TokenRights
    from entrypoint.kernel.ids import AppName, MachineId


class PreflightClient:
    """The requests of one app. `header`: the Authorization header of all requests."""

    def __init__(self, http: Transport, *, app: AppName, root: str, header: str) -> None:
        self._http = http
        self._app = app
        self._root = root
        self._header = header

    async def secrets(self) -> tuple[SetSecret, ...] | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.secrets import ask_secrets

        return await ask_secrets(self._http, root=self._root)

    async def leases(self) -> Mapping[MachineId, HeldLease] | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.leases import ask_leases

        return await ask_leases(self._http, root=self._root)

    async def token(self) -> TokenRights | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.token import ask_token

        return await ask_token(self._http, app=self._app, header=self._header)

    async def owner(self) -> TokenOwner | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.owner import ask_owner

        return await ask_owner(self._http)

    async def clock(self) -> int | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.clock import ask_clock

        return await ask_clock(self._http, root=self._root)

    async def room(self, wanted: Placement) -> int | None:
        """See modes.ports.Preflight."""
        from entrypoint.adapters.machines.preflight.placements import ask_room

        return await ask_room(self._http, wanted)
