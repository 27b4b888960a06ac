"""Strategy bluegreen: new machines beside the old ones, a switch, and no way back after it."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from entrypoint.rollout.leases import TTL
from tests.bench import as_recorded, virtual
from tests.severed import Fate, deploy_until_killed, is_request
from tests.shop import (
    NEW,
    SLEEPER,
    STANDBY,
    WEBS,
    WORKERS,
    cancelled,
    cordoned,
    counts,
    fewest,
    images,
    lost,
    make_shop,
)

PLANNED = {"web": 3, "worker": 3}


def deploys(bench, *acts, **changes):
    """What a deploy comes to, after somebody's acts."""

    async def story():
        for act, machine in acts:
            bench.sim.act(act, machine=machine)
        await bench.plan()
        return await bench.deploy(**changes)

    return virtual(story)


def test_green__takes_the_place_of_blue_and_no_request_is_lost():
    bench = make_shop("bluegreen")
    old = set(bench.machines())

    async def story():
        planned = await bench.plan()
        comment = bench.planned
        result = await bench.deploy()
        again = await bench.plan()
        return planned, comment, result, again

    planned, comment, result, again = virtual(story)

    assert planned.outputs["result"] == "planned", bench.console.log
    assert "swap 6 machines" in comment
    assert "There are more machines while old ones are swapped for new ones: 3 of `web`" in comment
    assert result.outputs["result"] == "deployed", bench.console.log
    assert again.outputs["result"] == "nothing-to-do"
    assert counts(bench) == PLANNED
    assert old.isdisjoint(bench.machines())
    assert images(bench) == {NEW}
    assert cordoned(bench) == set()
    assert bench.leases() == []
    assert (fewest(bench), lost(bench)) == (3, [])
    assert not any(write.startswith("machine_update") for write in bench.writes())


def test_a_standby__stands_by_for_the_green_machine():
    bench = make_shop("bluegreen")
    assert deploys(bench).exit_code is ExitCode.DONE, bench.console.log
    (standby,) = [m for m in bench.groups()["worker"] if m.config.get("standbys")]
    (primary,) = standby.config["standbys"]
    assert primary in bench.machines()
    assert standby.config["env"]["FLY_STANDBY_FOR"] == primary
    assert standby.state in ("created", "stopped")


def test_a_green_machine_fails__the_green_ones_go_and_blue_was_never_touched():
    bench = make_shop(
        "bluegreen", faults={"behaviours": [{"image": NEW + "*", "group": "web", "checks": "never"}]}
    )
    before = as_recorded(bench)
    result = deploys(bench)

    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert bench.leases() == []
    sent = [e for e in bench.sim.journal.entries if e.machine in before and e.method != "GET"]
    assert {e.operation for e in sent} <= {"lease_acquire", "lease_refresh", "lease_release"}
    assert (fewest(bench), lost(bench)) == (3, [])


def test_green_turns_unready_when_it_is_routed__it_goes_again_and_blue_still_serves():
    bench = make_shop("bluegreen")
    before = as_recorded(bench)

    async def story():
        await bench.plan()
        async with anyio.create_task_group() as group:
            group.start_soon(fall_when_routed, bench)
            result = await bench.deploy()
            group.cancel_scope.cancel()
        return result

    result = virtual(story)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert cordoned(bench) == set()
    assert fewest(bench) == 3


async def fall_when_routed(bench):
    """One green machine fails its checks from the moment it gets requests."""
    while True:
        await anyio.sleep(0.5)
        fresh = [m for m in bench.groups().get("web", []) if m.id not in WEBS and not m.cordoned]
        if fresh:
            bench.sim.act("checks", machine=fresh[0].id, status="critical")
            return


@pytest.mark.parametrize("operation", ["machine_cordon", "machine_stop", "machine_destroy"])
def test_a_failure_after_the_switch__goes_forward_and_a_rerun_finishes(operation):
    stuck = {"operation": operation, "machine": WEBS[0], "fault": "answer", "status": 400, "times": 99}
    bench = make_shop("bluegreen", faults={"rules": [stuck]})

    async def story():
        await bench.plan()
        result = await bench.deploy()
        left = set(bench.machines())
        said = bench.told
        bench.sim.rules.clear()
        await anyio.sleep(TTL + 1)
        again = await bench.deploy()
        return result, left, said, again

    result, left, said, again = virtual(story)
    assert result.outputs["result"] == "failed", bench.console.log
    assert WEBS[0] in left
    assert left.isdisjoint({*WEBS[1:], *WORKERS, STANDBY})
    assert WEBS[0] in said
    assert again.outputs["result"] == "deployed", bench.console.log
    assert counts(bench) == PLANNED
    assert images(bench) == {NEW}
    assert cordoned(bench) == set()
    assert (fewest(bench), lost(bench)) == (3, [])


def test_a_group_that_sleeps__has_one_that_really_booted_and_sleeps_again():
    bench = make_shop("bluegreen", sleeps=True)
    assert deploys(bench).exit_code is ExitCode.DONE, bench.console.log
    (sleeper,) = bench.groups()["sleeper"]
    assert sleeper.id != SLEEPER
    assert (sleeper.state, sleeper.boots) == ("stopped", 1)


@pytest.mark.parametrize("verb", ["create", "stop"])
def test_killed_while_the_one_of_a_group_that_sleeps_shows_that_it_boots__it_rests_in_the_end(verb):
    bench = make_shop("bluegreen", sleeps=True)

    def is_it(_, request):
        named = [m for m in bench.machines().values() if m.group == "sleeper" and m.id != SLEEPER]
        path = request.url.path
        if verb == "create":
            return is_request(request, "create") and b'"sleeper"' in request.content
        return is_request(request, "stop") and any(f"/{m.id}/" in path for m in named)

    async def story():
        await bench.plan()
        assert await deploy_until_killed(bench, Fate(at=is_it, executed=True))
        await anyio.sleep(31)
        return await bench.deploy()

    assert virtual(story).outputs["result"] == "deployed", bench.console.log
    (sleeper,) = bench.groups()["sleeper"]
    assert sleeper.id != SLEEPER
    assert (sleeper.state, sleeper.boots) == ("stopped", 1)
    assert bench.leases() == []


def test_a_group_that_sleeps_and_does_not_boot__fails():
    bench = make_shop(
        "bluegreen",
        sleeps=True,
        faults={"behaviours": [{"image": NEW + "*", "group": "sleeper", "boot": "crash"}]},
    )
    before = as_recorded(bench)
    assert deploys(bench).outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before


def test_a_persons_cordon__is_kept_by_the_green_machine():
    bench = make_shop("bluegreen")
    result = deploys(bench, ("cordon", WEBS[0]))
    assert result.outputs["result"] == "deployed", bench.console.log
    (out,) = cordoned(bench)
    assert out not in WEBS
    assert bench.machines()[out].region == "ams"


def test_a_group_with_a_volume__blocks_the_plan_with_a_way_out():
    from tests.bench import MANIFEST, make_bench

    bench = make_bench(manifest=MANIFEST.replace("rolling", "bluegreen"))
    result = virtual(bench.plan)
    assert result.exit_code is not ExitCode.DONE
    assert "volume" in bench.planned
    assert bench.writes() == []


def test_a_singleton__is_updated_in_place_before_the_switch():
    bench = make_shop("bluegreen", standby=False, policy="[groups.worker]\nsingleton = true\ncount = 1\n")
    result = deploys(bench, ("destroy", WORKERS[1]))
    assert result.outputs["result"] == "deployed", bench.console.log
    assert [m.id for m in bench.groups()["worker"]] == [WORKERS[0]]
    assert {m.id for m in bench.groups()["web"]}.isdisjoint(WEBS)
    writes = bench.writes()
    assert writes.index(f"machine_update {WORKERS[0]}") < min(writes.index(f"machine_stop {m}") for m in WEBS)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("machine_create", "beside the old ones, cordoned: only the old ones get requests"),
        ("machine_uncordon", "beside the old ones, and both get requests"),
        ("machine_stop", "The new machines get all requests; "),
    ],
)
def test_cancelled__it_says_what_stands_where_and_goes_on(moment, said):
    bench = make_shop("bluegreen")
    journal = bench.sim.journal
    ended = cancelled(bench, lambda: any(e.operation == moment and e.status == 200 for e in journal.entries))
    assert said in ended.told
    assert ended.leases == []
    assert ended.again.outputs["result"] == "deployed", bench.console.log
    assert counts(bench) == PLANNED
    assert cordoned(bench) == set()
    assert (fewest(bench), lost(bench)) == (3, [])


def test_an_old_machine_that_was_to_retire_and_lost_its_successor__serves_until_it_is_swapped():
    bench = make_shop("bluegreen")

    async def story():
        bench.sim.act("metadata", machine=WEBS[0], values={"flightplan_cordon": "retire"})
        bench.sim.act("cordon", machine=WEBS[0])
        await bench.plan()
        comment = bench.planned
        return comment, await bench.deploy()

    comment, result = virtual(story)
    assert "swap 6 machines, route 1" in comment
    assert result.outputs["result"] == "deployed", bench.console.log
    assert counts(bench) == PLANNED
    assert cordoned(bench) == set()


def test_rolled_back_after_the_release_command__a_rerun_does_not_run_it_again():
    bench = make_shop(
        "bluegreen",
        release=True,
        faults={"behaviours": [{"image": NEW + "*", "group": "web", "checks": "never"}]},
    )

    async def story():
        await bench.plan()
        first = await bench.deploy()
        bench.sim.world.behaviours.clear()
        await anyio.sleep(600)
        return first, await bench.deploy(again=True)

    first, again = virtual(story)
    assert (first.outputs["result"], again.outputs["result"]) == ("rolled-back", "deployed"), (
        bench.console.log
    )
    made = [e for e in bench.sim.journal.entries if e.operation == "machine_create" and e.status == 200]
    assert sum("release-command" in (e.body or {}).get("name", "") for e in made) == 1


def test_an_old_machine_that_cannot_be_stopped_and_is_not_listed_any_more__is_told():
    """Fly's lists lag. That its step has failed is known without them."""
    rules = [
        {"operation": "machine_list", "nth": 3, "times": 99, "fault": "hide", "rows": WEBS[0]},
        {"operation": "machine_stop", "machine": WEBS[0], "fault": "answer", "status": 403},
    ]
    bench = make_shop("bluegreen", faults={"rules": rules})
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert result.outputs["result"] == "failed", bench.console.log
    assert bench.machines()[WEBS[0]].state == "started"
    assert WEBS[0] in "".join(bench.console.summaries)
