"""Under lease: is it still the fleet that was planned? Lists lag; nothing is said of a machine before it was read by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from entrypoint.fleet.errors import MachineGone, Unavailable
from entrypoint.fleet.marks import DONE, CommitMark, DoneMark, format_done
from entrypoint.fleet.model import Fleet, HostStatus, Machine
from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.ids import MachineId, Nonce, Version
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.ledger import Written
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.proof import prove
from entrypoint.rollout.recheck import recheck
from tests.unit.planning.kit import after, fleet, machine, plan
from tests.unit.rollout.strange import Strange, virtual

WEB = '[processes]\nweb = "bin/web"\n'
FLEET = (machine("a"), machine("b"), machine("s", state="stopped"))


@dataclass(slots=True, kw_only=True)
class Lagging(Strange):
    """Lists what was, reads what is."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    listed: Fleet
    real: tuple[Machine, ...]

    async def observe(self) -> Fleet:
        self._answer("observe")
        return self.listed

    async def list_machines(self) -> tuple[Machine, ...]:
        return (await self.observe()).machines

    async def get(self, machine: MachineId) -> Machine:
        self._answer("get")
        found = [m for m in self.real if m.id == machine]
        if not found:
            raise MachineGone(f"machine {machine} not found")
        return found[0]


KEY = "0123456789ab"
ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def rollout(made: Plan, server: Lagging, *, marks: RunMarks | None = None) -> Rollout:
    return begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None), marks=marks)


def green(commit: str, *, run: int = 3, key: str = KEY, machine_id: str = "a") -> Machine:
    """A machine with the mark of a green deploy."""
    mark = format_done(DoneMark(run=run, commit=commit, key=key, inputs={}))
    planned = machine(machine_id)
    return machine(machine_id, config={"metadata": {**planned.metadata, DONE: mark}})


def moved(
    *real: Machine,
    listed: tuple[Machine, ...] | None = None,
    lease: str = "",
    planned: tuple[Machine, ...] = FLEET,
    marks: RunMarks | None = None,
) -> tuple[str, ...]:
    made = plan(WEB, *planned)
    server = Lagging(listed=fleet(*(real if listed is None else listed)), real=real)

    async def story() -> tuple[str, ...]:
        run = rollout(made, server, marks=marks)
        if lease:
            run.leases.add(Lease(machine=MachineId("a"), nonce=Nonce("n"), version=Version(lease)))
        return (await recheck(run))[0]

    return virtual(story)


def test_the_planned_fleet__has_not_moved() -> None:
    assert moved(*FLEET) == ()
    assert moved(*FLEET, lease="a-1") == ()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((machine("a", version="a-9"), *FLEET[1:]), "machine a was changed"),
        (FLEET[1:], "machine a is gone"),
        (
            (machine("a", host_status=HostStatus.UNREACHABLE), *FLEET[1:]),
            "machine a has lost its host (unreachable)",  # its config is not whole: nothing to restore
        ),
        ((*FLEET, machine("x")), "machine x appeared"),
        ((machine("a", state="stopped"), *FLEET[1:]), "machine a was started and is stopped"),
        ((*FLEET[:2], machine("s")), "machine s was stopped and is started"),
        (
            (
                machine("a", config={"metadata": {"fly_platform_version": "v2", "fly_process_group": "x"}}),
                *FLEET[1:],
            ),
            "machine a was changed",
        ),
    ],
)
def test_what_moved__is_said(now: tuple[Machine, ...], said: str) -> None:
    assert moved(*now) == (said,)


def test_a_lease_that_names_another_version__is_believed() -> None:
    assert moved(*FLEET, lease="a-9") == ("machine a was changed",)


OURS = RunMarks(commit=CommitMark(commit=ONE, key=KEY, run=3), done=None, inputs={}, secret=None)
ANOTHER = ("machine a was marked by another deploy (commit 2222222)",)


@pytest.mark.parametrize("was", [FLEET[0], green(THREE, run=2)])
@pytest.mark.parametrize("run", [3, 1])
def test_another_commit_proven_green_since_the_plan__is_said(was: Machine, run: int) -> None:
    """It wrote nothing but its mark, which changes no version."""
    planned = (was, *FLEET[1:])
    assert moved(green(TWO, run=run), *FLEET[1:], planned=planned, marks=OURS) == ANOTHER
    assert moved(green(TWO, run=run), *FLEET[1:], planned=planned, listed=planned, marks=OURS) == ()
    assert moved(*planned, planned=planned, listed=(green(TWO), *FLEET[1:]), marks=OURS) == ()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (green(TWO), green(TWO)),
        (FLEET[0], green(ONE)),
        (FLEET[0], green(TWO, key="f" * 12)),
        (green(TWO), FLEET[0]),
    ],
    ids=["known when planned", "our own commit", "another key", "taken off"],
)
def test_what_is_no_newer_deploy_of_the_key__has_not_moved(was: Machine, now: Machine) -> None:
    assert moved(now, *FLEET[1:], planned=(was, *FLEET[1:]), marks=OURS) == ()


def test_on_a_laptop__marks_say_nothing() -> None:
    assert moved(green(TWO), *FLEET[1:]) == ()


def test_release_machines_and_strangers__do_not_count() -> None:
    task = machine(
        "t", config={"metadata": {"fly_platform_version": "v2", "fly_process_group": "fly_app_console"}}
    )
    foreign = machine("f", config={"metadata": {}})
    assert moved(*FLEET, task, foreign) == ()


@pytest.mark.parametrize(
    "listed",
    [
        (machine("a", version="a-0"), *FLEET[1:]),
        FLEET[1:],
        (*FLEET, machine("destroyed-since")),
    ],
)
def test_a_list_that_lags__is_not_believed(listed: tuple[Machine, ...]) -> None:
    assert moved(*FLEET, listed=listed) == ()


def proven(made: Plan, server: Lagging) -> tuple[int, int, tuple[str, ...]]:
    async def story() -> tuple[int, int, tuple[str, ...]]:
        run = rollout(made, server)
        for m in server.real:
            kind = GateKind.REST if m.id == "s" else GateKind.BOOT
            written = Expectation(machine=m.id, version=m.version)
            gate = HealthGate(kind=kind, timeout=1)
            run.ledger.written[m.id] = Written(expected=written, gate=gate, passed=True)
        proof = await prove(run)
        return proof.verified, proof.expected, proof.problems

    return virtual(story)


def done(text: str = WEB, **changes: Any) -> tuple[Plan, Fleet]:
    made = plan(text, *FLEET)
    then = after(made, fleet(*FLEET))
    machines = tuple(m for m in then.machines if m.id not in changes)
    return made, fleet(*machines, *(m for m in changes.values() if m is not None))


def test_a_fleet_as_planned__is_proven() -> None:
    made, then = done()
    assert proven(made, Lagging(listed=then, real=then.machines)) == (3, 3, ())


def test_a_list_from_before_the_rollout__is_read_again_machine_by_machine() -> None:
    made, then = done()
    assert proven(made, Lagging(listed=fleet(*FLEET), real=then.machines)) == (3, 3, ())


def test_what_is_not_as_planned__is_in_the_proof() -> None:
    made, then = done(x=machine("x"))
    verified, expected, (problem,) = proven(made, Lagging(listed=then, real=then.machines))
    assert (verified, expected) == (3, 3)
    assert "not in the plan" in problem
    made, then = done(a=machine("a"))
    verified, _, problems = proven(made, Lagging(listed=then, real=then.machines))
    assert verified == 2
    assert "web a in ams" in problems[0]
    made, then = done(b=None)
    assert "is gone" in proven(made, Lagging(listed=then, real=then.machines))[2][0]


def test_a_fleet_that_cannot_be_read_again__is_no_proof() -> None:
    made, then = done(a=machine("a"))
    server = Lagging(listed=then, real=then.machines, silent=(1.0, 999.0))
    with pytest.raises(Unavailable):
        proven(made, server)
