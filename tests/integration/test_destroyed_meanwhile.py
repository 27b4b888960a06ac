"""A machine that somebody destroys between the plan and the last look under lease. Fly shows it as destroyed for a while."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from tests.bench import Bench, make_bench, virtual
from tests.integration.test_endings import NO_MAILER, WORKERS, by_hand, summary


@pytest.mark.parametrize(
    ("after", "hangs"),
    [(0.0, False), (4.0, False), (5.0, True)],
    ids=["at once", "later", "while waited for"],
)
def test_it_is_drift(after: float, *, hangs: bool) -> None:
    """`hangs`: it is being replaced without end, so that the last look waits for it."""
    bench = make_bench(manifest=NO_MAILER)
    if hangs:
        by_hand(bench, WORKERS[0], "update")
        bench.sim.world.timers.forget(WORKERS[0])
    assert deploy_while_destroyed(bench, after=after).outputs["result"] == "not-reviewed", summary(bench)
    assert "is gone" in summary(bench)
    assert not any(write.startswith("machine_update") for write in bench.writes())
    assert bench.leases() == []


def deploy_while_destroyed(bench: Bench, *, after: float) -> Result:
    """Deploy. The machine is destroyed so many seconds after the first lease."""

    async def destroy() -> None:
        while not bench.sim.journal.find("lease_acquire"):
            await anyio.sleep(0.01)
        await anyio.sleep(after)
        bench.sim.act("destroy", machine=WORKERS[0])

    async def story() -> Result:
        async with anyio.create_task_group() as group:
            group.start_soon(destroy)
            result = await bench.deploy(gate=Gate.NONE)
            group.cancel_scope.cancel()
        return result

    return virtual(story)
