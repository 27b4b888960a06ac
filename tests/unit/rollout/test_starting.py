"""A machine is started under its lease, unless the rollout is stopped first."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest

from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.starting import start_machine
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import ID, Strange, halt_during, seen, virtual


@dataclass(slots=True, kw_only=True)
class SlowToRead(Strange):
    """A GET takes a second."""

    async def get(self, machine: MachineId) -> Machine:
        await anyio.sleep(1.0)
        return await Strange.get(self, machine)

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        del nonce
        assert before == seen("stopped")
        self._answer("start")


@pytest.mark.parametrize(("halted_after", "is_started"), [(0.5, False), (1.5, True)])
def test_a_rollout_that_is_stopped_while_the_machine_is_read__does_not_start_it(
    halted_after: float, *, is_started: bool
) -> None:
    server = SlowToRead(timeline=[(0, seen("stopped"))])

    async def story() -> None:
        server.now()
        made = plan('[processes]\nweb = "bin/web"\n', machine(ID))
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        await halt_during(rollout, lambda: start_machine(rollout, ID), after=halted_after)

    virtual(story)
    assert ("start" in server.calls) is is_started
