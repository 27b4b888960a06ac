"""Killed at every request of a first deploy with volumes, and of a replacement; a re-run converges, and no volume is lost."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy
from entrypoint.rollout.leases import TTL
from tests.bench import make_bench, virtual
from tests.everywhere import everywhere
from tests.integration.test_volumes import FIRST, NOTHING, volumes
from tests.samples import schedules
from tests.severed import Fate, deploy_until_killed

MOST_FIRST, SURELY_FIRST = 110, 40
MOST_SWAP, SURELY_SWAP = 130, 50
"""Requests of one deploy, at most and at least."""
LEASED = TTL + 1.0
"""Seconds after which a lease of the killed run has lapsed by itself."""
TWO = "[groups.db]\ncount = 2\n"
MOVED = FIRST.replace('source = "data"', 'source = "other"')
ALL = {"allow_destroy": AllowDestroy.ALL}


def first_bench():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.files["flightplan.toml"] = TWO
    return bench


async def replacing(bench):
    """The app as deployed, and then a mount that takes another volume."""
    await bench.plan()
    assert (await bench.deploy()).outputs["result"] == "deployed", bench.console.log
    bench.files["fly.toml"] = MOVED
    await bench.plan(**ALL)


def count(bench, before, **inputs):
    async def story():
        await before(bench)
        begun = len(bench.sim.journal.entries)
        result = await bench.deploy(**inputs)
        assert result.outputs["result"] == "deployed", bench.console.log
        return len(bench.sim.journal.entries) - begun

    return virtual(story)


async def planned(bench):
    await bench.plan()


def test_every_request_has_its_schedule():
    assert SURELY_FIRST < count(first_bench(), planned) <= MOST_FIRST
    assert SURELY_SWAP < count(first_bench(), replacing, **ALL) <= MOST_SWAP


@pytest.mark.parametrize(("at", "executed"), schedules(MOST_FIRST, one_in=25))
def test_a_first_deploy_killed_at_request__converges_and_has_one_volume_a_machine(at, executed):
    tell_first(Fate(at=lambda seen, _: seen == at, executed=executed))


@pytest.mark.parametrize(("at", "executed"), schedules(MOST_SWAP, one_in=25))
def test_a_replacement_killed_at_request__converges_and_loses_no_volume(at, executed):
    tell_replacement(Fate(at=lambda seen, _: seen == at, executed=executed))


@pytest.mark.every
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", ["first", "replacement"])
def test_killed_at_every_request__converges(kind):
    print(everywhere(tell_first if kind == "first" else tell_replacement), "schedules of", kind)


def tell_first(fate):
    bench = first_bench()

    async def story():
        await bench.plan()
        await deploy_until_killed(bench, fate)
        rerun = await bench.deploy()
        log = bench.console.log
        again = await bench.plan()
        await anyio.sleep(LEASED)
        return rerun, log, again, bench.leases()

    rerun, log, again, leases = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert {g: len(ms) for g, ms in bench.groups().items()} == {"web": 2, "db": 2}
    assert again.outputs["result"] == "nothing-to-do"
    assert {v.attached_machine for v in volumes(bench)} == {m.id for m in bench.groups()["db"]}
    assert len(volumes(bench)) == 2
    assert leases == []


def tell_replacement(fate):
    bench = first_bench()

    async def story():
        await replacing(bench)
        kept = {v.id for v in volumes(bench)}
        await deploy_until_killed(bench, fate, **ALL)
        rerun = await bench.deploy(**ALL)
        log = bench.console.log
        again = await bench.plan(**ALL)
        await anyio.sleep(LEASED)
        return kept, rerun, log, again, bench.leases()

    kept, rerun, log, again, leases = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert {g: len(ms) for g, ms in bench.groups().items()} == {"web": 2, "db": 2}
    assert again.outputs["result"] == "nothing-to-do"
    found = {v.id: v for v in volumes(bench)}
    assert kept <= set(found), "volumes are never destroyed"
    assert all(found[id_].attached_machine is None for id_ in kept)
    others = [v for v in found.values() if v.id not in kept]
    assert [v.name for v in others] == ["other", "other"]
    assert {v.attached_machine for v in others} == {m.id for m in bench.groups()["db"]}
    assert leases == []
