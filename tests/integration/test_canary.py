"""Strategy canary: one extra machine, out of routing, tests the new version; then rolling."""

from __future__ import annotations

import anyio

from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from entrypoint.rollout.leases import TTL
from tests.bench import as_recorded, virtual
from tests.severed import killed_after
from tests.shop import NEW, WORKERS, cordoned, counts, fewest, images, lost, make_shop

ASKED = '\n[verify]\nurl = "https://shop.example/up"\n'
PLANNED = {"web": 3, "worker": 3}


def extras(bench):
    return [
        m.id for m in bench.machines().values() if m.config["metadata"].get("flightplan_extra") == "canary"
    ]


def test_the_canary__passes_goes_and_the_others_roll():
    bench = make_shop("canary")
    old = set(bench.machines())

    async def story():
        await bench.plan()
        comment = bench.planned
        result = await bench.deploy()
        again = await bench.plan()
        return comment, result, again

    comment, result, again = virtual(story)
    assert "2 canary machines, update 6" in comment
    assert "`web` and `worker` get one extra machine each, which tests the new version" in comment
    assert result.outputs["result"] == "deployed", bench.console.log
    assert (result.outputs["created"], result.outputs["destroyed"]) == ("0", "0")
    assert again.outputs["result"] == "nothing-to-do"
    assert set(bench.machines()) == old
    assert images(bench) == {NEW}
    writes = bench.writes()
    gone = [place for place, write in enumerate(writes) if write.startswith("machine_destroy")]
    first = next(place for place, write in enumerate(writes) if write.startswith("machine_update"))
    assert len(gone) == 2
    assert max(gone) < first, "no machine that serves is touched before all canaries have passed"
    made = [m for m in bench.sim.world.apps["acme-shop"].machines.values() if m.id not in old]
    assert not any(moment.routable for m in made for moment in m.moments), "a canary gets no traffic"
    assert bench.leases() == []


def test_a_canary_that_fails__goes_and_nothing_else_was_touched():
    faults = {"behaviours": [{"image": NEW + "*", "group": "web", "checks": "never"}]}
    bench = make_shop("canary", faults=faults)
    before = as_recorded(bench)

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert not any(write.startswith("machine_update") for write in bench.writes())
    assert (fewest(bench), lost(bench)) == (3, [])


def test_a_canary_of_a_killed_run__is_taken_up_by_the_same_deploy():
    bench = make_shop("canary")

    async def story():
        await bench.plan()
        await killed_after(bench, "create", 2)
        left = extras(bench)
        await anyio.sleep(TTL + 1)
        result = await bench.deploy()
        return left, result

    left, result = virtual(story)
    assert len(left) == 2
    assert result.outputs["result"] == "deployed", bench.console.log
    made = [write for write in bench.writes() if write.startswith("machine_create")]
    assert len(made) == 2, "the canaries of the killed run are these"
    assert extras(bench) == []
    assert counts(bench) == PLANNED


def test_a_canary_of_a_killed_run__is_removed_by_another_deploy():
    bench = make_shop("canary")

    async def story():
        await bench.plan()
        await killed_after(bench, "create", 2)
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("--threads 8", "--threads 9")
        await anyio.sleep(TTL + 1)
        await bench.plan()
        comment = bench.planned
        result = await bench.deploy()
        return comment, result

    comment, result = virtual(story)
    assert "left over from an interrupted deploy" in comment
    assert result.outputs["result"] == "deployed", bench.console.log
    assert extras(bench) == []
    assert counts(bench) == PLANNED


def test_a_machine_that_is_made_anyway__is_the_canary_and_stays():
    bench = make_shop("canary", policy="[groups.web]\ncount = {ams = 3, gru = 1}\n")

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    made = [e for e in bench.sim.journal.entries if e.operation == "machine_create" and e.status == 200]
    assert len(made) == 2, "one more of web, and a canary of worker"
    assert counts(bench) == {"web": 4, "worker": 3}
    assert cordoned(bench) == set()


def test_a_singleton__gets_no_canary():
    bench = make_shop("canary", standby=False, policy="[groups.worker]\nsingleton = true\ncount = 1\n")

    async def story():
        bench.sim.act("destroy", machine=WORKERS[1])
        await bench.plan()
        return bench.planned, await bench.deploy()

    comment, result = virtual(story)
    assert "`worker` gets no canary" in comment
    assert result.exit_code is ExitCode.DONE
    assert sum(write.startswith("machine_create") for write in bench.writes()) == 1


def test_killed_when_a_rollback_had_taken_a_made_machine_out_of_routing__the_cordon_is_nobodys():
    bench = make_shop("canary", policy="[groups.web]\ncount = {ams = 3, gru = 1}\n" + ASKED)
    bench.probe = HttpsProbe(allow_loopback=False, resolve=nowhere)

    async def story():
        await bench.plan()
        await killed_after(bench, "cordon", 1)
        left = cordoned(bench)
        bench.files["flightplan.toml"] = bench.files["flightplan.toml"].replace(ASKED, "")
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("LOG_LEVEL", "LOG_LEVELS")
        await anyio.sleep(31)
        return left, await bench.deploy(gate=Gate.NONE)

    left, result = virtual(story)
    assert len(left) == 1
    assert result.outputs["result"] == "deployed", bench.console.log
    assert cordoned(bench) == set()
    assert counts(bench) == {"web": 4, "worker": 3}


async def nowhere(_host, _port):
    return ["127.0.0.1"]
