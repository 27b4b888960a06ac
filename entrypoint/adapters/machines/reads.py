"""Reads an app, its machines and volumes: all pages. Waits for a machine that was just created and is not found yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import anyio
from anyio.abc import TaskGroup

from entrypoint.adapters.machines.answers import NOT_FLY, Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.transport import Transport
from entrypoint.concurrency import gather
from entrypoint.fleet.errors import AppNotFound, FleetError, MachineGone, Refused, Unavailable
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.ids import AppName, MachineId

if TYPE_CHECKING:  # what reads an answer is loaded while it is on its way
    from entrypoint.fleet.model import Address, App, Fleet, Machine, Volume

PAGE = 1000
MOST_PAGES = 200
UNKNOWN_FOR = 15.0
"""Seconds after its create in which a replica may not know a machine yet."""
_AT_ONCE = 20

T = TypeVar("T")


class Reads:
    """GETs of one app."""

    def __init__(self, http: Transport, *, app: AppName) -> None:
        self._http = http
        self._app = app
        self._new_until: dict[MachineId, float] = {}
        self.root = f"/v1/apps/{quote(app, safe='')}"

    def path(self, machine: MachineId) -> str:
        """The path of a machine."""
        return f"{self.root}/machines/{quote(machine, safe='')}"

    def made(self, machine: MachineId) -> None:
        """Note that it was just created: for a while, a 404 means "not found yet"."""
        self._new_until[machine] = anyio.current_time() + UNKNOWN_FOR

    async def observe(self) -> Fleet:
        """App, machines and volumes, read side by side."""
        async with anyio.create_task_group() as group:
            app = _start(group, self._read_app)
            listed = _start(group, partial(self._list_with_leaving, to_plan=True))
            volumes = _start(group, self.list_volumes)
        from entrypoint.fleet.model import App, Fleet

        try:
            seen = app()
        except (AppNotFound, MachineGone) as error:
            if not any(_or_nothing(listed)):  # some servers have machines, but no apps
                raise AppNotFound(
                    f"There is no app {self._app} ({error}).",
                    hint="Create it first (fly apps create), or correct `app`.",
                ) from error
            seen = App(name=self._app, status="deployed", organization="")
        machines, leaving = listed()
        fleet = Fleet(app=seen, machines=machines, volumes=tuple(_let_go(volumes(), leaving)))
        if fleet.machines:
            return fleet
        return replace(fleet, addresses=await self._addresses_or_none())

    async def _addresses_or_none(self) -> tuple[Address, ...] | None:
        """The addresses; None if the request fails. A first deploy reads them again before it allocates any."""
        try:
            return await self.list_addresses()
        except FleetError:
            return None

    async def list_addresses(self) -> tuple[Address, ...] | None:
        """The app's addresses; None if the server does not support them."""
        what = f"listing the addresses of {self._app}"
        accept = frozenset({404, 405, 501})
        answer = await self._http.send(
            self._call(f"{self.root}/ip_assignments", "addresses", self._app, what=what, accept=accept)
        )
        from entrypoint.adapters.machines.wire import read_addresses

        return tuple(read_addresses(answer.json())) if answer.is_success else None

    async def get(self, machine: MachineId) -> Machine:
        """One machine now. Raises MachineGone."""
        call = self._call(self.path(machine), "get", machine, what=f"reading machine {machine}")
        while True:
            try:
                answer = await self._http.send(call)
            except MachineGone:
                if anyio.current_time() >= self._new_until.get(machine, 0.0):
                    raise
                await anyio.sleep(1)
            else:
                self._new_until.pop(machine, None)
                return machine_in(answer)

    async def find(self, *, name: str) -> Machine | None:
        """The machine of this name: one that exists before a destroyed one, then the newest."""
        rows = [row for row in await self._list_rows(include_deleted=True) if row.get("name") == name]
        from entrypoint.adapters.machines.wire import read_machine

        if not rows:
            return None
        newest = max(
            rows, key=lambda row: (row.get("state") not in LEAVING, str(row.get("created_at") or ""))
        )
        found = read_machine(newest)
        try:
            return await self.get(found.id)  # a list may leave out events
        except MachineGone:
            return found

    async def find_alive(self, *, name: str) -> MachineId | None:
        """The machine that has this name now."""
        alive = [row for row in await self._list_rows() if row.get("state") not in LEAVING]
        from entrypoint.adapters.machines.wire import read_machine

        return next((read_machine(row).id for row in alive if row.get("name") == name), None)

    async def _read_app(self) -> App:
        call = self._call(self.root, "app", self._app, what=f"reading app {self._app}")
        answer = await self._http.send(call)
        from entrypoint.adapters.machines.wire import read_app

        return read_app(answer.object(), name=self._app)

    async def list_machines(self) -> tuple[Machine, ...]:
        """All machines that are not being destroyed."""
        return (await self._list_with_leaving(to_plan=False))[0]

    async def _list_with_leaving(self, *, to_plan: bool) -> tuple[tuple[Machine, ...], frozenset[MachineId]]:
        """All machines, and the ids of those that are being destroyed, which are not among them. `to_plan`: equal configs become one
        object.
        """
        every = await self._list_rows()
        from entrypoint.adapters.machines.wire import has_config, read_alike, read_machine

        rows = [row for row in every if row.get("state") not in LEAVING]
        leaving = frozenset(MachineId(row["id"]) for row in every if row.get("state") in LEAVING)
        bare = [MachineId(row["id"]) for row in rows if not has_config(row)]
        whole = dict(
            zip(bare, await gather([partial(self._live, id_) for id_ in bare], at_once=_AT_ONCE), strict=True)
        )
        with_config = (row for row in rows if has_config(row))
        read = read_alike(with_config) if to_plan else map(read_machine, with_config)
        found = (next(read) if has_config(row) else whole[row["id"]] for row in rows)
        return tuple(machine for machine in found if machine is not None), leaving

    async def _live(self, machine: MachineId) -> Machine | None:
        """A machine that the list shows without its config; None if it was destroyed since."""
        try:
            return await self.get(machine)
        except MachineGone:
            return None

    async def _list_rows(self, *, include_deleted: bool = False) -> list[dict[str, Any]]:
        params = (("include_deleted", "true"),) if include_deleted else ()
        what = f"listing the machines of {self._app}"
        try:
            return await self._pages("machines", (("limit", str(PAGE)), *params), what=what)
        except Refused:  # a server without pages, or with smaller ones
            return await self._pages("machines", params, what=what)

    async def list_volumes(self) -> tuple[Volume, ...]:
        """All volumes that are not being destroyed; empty from a server that does not support them."""
        rows = await self._pages(
            "volumes", (), what=f"listing the volumes of {self._app}", accept=frozenset({404, 405, 501})
        )
        from entrypoint.adapters.machines.wire import read_volumes

        return tuple(read_volumes(rows))

    async def _pages(
        self,
        key: str,
        params: tuple[tuple[str, str], ...],
        *,
        what: str,
        accept: frozenset[int] = frozenset(),
    ) -> list[dict[str, Any]]:
        """All rows, each id once. Servers name the next page in a header, in the body, or not at all."""
        found: dict[str, dict[str, Any]] = {}
        cursors = [""]
        while len(cursors) <= MOST_PAGES:
            cursor = (("cursor", cursors[-1]),) if cursors[-1] else ()
            action = "list" if key == "machines" else key
            answer = await self._http.send(
                self._call(
                    f"{self.root}/{key}", action, self._app, what=what, params=params + cursor, accept=accept
                )
            )
            if not answer.is_success or answer.status == 204:
                return list(found.values())
            from entrypoint.adapters.machines.wire import read_cursor, read_rows

            body = answer.json()
            try:
                found |= {row["id"]: row for row in read_rows(body, key=key)}
            except ValueError as error:
                raise answer.unexpected(f"no list of {key}") from error
            following = answer.headers.get("fly-next-cursor", "") or read_cursor(body)
            if not following:
                return list(found.values())
            if following in cursors:
                raise answer.unexpected("a page that leads back to itself")
            cursors.append(following)
        raise Unavailable(f"{what}: more than {MOST_PAGES} pages", hint=NOT_FLY)

    def _call(
        self,
        path: str,
        action: str,
        identifier: str,
        *,
        what: str,
        params: tuple[tuple[str, str], ...] = (),
        accept: frozenset[int] = frozenset(),
    ) -> Call:
        return Call(
            method="GET",
            path=path,
            action=action,
            identifier=identifier,
            what=what,
            repeatable=True,
            params=params,
            accept=accept,
        )


def machine_in(answer: Answer) -> Machine:
    """The machine in an answer. Raises Unavailable if there is none."""
    from entrypoint.adapters.machines.wire import read_machine

    body = answer.json()
    try:
        return read_machine(body if isinstance(body, dict) else {})
    except ValueError as error:
        raise answer.unexpected("not a machine") from error


def _let_go(volumes: Iterable[Volume], leaving: Collection[MachineId]) -> Iterator[Volume]:
    """The volumes; those of machines that are being destroyed count as free, because they soon are, and a create waits for that. So the run
    after a rollback finds the volume of a machine that the rollback destroyed.
    """
    for volume in volumes:
        yield replace(volume, attached_machine=None) if volume.attached_machine in leaving else volume


def _or_nothing(read: Callable[[], T]) -> T | tuple[()]:
    try:
        return read()
    except (AppNotFound, MachineGone):
        return ()


def _start(group: TaskGroup, read: Callable[[], Awaitable[T]]) -> Callable[[], T]:
    """Begin `read`. When the group has ended, the returned function returns the value or raises the FleetError."""
    kept: list[T] = []
    failed: list[FleetError] = []

    async def run() -> None:
        try:
            kept.append(await read())
        except FleetError as error:
            failed.append(error)

    def result() -> T:
        if failed:
            raise failed[0]
        return kept[0]

    group.start_soon(run)
    return result
