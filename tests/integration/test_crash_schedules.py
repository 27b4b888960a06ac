"""Killed at every request of the demo's deploy, before and after the server executed it; a re-run ends in the planned fleet."""

from __future__ import annotations

import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from tests.bench import make_bench, virtual
from tests.samples import marks

MOST, SURELY = 190, 120
"""Requests of one deploy, at most and at least: how often a gate looks depends on how threads are scheduled."""
COUNTS = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


class KilledError(BaseException):
    """The process is gone. Nothing that its cleanup code still tries reaches the server."""


class Severed(httpx.AsyncBaseTransport):
    """Dies at the nth request of a process, before or after the server executed it, and stays dead."""

    def __init__(self, inner, fate):
        self.inner = inner
        self.fate = fate

    async def handle_async_request(self, request):
        fate = self.fate
        fate["seen"] += 1
        if fate["seen"] == fate["at"] and fate["executed"]:
            await self.inner.handle_async_request(request)
        if fate["seen"] >= fate["at"]:
            raise KilledError
        return await self.inner.handle_async_request(request)

    async def aclose(self):
        await self.inner.aclose()


async def deploy_until_killed(bench, *, at, executed, **inputs):
    """A deploy whose process ends at its request `at`; whether it came to that."""
    fate = {"seen": 0, "at": at, "executed": executed}
    bench.network = lambda door: Severed(door, fate)
    killed = False
    try:
        await bench.deploy(**inputs)
    except* KilledError:
        killed = True
    bench.network = lambda door: door
    return killed


def count_requests():
    bench = make_bench()

    async def story():
        await bench.plan()
        before = len(bench.sim.journal.entries)
        await bench.deploy()
        return len(bench.sim.journal.entries) - before

    return virtual(story)


def test_every_request_has_its_schedule():
    assert SURELY < count_requests() <= MOST


SCHEDULES = [
    pytest.param(
        at,
        executed,
        id=f"{at}-{'dropped-after' if executed else 'dropped-before'}",
        marks=marks(2 * at + executed, one_in=14),
    )
    for at in range(1, MOST + 1)
    for executed in (False, True)
]
"""Every request, lost before and after the server executed it; `make test` takes every fourteenth of these (tests/samples.py)."""


@pytest.mark.parametrize(("at", "executed"), SCHEDULES)
def test_killed_at_request__a_rerun_converges(at, executed):
    bench = make_bench()

    async def story():
        await bench.plan()
        assert await deploy_until_killed(bench, at=at, executed=executed) or at > SURELY
        rerun = await bench.deploy()
        log = bench.console.log
        again = await bench.plan()
        return rerun, log, again

    rerun, log, again = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert {g: len(ms) for g, ms in bench.groups().items()} == COUNTS
    assert again.outputs["result"] == "nothing-to-do"
    assert bench.leases() == []
    runs = [e for e in bench.sim.journal.entries if e.operation == "machine_start" and e.status == 200]
    assert len(runs) == 1, "the release command ran twice"
