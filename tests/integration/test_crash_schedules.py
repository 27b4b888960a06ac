"""Killed at every request of the demo's deploy, before and after the server executed it; a re-run ends in the planned fleet."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.rollout.leases import TTL
from tests.bench import make_bench, virtual
from tests.everywhere import everywhere
from tests.samples import schedules
from tests.severed import Fate, deploy_until_killed

MOST, SURELY = 190, 120
"""Requests of one deploy, at most and at least: how often a gate looks depends on how threads are scheduled."""
COUNTS = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


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


@pytest.mark.parametrize(("at", "executed"), schedules(MOST, one_in=14))
def test_killed_at_request__a_rerun_converges(at, executed):
    tell(Fate(at=lambda seen, _: seen == at, executed=executed))


@pytest.mark.every
@pytest.mark.timeout(0)
def test_killed_at_every_request__a_rerun_converges():
    print(everywhere(tell), "schedules of the demo")


def tell(fate):
    bench = make_bench()

    async def story():
        await bench.plan()
        await deploy_until_killed(bench, fate)
        rerun = await bench.deploy()
        log = bench.console.log
        again = await bench.plan()
        await anyio.sleep(TTL)  # the lease of a machine that the killed run had made
        bench.sim.look()
        return rerun, log, again

    rerun, log, again = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert {g: len(ms) for g, ms in bench.groups().items()} == COUNTS
    assert again.outputs["result"] == "nothing-to-do"
    assert bench.leases() == []
    runs = [e for e in bench.sim.journal.entries if e.operation == "machine_start" and e.status == 200]
    assert len(runs) == 1, "the release command ran twice"
