"""The Machines API of one app: rollout.ports.Machines over httpx.

Writes are executed exactly once, whatever the network does: after an unclear answer the client looks before it repeats. A create
is recognised by its name, an update by version and metadata.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import anyio
import httpx

from entrypoint import __version__
from entrypoint.adapters.machines.classify import Conflicting, NameTaken, Settling
from entrypoint.adapters.machines.leases import LeaseCalls
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.tokens import authorization
from entrypoint.adapters.machines.transport import Ambiguous, Call, Transport
from entrypoint.adapters.machines.wire import read_app, read_machine, read_machines, read_volumes
from entrypoint.fleet.errors import (
    AppNotFound,
    FleetError,
    MachineGone,
    Refused,
    Unavailable,
    VersionConflict,
)
from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.fleet.model import App, Fleet, Machine, Volume
from entrypoint.kernel.ids import AppName, MachineId, Nonce, Region, Version
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.secrets import Secret
from entrypoint.rollout.ports import Lease

PAGE = 500
_GONE = ("destroyed", "destroying")
MOST_PAGES = 200
WAIT_MARGIN = 15.0
"""Seconds that the answer to a long poll may be late."""
LONGEST_WAIT = 60
SETTLE_TRIES = 30
LOOKS = 5
"""How often an unclear write is looked for: lists come from replicas that lag."""


class MachinesClient:
    """Use it as an async context manager. `transport` replaces the network in tests."""

    def __init__(
        self,
        *,
        app: AppName,
        base_url: str,
        token: Secret,
        transport: httpx.AsyncBaseTransport | None = None,
        lease_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._app = app
        self._root = f"/v1/apps/{quote(app, safe='')}"
        limiter, dice = Limiter(), random.Random()  # noqa: S311  # jitter
        self._client = _make_client(base_url, token, transport)
        self._lease_client = _make_client(base_url, token, lease_transport or transport)
        self._http = Transport(self._client, limiter=limiter, dice=dice)
        self._leases = LeaseCalls(Transport(self._lease_client, limiter=limiter, dice=dice), root=self._root)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._lease_client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._lease_client.__aexit__(kind, error, trace)
        await self._client.__aexit__(kind, error, trace)

    async def observe(self) -> Fleet:
        """App, machines and volumes, read side by side."""
        found: dict[str, Any] = {}

        async def keep(name: str, read: Any) -> None:
            try:
                found[name] = await read()
            except FleetError as error:
                found[name] = error

        async with anyio.create_task_group() as group:
            group.start_soon(keep, "app", self._read_app)
            group.start_soon(keep, "machines", self._list_machines)
            group.start_soon(keep, "volumes", self._list_volumes)
        for name in ("app", "machines", "volumes"):
            if isinstance(found[name], FleetError):
                raise found[name]
        return Fleet(app=found["app"], machines=found["machines"], volumes=found["volumes"])

    async def get(self, machine: MachineId) -> Machine:
        """One machine now; one that was just made may take a moment to be found."""
        response = await self._http.send(
            Call(
                method="GET",
                path=self._path(machine),
                action="get",
                identifier=machine,
                what=f"reading machine {machine}",
                repeatable=True,
            )
        )
        return _machine(response, f"reading machine {machine}")

    async def find(self, *, name: str) -> Machine | None:
        """By name, among destroyed machines too as long as the API shows them."""
        named = [machine for machine in await self._list_all(include_deleted=True) if machine.name == name]
        alive = [machine for machine in named if machine.state not in _GONE]
        if not named:
            return None
        found = alive[-1] if alive else named[-1]
        try:
            return await self.get(found.id)  # a list may leave out events
        except MachineGone:
            return found

    async def create(
        self,
        *,
        name: str,
        region: Region,
        config: Mapping[str, Json],
        skip_launch: bool,
        lease_ttl: int | None,
    ) -> Machine:
        """Create `name`, or return what an earlier attempt made under this name."""
        body: JsonObject = {"name": name, "config": dict(config)}
        if region:
            body["region"] = region
        if skip_launch:
            body["skip_launch"] = True
        if lease_ttl is not None:
            body["lease_ttl"] = lease_ttl
        what = f"creating machine {name}"
        call = Call(
            method="POST",
            path=f"{self._root}/machines",
            action="create",
            identifier=self._app,
            what=what,
            repeatable=False,
            body=body,
        )
        for attempt in range(LOOKS):
            try:
                return _machine(await self._http.send(call), what)
            except NameTaken as taken:
                return await self._adopt(taken.machine, name=name, config=config)
            except Ambiguous:
                await anyio.sleep(1 + attempt)
                found = await self._find_by_name(name)
                if found is not None:
                    return await self._adopt(found, name=name, config=config)
            except Settling:
                await anyio.sleep(2 + attempt)
        raise Unavailable(
            f"{what}: no clear answer after {LOOKS} attempts",
            hint="Run it again: it goes on where it stopped.",
        )

    async def update(
        self,
        machine: MachineId,
        *,
        config: Mapping[str, Json],
        region: Region,
        expects: Version,
        nonce: Nonce | None,
        skip_launch: bool,
    ) -> Machine:
        """Replace the config if the version is still `expects`."""
        body: JsonObject = {"config": dict(config), "current_version": expects}
        if region:
            body["region"] = region
        if skip_launch:
            body["skip_launch"] = True
        what = f"updating machine {machine}"
        call = Call(
            method="POST",
            path=self._path(machine),
            action="update",
            identifier=machine,
            what=what,
            repeatable=False,
            body=body,
            nonce=nonce,
        )
        for attempt in range(LOOKS):
            try:
                return _machine(await self._http.send(call), what)
            except (Ambiguous, VersionConflict, Conflicting) as error:
                await anyio.sleep(0.5 * (1 + attempt))
                live = await self.get(machine)
                if live.version != expects:
                    return _ours(live, config, what=what, error=error)
                if isinstance(error, VersionConflict):
                    raise
            except Settling:
                await anyio.sleep(1 + attempt)
        raise Unavailable(
            f"{what}: no clear answer after {LOOKS} attempts",
            hint="Run it again: it goes on where it stopped.",
        )

    async def start(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Start; while the machine settles, ask again."""
        for _ in range(SETTLE_TRIES):
            try:
                response = await self._post(machine, "start", nonce=nonce)
            except Settling:
                if (await self.get(machine)).state in ("started", "starting"):
                    return
                await anyio.sleep(1)
                continue
            if _status_inside(response) != "error":
                return
            await anyio.sleep(1)
        raise Refused(f"starting machine {machine}: it did not get ready to start")

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop; idempotent."""
        await self._post(machine, "stop", nonce=nonce, body={})

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy by force; 404 is done."""
        call = Call(
            method="DELETE",
            path=self._path(machine),
            action="destroy",
            identifier=machine,
            what=f"destroying machine {machine}",
            repeatable=True,
            params=(("force", "true"),),
            nonce=nonce,
            accept=frozenset({404}),
        )
        await self._http.send(call)

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        """One long poll of at most 60 s. 408 is not yet; a server that takes one state only is asked for the first."""
        seconds = max(1, min(LONGEST_WAIT, int(timeout)))
        for asked in (states, states[:1]):
            params = [("state", state) for state in asked] + [("timeout", str(seconds))]
            if version:
                params.append(("version", version))
            call = Call(
                method="GET",
                path=f"{self._path(machine)}/wait",
                action="wait",
                identifier=machine,
                what=f"waiting for machine {machine}",
                repeatable=True,
                params=tuple(params),
                timeout=seconds + WAIT_MARGIN,
                accept=frozenset({400, 404, 408}),
            )
            response = await self._http.send(call)
            if response.status_code == 404 and "destroyed" in states:
                return "destroyed"
            if response.is_success:
                reached = _object(response).get("state")
                return reached if isinstance(reached, str) and reached else states[0]
            if response.status_code != 400:
                return None
        return None

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        """See adapters/machines/leases.py."""
        return await self._leases.acquire(machine, ttl=ttl, description=description, patience=patience)

    async def refresh_lease(self, lease: Lease, *, ttl: int) -> None:
        """See adapters/machines/leases.py."""
        await self._leases.refresh(lease, ttl=ttl)

    async def release_lease(self, lease: Lease) -> None:
        """See adapters/machines/leases.py."""
        await self._leases.release(lease)

    def _path(self, machine: MachineId) -> str:
        return f"{self._root}/machines/{quote(machine, safe='')}"

    async def _read_app(self) -> App:
        what = f"reading app {self._app}"
        call = Call(
            method="GET", path=self._root, action="app", identifier=self._app, what=what, repeatable=True
        )
        try:
            app = read_app(_object(await self._http.send(call)))
        except MachineGone as error:
            raise AppNotFound(
                f"There is no app {self._app}.", hint="Create it first (fly apps create), or correct `app`."
            ) from error
        return app if app.name else App(name=self._app, status=app.status, organization=app.organization)

    async def _list_machines(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in await self._list_all() if machine.state not in _GONE)

    async def _list_all(self, *, include_deleted: bool = False) -> tuple[Machine, ...]:
        found: dict[MachineId, Machine] = {}
        cursor = ""
        for _ in range(MOST_PAGES):
            params = [("limit", str(PAGE))] + ([("cursor", cursor)] if cursor else [])
            if include_deleted:
                params.append(("include_deleted", "true"))
            call = Call(
                method="GET",
                path=f"{self._root}/machines",
                action="list",
                identifier=self._app,
                what=f"listing the machines of {self._app}",
                repeatable=True,
                params=tuple(params),
            )
            response = await self._http.send(call)
            found |= {machine.id: machine for machine in read_machines(_json(response))}
            cursor = response.headers.get("fly-next-cursor", "")
            if not cursor:
                break
        return tuple(found.values())

    async def _list_volumes(self) -> tuple[Volume, ...]:
        call = Call(
            method="GET",
            path=f"{self._root}/volumes",
            action="volumes",
            identifier=self._app,
            what=f"listing the volumes of {self._app}",
            repeatable=True,
        )
        return tuple(read_volumes(_json(await self._http.send(call))))

    async def _post(
        self, machine: MachineId, verb: str, *, nonce: Nonce | None, body: JsonObject | None = None
    ) -> httpx.Response:
        call = Call(
            method="POST",
            path=f"{self._path(machine)}/{verb}",
            action=verb,
            identifier=machine,
            what=f"{verb} of machine {machine}",
            repeatable=True,
            body=body,
            nonce=nonce,
        )
        return await self._http.send(call)

    async def _find_by_name(self, name: str) -> MachineId | None:
        for machine in await self._list_machines():
            if machine.name == name:
                return machine.id
        return None

    async def _adopt(self, machine: MachineId, *, name: str, config: Mapping[str, Json]) -> Machine:
        live = await self.get(machine)
        return _ours(
            live, config, what=f"creating machine {name}", error=Refused(f"the name {name} is taken")
        )


def _make_client(
    base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        headers={"Authorization": authorization(token), "User-Agent": f"flightplan/{__version__}"},
        limits=httpx.Limits(max_connections=400, max_keepalive_connections=100),
        follow_redirects=False,
    )


def _ours(live: Machine, config: Mapping[str, Json], *, what: str, error: FleetError) -> Machine:
    """The machine, if it is what we sent: same image and metadata. Raises VersionConflict otherwise."""
    sent = config.get("metadata")
    wanted = {k: v for k, v in sent.items() if isinstance(v, str)} if isinstance(sent, Mapping) else {}
    stable = {k: v for k, v in wanted.items() if k not in VOLATILE_KEYS or k.startswith("flightplan_")}
    if all(live.metadata.get(key) == value for key, value in stable.items()) and _same_image(live, config):
        return live
    raise VersionConflict(
        f"{what}: {error}", hint="Somebody else changed it meanwhile. Plan again."
    ) from error


def _same_image(live: Machine, config: Mapping[str, Json]) -> bool:
    asked, found = config.get("image"), live.config.get("image")
    if asked == found or not isinstance(asked, str):
        return True
    return live.image_digest is not None and asked.endswith(live.image_digest)


def _machine(response: httpx.Response, what: str) -> Machine:
    try:
        return read_machine(_object(response))
    except ValueError as error:
        raise Unavailable(f"{what}: the answer is not a machine", hint="Is this a Machines API?") from error


def _status_inside(response: httpx.Response) -> str:
    """`start` may answer 200 with status "error" in it (machines-api §5.3)."""
    found = _object(response).get("status")
    return found if isinstance(found, str) else ""


def _object(response: httpx.Response) -> dict[str, Any]:
    found = _json(response)
    return found if isinstance(found, dict) else {}


def _json(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else {}
    except (ValueError, RecursionError) as error:
        raise Unavailable(
            f"{response.request.url.path}: the answer is not JSON", hint="Is this a Machines API?"
        ) from error
