"""Runs one command once, on a machine of its own: a release command, or a test of a machine.

As in flyctl (machines_releasecommand.go), the machine is created stopped, started, and awaited; its exit event tells the result; then it
destroys itself. Its name identifies it, so the machine of an interrupted run is found again, even a while after its end. This run then waits
for it and uses its result. A failed command is run again, under the next name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import anyio

from entrypoint.fleet.errors import MachineGone, Refused, Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import ENDED, LEAVING, RESTING, UP
from entrypoint.kernel.ids import MachineId, Region
from entrypoint.kernel.json import Json
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import POLL
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.starting import start_machine

_SETTLE_WITHIN = 300.0
_SETTLE_SLICE = 10.0
"""Seconds to wait until the machine is stopped. Then it is started anyway, because some servers leave it `created`."""
_GONE = ("destroyed",)
"""What is waited for. Asked for several states, the client reads the machine itself when the wait is over: one read more, that could be the
last before Fly forgets the machine."""
_SLICE = 2.0
"""Seconds of one long poll. It is short, so that a machine that has ended and stays is not missed for long."""
_EXIT_WITHIN = 5.0
"""Seconds to wait for the exit event of a machine that has ended."""
_MOST_FAILURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to run. `timeout`: seconds; None: no limit. `lease_ttl`: seconds for which its machine is leased; None: no lease."""

    name: Callable[[int], str]
    """The name of its machine, by the number of the attempt."""
    region: Region
    config: Mapping[str, Json]
    timeout: float | None
    lease_ttl: int | None = None
    seen: Machine | None = None
    """The machine of an interrupted run, as `follow_task` saw it end. Fly may have forgotten it since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """How it ended. `exit_code`: None if it did not end in time, or if it ended (`ended`) and Fly does not tell its code."""

    machine: MachineId
    exit_code: int | None
    ended: bool
    adopted: bool
    """An interrupted run had started it."""
    oom_killed: bool = False


async def run_task(
    rollout: Rollout,
    task: Task,
    *,
    on_adopted: Callable[[], None] = lambda: None,
    on_made: Callable[[MachineId], None] = lambda _: None,
    on_running: Callable[[MachineId | None], None] = lambda _: None,
) -> TaskEnd:
    """Run it, or wait for the run of an interrupted job. Raises FleetError.

    `on_made`: called when there is a machine. `on_running`: before it is asked to start, and with None if Fly refuses that.
    """
    name, earlier = await _earlier(rollout, task)
    if earlier is None and _succeeded(task.seen):
        earlier = task.seen
    if earlier is not None and earlier.last_exit is not None:
        return _end(earlier, earlier, adopted=True)
    if earlier is None:
        machine = await _make(rollout, task, name=name)
    else:
        machine = earlier
        on_adopted()
        if task.lease_ttl is not None:
            with suppress(MachineGone):
                await rollout.leases.acquire([machine.id], description=rollout.job.description)
    on_made(machine.id)
    rollout.leases.leaving(machine.id)  # when it ends, it destroys itself, and its lease with it
    if machine.state in UP:
        on_running(machine.id)
    else:
        await _start(rollout, machine, on_running)
    seen = await _wait_for_end(rollout, machine, name=name, timeout=task.timeout)
    return _end(machine, seen, adopted=earlier is not None)


async def _make(rollout: Rollout, task: Task, *, name: str) -> Machine:
    """Create its machine, not started."""
    machine = await rollout.halting.write(
        lambda: rollout.machines.create(
            name=name,
            region=task.region,
            config=task.config,
            skip_launch=True,
            lease_ttl=task.lease_ttl,
        )
    )
    if machine.nonce:
        lease = Lease(machine=machine.id, nonce=machine.nonce, version=machine.version)
        rollout.leases.add(lease, ttl=task.lease_ttl)
    return machine


async def follow_task(rollout: Rollout, task: Task) -> Machine | None:
    """Wait until the run of an interrupted job ends; None if there is none. Writes nothing. Raises FleetError."""
    name, earlier = await _earlier(rollout, task)
    if earlier is None or earlier.last_exit is not None:
        return earlier
    return await _wait_for_end(rollout, earlier, name=name, timeout=task.timeout)


def _end(machine: Machine, seen: Machine | None, *, adopted: bool) -> TaskEnd:
    exit_ = seen.last_exit if seen is not None else None
    code = exit_.exit_code if exit_ else None
    return TaskEnd(
        machine=machine.id,
        exit_code=code,
        ended=seen is not None,
        adopted=adopted,
        oom_killed=exit_ is not None and exit_.oom_killed,
    )


async def _earlier(rollout: Rollout, task: Task) -> tuple[str, Machine | None]:
    """The machine of an earlier run that still runs or has succeeded, with its name; else None, and the name for a new one."""
    for attempt in range(_MOST_FAILURES):
        name = task.name(attempt)
        found = await rollout.machines.find(name=name)
        if found is None or _succeeded(found):
            return name, found
        if found.last_exit is None and found.state not in ENDED | LEAVING:
            return name, found
    return task.name(_MOST_FAILURES), None


def _succeeded(machine: Machine | None) -> bool:
    return machine is not None and machine.last_exit is not None and machine.last_exit.exit_code == 0


async def _start(rollout: Rollout, machine: Machine, on_running: Callable[[MachineId | None], None]) -> None:
    """Start it as soon as it is ready; until then the API refuses."""
    deadline = anyio.current_time() + _SETTLE_WITHIN
    while True:
        await rollout.machines.wait(machine.id, version=None, states=("stopped",), timeout=_SETTLE_SLICE)
        on_running(machine.id)
        try:
            await start_machine(rollout, machine.id)
        except Refused:
            on_running(None)
            state = (await rollout.machines.get(machine.id)).state
            if state not in RESTING or anyio.current_time() >= deadline:
                raise
        else:
            return


async def _wait_for_end(
    rollout: Rollout, machine: Machine, *, name: str, timeout: float | None
) -> Machine | None:
    """The machine after its end, if it can still be read; None if it did not end in time.

    It is read as soon as the wait answers, because Fly may forget a destroyed machine at once. Its exit event may come a little later than
    its state.
    """
    machines, ended_since = rollout.machines, float("inf")
    deadline = float("inf") if timeout is None else anyio.current_time() + timeout
    while True:
        begun = anyio.current_time()
        left = deadline - begun
        with suppress(Unavailable):
            await machines.wait(machine.id, version=None, states=_GONE, timeout=max(1.0, min(_SLICE, left)))
        try:
            seen = await machines.get(machine.id)
        except MachineGone:
            return await machines.find(name=name) or machine
        except Unavailable:
            if left <= 0:
                raise
        else:
            now = anyio.current_time()
            ended_since = min(ended_since, now) if seen.state in ENDED else float("inf")
            if seen.last_exit is not None or now - ended_since >= _EXIT_WITHIN:
                return seen
            if left <= 0 and seen.state not in ENDED:
                return None
        await anyio.sleep(max(0.0, begun + POLL - anyio.current_time()))
