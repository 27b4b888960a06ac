"""A switch undone: whoever has served gets requests again before whoever was made gets none, and what cannot come back is not given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from entrypoint.fleet.errors import Refused, Unavailable
from entrypoint.fleet.extras import Cordoned
from entrypoint.fleet.marks import CORDON
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Cordon, Create, Route, Step
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.undo import roll_back, undone
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Lessor, seen, virtual

SERVED = '[processes]\nweb = "bin/web"\n[[services]]\ninternal_port = 80\nprotocol = "tcp"\n'
WORKS = '[processes]\nweb = "bin/web"\n'
GREEN = MachineId("green")
A = machine("a")


@dataclass(slots=True, kw_only=True)
class Proxy(Lessor):
    """Takes machines out of routing, back into it, and away, but for those that it `keeps` out. `done`: what it did, in order."""

    keeps: set[str] = field(default_factory=set)
    refuses_marks: bool = False
    refuses_cordons: int = 0
    """So many of them."""
    state: str = "started"
    """Of every machine."""
    done: list[str] = field(default_factory=list)

    async def get(self, machine: MachineId) -> Machine:
        return seen(self.state, id=machine)

    async def list_machines(self) -> tuple[Machine, ...]:
        raise Unavailable("HTTP 503")

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        if self.refuses_cordons > 0:
            self.refuses_cordons -= 1
            raise Refused("HTTP 422")
        self.done.append(f"cordon {machine}")

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        assert nonce == f"n-{machine}"
        if machine in self.keeps:
            raise Refused("HTTP 400")
        self.done.append(f"uncordon {machine}")

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        assert key == CORDON
        if self.refuses_marks:
            raise Refused("HTTP 409")
        self.done.append(f"mark {machine} {value}")

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        assert key == CORDON
        self.done.append(f"unmark {machine}")

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        self.done.append(f"destroy {machine}")


def rolled_back(
    made: Plan,
    *,
    keeps: Sequence[str] = (),
    state: str = "started",
    found: Sequence[Machine] = (),
    log: list[str] | None = None,
    refuses_marks: bool = False,
    refuses_cordons: int = 0,
    answered: bool = True,
) -> tuple[list[str], list[str]]:
    """What was done after everything but taking away was, in order, and why some of it was not."""
    server = Proxy(
        keeps=set(keeps), refuses_marks=refuses_marks, refuses_cordons=refuses_cordons, state=state
    )

    async def story() -> tuple[list[str], list[str]]:
        server.now()
        write = (lambda _: None) if log is None else log.append
        rollout = begin(made, machines=server, progress=LiveLog(write, section=lambda _: None))
        rollout.ledger.found |= {m.id: m for m in found}
        steps = [step for _, step in made.steps() if isinstance(step, Create | Route | Cordon)]
        rollout.ledger.touched += [
            Touched(step=step, machine=_machine(step) if answered else None) for step in steps
        ]
        await roll_back(rollout)
        return server.done, [result.why for result in undone(rollout, interrupted=False) if result.why]

    return virtual(story)


def _machine(step: Step) -> MachineId:
    """The one that was made, or a live one."""
    live = step.machine if isinstance(step, Route | Cordon) else None
    return live.id if live else GREEN


def test_the_old_one_is_routed_before_the_new_one_is_not__and_that_goes_last() -> None:
    swap, log = plan(WORKS, A, strategy=Strategy.BLUEGREEN), list[str]()
    assert rolled_back(swap, log=log) == (["uncordon a", "unmark a", "cordon green", "destroy green"], [])
    assert [line.split()[1] for line in log if line.strip()] == ["a", "green"]


def test_where_the_old_one_stays_out_of_routing__the_new_one_serves_on() -> None:
    done, why = rolled_back(plan(WORKS, A, strategy=Strategy.BLUEGREEN), keeps=["a"])
    assert done == []
    assert ["stays uncordoned" in text for text in why] == [False, True]


def test_where_a_person_had_taken_the_old_one_out__it_loses_our_mark_only() -> None:
    held = replace(A, cordoned=True)
    assert rolled_back(plan(WORKS, held, strategy=Strategy.BLUEGREEN), found=[held])[0] == [
        "unmark a",
        "destroy green",
    ]


def test_a_machine_that_was_made_anyway__is_marked_when_it_is_taken_out() -> None:
    grows = plan(WORKS, A, strategy=Strategy.CANARY, scale="web=2")
    assert rolled_back(grows)[0] == [f"mark green {Cordoned.MADE}", "cordon green", "destroy green"]


def test_a_live_machine_that_got_its_requests_back__keeps_them() -> None:
    metadata = {**A.metadata, CORDON: Cordoned.DRAIN.value}
    drained = machine("a", cordoned=True, config={"metadata": metadata})
    assert rolled_back(plan(WORKS, drained)) == ([], [])


@pytest.mark.parametrize(
    ("text", "state", "taken_out"),
    [(SERVED, "started", True), (SERVED, "starting", False), (WORKS, "started", False)],
    ids=["serves, though its gate was not waited for", "has not come up", "has no services"],
)
def test_what_was_made_and_serves__gets_no_more_requests_before_it_goes(
    text: str, state: str, taken_out: bool
) -> None:
    out = [f"mark green {Cordoned.MADE}", "cordon green"] if taken_out else []
    assert rolled_back(plan(text, A, scale="web=2"), state=state)[0] == [*out, "destroy green"]


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.CANARY])
def test_where_a_mark_is_refused__what_was_made_ends_its_requests_all_the_same(strategy: Strategy) -> None:
    grows = plan(SERVED, A, strategy=strategy, scale="web=2")
    done, _ = rolled_back(grows, refuses_marks=True)
    assert done[0] == "cordon green"
    assert done[-1] == "destroy green"


def test_a_create_without_an_answer_of_which_fly_tells_nothing__is_said_to_be_left() -> None:
    grows = plan(WORKS, A, scale="web=2")
    assert rolled_back(grows, answered=False) == ([], ["HTTP 503"])


@pytest.mark.parametrize(("refused", "cordoned"), [(1, True), (2, False)])
def test_a_cordon_that_fly_refuses__is_tried_once_more_before_the_machine_goes(
    refused: int, cordoned: bool
) -> None:
    done, why = rolled_back(plan(SERVED, A, scale="web=2"), refuses_cordons=refused)
    assert ("cordon green" in done) is cordoned
    assert (done[-1], why) == ("destroy green", [])
