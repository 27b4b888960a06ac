"""What remembers that the release command has succeeded, when a rollback took away the machines that did: one that Fly keeps well."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from entrypoint.fleet.errors import Refused
from entrypoint.fleet.marks import RELEASED
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.release_mark import record_again, record_release
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Lessor, rows, virtual


@dataclass(slots=True, kw_only=True)
class Noted(Lessor):
    """A fleet that takes marks. `marked`: machine and value."""

    live: tuple[Machine, ...]
    refused: str = ""
    marked: list[tuple[str, str]] = field(default_factory=list)

    async def list_machines(self) -> tuple[Machine, ...]:
        return self.live

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        assert key == RELEASED
        if machine in self.refused:
            raise Refused("HTTP 403")
        self.marked.append((machine, value))


PLAIN, OTHER = machine("b"), machine("c")
CHECKED, ALSO = machine("a", checks=rows("passing")), machine("d", checks=rows("passing"))
HOLDS = machine("e", config={"metadata": {**PLAIN.metadata, RELEASED: "this deploy"}})
FOREIGN = machine("f", config={"metadata": {}})


@pytest.mark.parametrize(
    ("live", "marked"),
    [
        ((CHECKED, PLAIN, OTHER), ["b"]),
        ((CHECKED, ALSO), ["a"]),
        ((CHECKED,), []),
        ((), []),
        ((PLAIN, HOLDS), []),
        ((FOREIGN,), []),
    ],
    ids=[
        "one without checks",
        "one of two with checks",
        "the only one, which has checks",
        "there is none",
        "it stands on one already",
        "a machine that is not of the app's releases",
    ],
)
def test_after_a_rollback_the_mark_stands_on_one_machine(
    live: tuple[Machine, ...], marked: list[str]
) -> None:
    server = Noted(live=live)

    async def story() -> None:
        rollout = begin(
            plan('[processes]\nweb = "bin/web"\n', machine("x")),
            machines=server,
            progress=LiveLog(lambda _: None, section=lambda _: None),
        )
        rollout.release.mark = "this deploy"
        await record_again(rollout)

    virtual(story)
    assert server.marked == [(id_, "this deploy") for id_ in marked]


@pytest.mark.parametrize(("refused", "marked"), [("", "b"), ("b", "c"), ("bc", "")])
def test_where_one_machine_does_not_take_it__another_is_tried(refused: str, marked: str) -> None:
    """The one whose host does not answer comes last, and is not tried."""
    silent = machine("a", host_status=HostStatus.UNREACHABLE)
    server = Noted(live=(silent, PLAIN, OTHER, machine("d")), refused=refused)

    async def story() -> None:
        rollout = begin(
            plan('[processes]\nweb = "bin/web"\n', *server.live),
            machines=server,
            progress=LiveLog(lambda _: None, section=lambda _: None),
        )
        rollout.ledger.found = {m.id: m for m in server.live}
        await record_release(rollout, "this deploy")

    virtual(story)
    assert [id_ for id_, _ in server.marked] == list(marked)
