"""A machine that runs one command once, on a server of its own manners: how its end is told, and what is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from entrypoint.fleet.errors import FleetError, Refused, Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Nonce, Region
from entrypoint.kernel.json import Json
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.task_machine import Task, TaskEnd, follow_task, run_task
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import ID, Strange, exited, seen, virtual

MADE, UP = seen("created"), seen("started")


def ended_with(code: int, state: str = "destroyed", **changes: object) -> Machine:
    return seen(state, last_exit=exited(code, **changes))


@dataclass(slots=True, kw_only=True)
class Once(Strange):
    """Makes and starts machine `m`, and knows those of earlier runs by name. `refusals`: how often a start is refused."""

    earlier: Mapping[str, Machine] = field(default_factory=dict)
    refusals: int = 0
    listed: Machine | None = None
    """What a list still shows under the name that was made."""

    async def find(self, *, name: str) -> Machine | None:
        self.calls.append(f"find {name}")
        return self.listed if "create" in self.calls else self.earlier.get(name)

    async def create(
        self,
        *,
        name: str,
        region: Region,
        config: Mapping[str, Json],
        skip_launch: bool,
        lease_ttl: int | None,
        routed: bool = True,
        adopts: bool = True,
    ) -> Machine:
        del name, region, config, lease_ttl, routed
        assert skip_launch
        self._answer("create")
        return MADE

    async def get(self, machine: MachineId) -> Machine:
        """Until it is started, it is as it was made."""
        is_new = "create" in self.calls and "start" not in self.calls
        return MADE if is_new else await Strange.get(self, machine)

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        del before, nonce
        self._answer("start")
        if self.refusals:
            self.refusals -= 1
            raise Refused("not ready")


def rolling(server: Once) -> Rollout:
    server.now()
    made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
    return begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))


def task(*, timeout: float | None = 60, seen: Machine | None = None) -> Task:
    return Task(name=lambda n: f"task-{n}", region=Region("ams"), config={}, timeout=timeout, seen=seen)


def run(
    server: Once, *, timeout: float | None = 60, seen: Machine | None = None
) -> tuple[TaskEnd | str, float]:
    """How it ended, or the error that says that nobody knows; and after how many seconds."""

    async def story() -> tuple[TaskEnd | str, float]:
        rollout = rolling(server)
        try:
            return await run_task(rollout, task(timeout=timeout, seen=seen)), server.now()
        except FleetError as error:
            return type(error).__name__, server.now()

    return virtual(story)


def end(code: int | None, *, ended: bool = True, adopted: bool = False, oom_killed: bool = False) -> TaskEnd:
    return TaskEnd(machine=ID, exit_code=code, ended=ended, adopted=adopted, oom_killed=oom_killed)


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ([(0, UP), (9, ended_with(0))], end(0)),
        ([(0, UP), (9, ended_with(3))], end(3)),
        ([(0, UP), (9, ended_with(137, oom_killed=True))], end(137, oom_killed=True)),
        ([(0, UP), (9, seen("destroyed")), (11, ended_with(3))], end(3)),
        ([(0, UP), (9, seen("destroyed"))], end(None)),
        ([(0, UP)], end(None, ended=False)),
        ([(0, UP), (59, seen("destroyed")), (62, ended_with(0))], end(0)),
    ],
    ids=[
        "success",
        "failure",
        "no memory",
        "code told later",
        "code never told",
        "runs on",
        "ends at the last moment",
    ],
)
def test_how_it_ends(timeline: list[tuple[float, Machine | None]], expected: TaskEnd) -> None:
    assert run(Once(timeline=timeline))[0] == expected


def test_the_code_of_a_machine_that_is_gone__is_looked_up_by_its_name() -> None:
    timeline: list[tuple[float, Machine | None]] = [(0, UP), (9, None)]
    assert run(Once(timeline=timeline, listed=ended_with(3)))[0] == end(3)
    assert run(Once(timeline=timeline))[0] == end(None)


def test_silence_of_the_api__is_waited_out_as_long_as_the_command_may_take() -> None:
    timeline: list[tuple[float, Machine | None]] = [(0, UP), (30, ended_with(0))]
    assert run(Once(timeline=timeline, silent=(12, 50)))[0] == end(0)
    assert run(Once(timeline=timeline, silent=(12, 500)), timeout=None)[0] == end(0)
    told, took = run(Once(timeline=timeline, silent=(12, 500)))
    assert told == Unavailable.__name__
    assert 60 <= took <= 75


@pytest.mark.parametrize(
    ("earlier", "expected", "writes"),
    [
        ([], end(0), ["create", "start"]),
        ([UP], end(0, adopted=True), []),
        ([seen("stopped")], end(0, adopted=True), ["start"]),
        ([ended_with(0)], end(0, adopted=True), []),
        ([ended_with(0, "stopped")], end(0, adopted=True), []),
        ([ended_with(3)], end(0), ["create", "start"]),
        ([ended_with(3), UP], end(0, adopted=True), []),
        ([seen("destroyed")], end(0), ["create", "start"]),
        ([seen("destroying"), UP], end(0, adopted=True), []),
        ([seen("failed")], end(0), ["create", "start"]),
    ],
    ids=[
        "none",
        "runs",
        "was not started yet",
        "succeeded",
        "succeeded and is still there",
        "failed",
        "failed once and runs",
        "gone without a code",
        "goes, the next runs",
        "fell over",
    ],
)
def test_runs_of_interrupted_jobs(earlier: list[Machine], expected: TaskEnd, writes: list[str]) -> None:
    """Those that failed are passed over; one that succeeded is believed, and one that runs is waited for."""
    server = Once(
        timeline=[(0, UP), (9, ended_with(0))],
        earlier={f"task-{n}": found for n, found in enumerate(earlier)},
    )
    assert run(server)[0] == expected
    assert [call for call in server.calls if call in {"create", "start"}] == writes


@pytest.mark.parametrize(
    ("earlier", "seconds"), [(None, 0), (ended_with(0), 0), (UP, 9)], ids=["none", "succeeded", "runs"]
)
def test_the_run_of_an_interrupted_job__is_followed_to_its_end_and_nothing_is_begun(
    earlier: Machine | None, seconds: float
) -> None:
    ended = ended_with(0)
    server = Once(timeline=[(0, UP), (9, ended)], earlier={"task-0": earlier} if earlier else {})

    async def story() -> tuple[Machine | None, float]:
        return await follow_task(rolling(server), task()), server.now()

    found, took = virtual(story)
    assert found == (ended if earlier else None)
    assert seconds <= took <= seconds + 1
    assert ("get" in server.calls) is (seconds > 0), "what is known is not asked"
    assert {"create", "start"}.isdisjoint(server.calls)


def test_a_run_that_was_seen_to_succeed__is_believed_though_fly_has_forgotten_it() -> None:
    assert run(Once(timeline=[]), seen=ended_with(0))[0] == end(0, adopted=True)
    timeline: list[tuple[float, Machine | None]] = [(0, UP), (9, ended_with(0))]
    assert run(Once(timeline=timeline), seen=ended_with(3))[0] == end(0)
    again = Once(timeline=timeline, earlier={"task-0": UP})
    assert run(again, seen=ended_with(0))[1] >= 9, "one that runs is the newest"


@pytest.mark.parametrize(
    ("state", "refusals", "starts"),
    [("created", 2, 3), ("stopped", 2, 3), ("failed", 1, 1), ("created", 999, 30)],
)
def test_a_start_that_is_refused__is_asked_again_while_the_machine_gets_ready(
    state: str, refusals: int, starts: int
) -> None:
    server = Once(timeline=[(0, seen(state)), (600, ended_with(0))], refusals=refusals)
    told, took = run(server, timeout=None)
    assert told == (end(0) if refusals == 2 else Refused.__name__)
    assert server.calls.count("start") in {starts, starts + 1}
    assert took >= 300 or starts < 30
