"""Reads machines that somebody waits for. If several are due at about the same time, one list request reads them all.

Fly allows one list per second and app, and five reads per second and machine. A list's row counts only if it is complete and good news;
otherwise the machine itself is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import HealthGate
from entrypoint.rollout.expectation import POLL, Expectation, look, without_old_exits
from entrypoint.rollout.ports import Machines

SOON = 0.5
"""Seconds between readings of a machine whose checks are likely to pass soon."""
SOON_FOR = 3.0
"""Seconds after the start in which checks are read every SOON seconds, afterwards every POLL."""
ALONE = 0.25
"""The same for one or two machines, for which nobody else reads."""
LIKELY, LIKELY_FROM, LIKELY_UNTIL = 0.125, 1.0, 1.5
"""The same from one to one and a half seconds after the start, when most first checks pass. Fly allows bursts of ten reads."""
FROM = 3
"""A list is made if so many machines are due for each of its pages."""
PAGE = 1000
TOGETHER = 0.5
"""Seconds that a machine which is due waits for others that are due soon. A wave waits for its last machine anyway."""
APART, AT_ONCE = 1.01, 2
"""Seconds between lists, after so many in a burst. Fly allows a burst of three; the third is left to others."""
LIST_WITHIN, PAGE_WITHIN = 5.0, 2.0
"""Seconds that a list may take, plus so many for each page, so that a slow list does not delay every gate."""
WITHOUT = 10.0
"""Seconds for which machines are read one by one after a list that failed."""
AT_MOST = 3.0
"""Seconds that a first read may be delayed, so that a crash is noticed soon."""


@dataclass(slots=True, kw_only=True)
class _Waiter:
    """One machine to read at the time `due` or later."""

    machine: MachineId
    due: float
    told: anyio.Event = field(default_factory=anyio.Event)
    row: Machine | None = None

    def tell(self, row: Machine | None) -> None:
        self.row = row
        self.told.set()


class Looks:
    """Shared reads. The first caller that is due reads for all that are due by then; there is no background task."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._waiting: list[_Waiter] = []
        self._gathers = False
        self._next_list = float("-inf")
        self._none_until = float("-inf")
        self._rows = 0
        self._took: dict[tuple[tuple[str, ...], str], float] = {}
        self._listed = anyio.Event()
        self._newest: dict[MachineId, Machine] = {}
        self._asked_at = float("-inf")
        self._gates = 0

    async def look(
        self, expected: Expectation, *, due: float, until: float, doubts: Callable[[Machine], bool]
    ) -> Machine:
        """Like expectation.look, at the time `due` or a little later. `doubts`: whether a list's row is not enough, so that the machine
        itself must be read.
        """
        row = await self._wait_for_list(expected.machine, due=due)
        if row is not None:
            seen = without_old_exits(row, expected)
            if not doubts(seen):
                return seen
        return await look(self._machines, expected, until=until)

    @contextmanager
    def gating(self) -> Iterator[None]:
        """Count one more machine that somebody waits for, inside the block."""
        self._gates += 1
        try:
            yield
        finally:
            self._gates -= 1

    def first_look(self, gate: HealthGate) -> float:
        """Seconds from a machine's start to its first read: as long as earlier machines took to pass, if known; for many machines not before
        most checks pass, because lists are allowed less often.
        """
        unknown = SOON if self._gates < FROM else LIKELY_FROM
        return min(self._took.get(_key(gate), unknown), AT_MOST)

    def apart(self, age: float) -> float:
        """Seconds until the next reading of a machine that has run for `age` seconds."""
        if age >= SOON_FOR:
            return POLL
        if self._gates >= FROM:
            return SOON
        return LIKELY if LIKELY_FROM <= age < LIKELY_UNTIL else ALONE

    def newest(self, *, since: float) -> dict[MachineId, Machine] | None:
        """The rows of the newest list; None if it was requested before `since`."""
        return self._newest if self._asked_at >= since else None

    def learn(self, gate: HealthGate, seen: Machine, *, seconds: float) -> None:
        """Note how long the checks of a machine took: by the platform's times, if these have milliseconds; else `seconds`, from its start
        to the read that showed it.
        """
        passed = max((row.updated_at for row in seen.checks if row.updated_at is not None), default=None)
        if passed is not None and passed % 1000 and seen.last_start is not None:
            seconds = (passed - seen.last_start) / 1000
        self._took[_key(gate)] = max(0.0, min(seconds, self._took.get(_key(gate), seconds)))

    async def next_list(self, *, within: float) -> dict[MachineId, Machine]:
        """The rows of the next list that anybody requests. After `within` seconds, this requests one. Raises FleetError."""
        with anyio.move_on_after(within):
            await self._listed.wait()
            return self._newest
        return await self._list()

    async def _wait_for_list(self, machine: MachineId, *, due: float) -> Machine | None:
        """The machine's row in a list; None if no list was made, or it failed."""
        waiter = _Waiter(machine=machine, due=due)
        self._waiting.append(waiter)
        try:
            await anyio.sleep_until(due)
            if not self._gathers and not waiter.told.is_set():
                await self._look_for_all()
            await waiter.told.wait()
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        return waiter.row

    async def _look_for_all(self) -> None:
        batch: list[_Waiter] = []
        rows: dict[MachineId, Machine] = {}
        self._gathers = True
        try:
            try:
                await self._gather()
            finally:
                self._gathers = False
                now = anyio.current_time()
                batch = [waiter for waiter in self._waiting if waiter.due <= now]
                self._waiting = [waiter for waiter in self._waiting if waiter.due > now]
            if self._is_worth_it(len(batch)):
                rows = await self._list_soon()
        finally:  # in any case, so that nobody waits for ever
            for waiter in batch:
                waiter.tell(rows.get(waiter.machine))

    async def _gather(self) -> None:
        """Wait until all that are due soon are due; if they are many, also until Fly allows a list."""
        latest = anyio.current_time() + TOGETHER
        while True:
            now = anyio.current_time()
            soon = [waiter.due for waiter in self._waiting if waiter.due <= latest]
            until = max(soon, default=now)
            if self._is_worth_it(len(soon)):
                until = max(until, self._next_list)
            if until <= now:
                return
            await anyio.sleep_until(until)

    def _is_worth_it(self, due: int) -> bool:
        return due >= FROM * self._pages() and anyio.current_time() >= self._none_until

    def _pages(self) -> int:
        return -(-max(self._rows, 1) // PAGE)

    async def _list_soon(self) -> dict[MachineId, Machine]:
        """The rows of a list; empty if it fails or takes too long."""
        with suppress(FleetError), anyio.move_on_after(LIST_WITHIN + PAGE_WITHIN * self._pages()):
            return await self._list()
        self._none_until = anyio.current_time() + WITHOUT
        return {}

    async def _list(self) -> dict[MachineId, Machine]:
        earliest = anyio.current_time() - (AT_ONCE - 1) * APART
        self._next_list = max(self._next_list, earliest) + APART
        asked_at = anyio.current_time()
        found = await self._machines.list_machines()
        self._asked_at, self._rows = asked_at, len(found)
        self._newest = {machine.id: machine for machine in found}
        told, self._listed = self._listed, anyio.Event()
        told.set()
        return self._newest


def _key(gate: HealthGate) -> tuple[tuple[str, ...], str]:
    return gate.checks, gate.label
