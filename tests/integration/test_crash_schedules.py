"""Killed at every request of the demo's deploy, before and after the server executed it; a re-run ends in the planned fleet."""

from __future__ import annotations

import anyio
import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from tests import bench as bench_module
from tests.bench import make_bench, virtual
from tests.simulator.transport import SimulatorTransport

COUNTS = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


class Killed(BaseException):
    """The process is gone: no cleanup, no answer."""


class Severed(httpx.AsyncBaseTransport):
    """Cuts everything off at the nth mutating-or-reading request of a deploy, for ever."""

    def __init__(self, inner, fate):
        self.inner = inner
        self.fate = fate

    async def handle_async_request(self, request):
        fate = self.fate
        fate["seen"] += 1
        if fate["seen"] == fate["at"]:
            fate["dead"] = True
            if fate["executed"]:
                await self.inner.handle_async_request(request)
            fate["killed"].set()
        if fate["dead"]:
            await anyio.sleep_forever()
        return await self.inner.handle_async_request(request)

    async def aclose(self):
        await self.inner.aclose()


async def deploy_until_killed(bench, *, at, executed):
    """Abandon the client at request `at`: its tasks are thrown away without another word to the server."""
    fate = {"seen": 0, "at": at, "executed": executed, "dead": False, "killed": anyio.Event()}
    plain = bench_module.SimulatorTransport
    bench_module.SimulatorTransport = lambda sim: Severed(plain(sim), fate)
    try:
        async with anyio.create_task_group() as group:

            async def run():
                await bench.deploy()
                fate["killed"].set()

            group.start_soon(run)
            await fate["killed"].wait()
            group.cancel_scope.cancel()
    finally:
        bench_module.SimulatorTransport = plain
    return fate["dead"]


def count_requests():
    bench = make_bench()

    async def story():
        await bench.plan()
        before = len(bench.sim.journal.entries)
        await bench.deploy()
        return len(bench.sim.journal.entries) - before

    return virtual(story)


REQUESTS = count_requests()


@pytest.mark.parametrize("executed", [False, True], ids=["dropped-before", "dropped-after"])
@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
def test_killed_at_request__a_rerun_converges(at, executed):
    bench = make_bench()

    async def story():
        await bench.plan()
        await deploy_until_killed(bench, at=at, executed=executed)
        rerun = await bench.deploy()
        again = await bench.plan()
        return rerun, again

    rerun, again = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, bench.console.log
    assert {g: len(ms) for g, ms in bench.groups().items()} == COUNTS
    assert again.outputs["result"] == "nothing-to-do"
    assert bench.leases() == []
    releases = [e for e in bench.sim.journal.entries if e.operation == "machine_start" and e.status == 200]
    assert len(releases) <= 2
