"""Afterwards: each machine that is not as planned is one row of the proof, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import Fleet, HostStatus, Machine
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, GateKind, HealthGate
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.ledger import Written
from entrypoint.rollout.outcome import Proof
from entrypoint.rollout.proof import prove
from tests.unit.planning.kit import NEW, after, fleet, machine, plan
from tests.unit.rollout.strange import Strange, virtual

WEB = '[processes]\nweb = "bin/web"\n'
A, B, C = machine("a"), machine("b"), machine("c")
BOOT = HealthGate(kind=GateKind.BOOT, timeout=1)


class Still(Strange):
    """A fleet that stays as it is."""

    def __init__(self, *machines: Machine) -> None:
        super().__init__(timeline=[])
        self.machines = {m.id: m for m in machines}

    async def observe(self) -> Fleet:
        return fleet(*self.machines.values())

    async def list_machines(self) -> tuple[Machine, ...]:
        return (await self.observe()).machines

    async def get(self, machine: MachineId) -> Machine:
        if machine not in self.machines:
            raise MachineGone(f"machine {machine} not found")
        return self.machines[machine]


def proven(made: Plan, *found: Machine, changed: Mapping[str, Machine | None] | None = None) -> Proof:
    """The proof once the plan for `found` is executed and then some machines are `changed`; None is gone."""
    planned = {m.id: m for m in after(made, fleet(*found)).machines}
    live = {**planned, **{MachineId(name): m for name, m in (changed or {}).items()}}

    async def story() -> Proof:
        server = Still(*(m for m in live.values() if m is not None))
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        for m in planned.values():
            expected = Expectation(machine=m.id, version=m.version, wrote=m.config)
            rollout.ledger.written[m.id] = Written(expected=expected, gate=BOOT, passed=True)
        for _, step in made.steps():
            if isinstance(step, Create):
                rollout.ledger.made[step.slot] = MachineId("made")
        return await prove(rollout)

    return virtual(story)


def shrinking(*machines: Machine) -> Plan:
    return plan(WEB, *machines, scale="web=2", allow_destroy=AllowDestroy.ALL)


def test_machines_that_went_as_planned__are_not_counted() -> None:
    proof = proven(shrinking(A, B, C), A, B, C)
    assert (proof.verified, proof.expected, proof.problems) == (2, 2, ())


def test_a_machine_that_should_have_gone__is_one_problem() -> None:
    made = shrinking(A, B, C)
    (gone,) = {m.id for m in (A, B, C)} - {m.id for m in after(made, fleet(A, B, C)).machines}
    there = machine(gone)
    proof = proven(made, A, B, C, changed={gone: there})
    assert [(row.machine, row.should) for row in proof.rows] == [(gone, "destroyed")]
    assert (proof.verified, proof.expected) == (2, 2)
    unreachable = replace(there, host_status=HostStatus.UNREACHABLE)
    assert proven(made, A, B, C, changed={gone: unreachable}).problems == ()
    assert proven(made, A, B, C, changed={gone: replace(there, state="destroying")}).problems == ()


def test_a_machine_that_appeared_beside_those_that_went__is_told() -> None:
    proof = proven(shrinking(A, B, C), A, B, C, changed={"x": machine("x")})
    assert [(row.machine, row.should, row.written) for row in proof.rows] == [
        ("x", "not there: it is not in the plan", False)
    ]


STANDS = after(plan(WEB, A, B), fleet(A, B)).machines[0]


@pytest.mark.parametrize(
    ("now", "should"),
    [
        (None, f"on {NEW} with the planned config"),
        (replace(STANDS, version=Version("a-9")), "at version a-2"),
        (
            replace(STANDS, config={**STANDS.config, "image": "shop:v9"}, image_digest=None),
            f"on {NEW} with the planned config",
        ),
        (replace(STANDS, config={**STANDS.config, "env": {}}), f"on {NEW} with the planned config"),
        (
            replace(STANDS, config={**STANDS.config, "metadata": A.metadata}),
            f"on {NEW} with the planned config",
        ),
        (replace(STANDS, state="stopped"), "healthy"),
    ],
    ids=["gone", "another version", "another image", "another config", "another plan's", "stopped"],
)
def test_what_a_written_machine_is_instead(now: Machine | None, should: str) -> None:
    proof = proven(plan(WEB, A, B), A, B, changed={"a": now})
    assert [(row.machine, row.should, row.written) for row in proof.rows] == [("a", should, True)]
    assert (proof.verified, proof.expected) == (1, 2)


def test_a_plan_without_an_image__says_that_a_machine_should_be_on_its_own() -> None:
    (problem,) = proven(plan(f'{WEB}[env]\nNEW = "1"\n', A, B, ref=None), A, B, changed={"a": None}).problems
    assert problem.endswith("is gone, should be on its image with the planned config")


def test_a_machine_that_was_to_be_left_alone__is_told_where_it_changed() -> None:
    done = tuple(after(plan(WEB, A, B), fleet(A, B)).machines)
    again = plan(WEB, *done)
    assert not list(again.steps())
    assert proven(again, *done).problems == ()
    for now in (None, replace(done[0], version=Version("a-9"))):
        (row,) = proven(again, *done, changed={"a": now}).rows
        assert (row.machine, row.should, row.written) == ("a", "unchanged", False)


def test_an_extra_machine_that_went__is_not_missed() -> None:
    made = plan(f'{WEB}[deploy]\nstrategy = "canary"\n', A, B)
    assert any(isinstance(step, Create) for _, step in made.steps())
    proof = proven(made, A, B)
    assert (proof.verified, proof.expected, proof.problems) == (2, 2, ())


@pytest.mark.parametrize(
    ("now", "is_told"),
    [(machine("made"), False), (machine("made", cordoned=True), True), (None, True)],
    ids=["routed", "cordoned", "gone"],
)
def test_a_new_machine_that_gets_no_requests__is_told(now: Machine | None, *, is_told: bool) -> None:
    made = plan(f'{WEB}[deploy]\nstrategy = "bluegreen"\n', A)
    routed = {row.should for row in proven(made, A, changed={"made": now}).rows}
    assert ("uncordoned" in routed) is is_told


def test_a_machine_whose_host_does_not_answer__is_not_verified_and_no_problem() -> None:
    """What Fly shows of it is what was last known."""
    dark = replace(machine("b"), host_status=HostStatus.UNREACHABLE)
    proof = proven(plan(WEB, A, dark), A, dark)
    assert (proof.verified, proof.expected, proof.silent, proof.problems) == (1, 1, ("b",), ())
