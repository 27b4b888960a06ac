"""Killed at every request of a deploy with each strategy, before and after the server executed it; a re-run ends in the planned fleet.

`make test` takes a few of them, `make checks` a few more, `make crashes` all.
"""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.rollout.leases import TTL
from tests.bench import virtual
from tests.everywhere import everywhere
from tests.samples import schedules
from tests.severed import Fate, deploy_until_killed
from tests.shop import NEW, cordoned, counts, images, make_shop

DRAIN = "[groups.web]\ndrain = true\n"
KINDS = {"bluegreen": ("bluegreen", ""), "canary": ("canary", ""), "drain": ("rolling", DRAIN)}
MOST = {"bluegreen": 330, "canary": 240, "drain": 260}
"""Requests of one deploy, at most; a schedule that comes to none is the deploy itself."""
EVERY = 90
"""`make test` takes one of so many."""

SCHEDULES = [
    pytest.param(kind, *found.values, id=f"{kind}-{found.id}", marks=found.marks)
    for kind, most in MOST.items()
    for found in schedules(most, one_in=EVERY)
]


@pytest.mark.parametrize(("kind", "at", "executed"), SCHEDULES)
def test_killed_at_request__a_rerun_converges(kind, at, executed):
    tell(kind, Fate(at=lambda seen, _: seen == at, executed=executed))


@pytest.mark.every
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_request__a_rerun_converges(kind):
    print(everywhere(partial(tell, kind)), "schedules of", kind)


def tell(kind, fate):
    strategy, policy = KINDS[kind]
    bench = make_shop(strategy, policy=policy)

    async def story():
        await bench.plan()
        await deploy_until_killed(bench, fate)
        await anyio.sleep(TTL + 1)
        rerun = await bench.deploy()
        log = bench.console.log
        again = await bench.plan()
        return rerun, log, again

    rerun, log, again = virtual(story)
    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert again.outputs["result"] == "nothing-to-do"
    assert counts(bench) == {"web": 3, "worker": 3}
    assert images(bench) == {NEW}
    assert cordoned(bench) == set()
    assert bench.leases() == []
    standbys = [m.config["standbys"][0] for m in bench.machines().values() if m.config.get("standbys")]
    assert standbys
    assert set(standbys) <= set(bench.machines())
