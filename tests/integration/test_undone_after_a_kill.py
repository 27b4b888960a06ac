"""A job is killed, and the next, which goes on, fails: its rollback undoes a whole swap of bluegreen, whichever of the two did what; of an
update in place it undoes its own part, and says so.
"""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.rollout.leases import TTL
from tests.bench import as_recorded, virtual
from tests.severed import Fate, deploy_until_killed, killed_after
from tests.shop import NEW, WEBS, cordoned, fewest, lost, make_shop


def spoil_worker(bench):
    """A new worker ends by itself, whenever it is started."""
    fresh = next(
        m for m in bench.machines().values() if m.group == "worker" and m.config["image"].startswith(NEW)
    )
    bench.sim.act("behave", machine=fresh.id, boot="crash")
    bench.sim.act("exit", machine=fresh.id)


def updated(bench):
    """Machines that run the new version."""
    return [m.id for m in bench.machines().values() if m.config["image"].startswith(NEW)]


@pytest.mark.parametrize("webs", [1, 3])
@pytest.mark.parametrize(
    ("verb", "count"), [("create", 4), ("uncordon", 1), ("uncordon", 3), ("cordon", 1), ("cordon", 4)]
)
def test_bluegreen__the_old_machines_serve_again_and_the_new_ones_are_gone(verb, count, webs):
    bench = make_shop("bluegreen", webs=webs)
    before = as_recorded(bench)

    async def story():
        await bench.plan()
        await killed_after(bench, verb, count)
        await anyio.sleep(TTL + 1)
        spoil_worker(bench)
        return await bench.deploy()

    result = virtual(story)
    told = "".join(bench.console.summaries)
    assert result.outputs["result"] == "rolled-back", "\n".join(bench.console.log)
    assert "on the new version" not in told, told
    assert ("not created" in told) == (verb == "create" and webs == 3), told
    assert ("6 machines were not changed" in told) == (verb != "cordon" and webs == 3), told
    assert as_recorded(bench) == before
    assert cordoned(bench) == set()
    assert (fewest(bench), lost(bench)) == (webs, [])


def test_rolling__it_says_what_stays_on_the_new_version():
    bench = make_shop("rolling")
    seen = 0

    def at(_, request):
        nonlocal seen
        seen += request.method == "POST" and request.url.path.endswith(WEBS)
        return seen == 2

    async def story():
        await bench.plan()
        assert await deploy_until_killed(bench, Fate(at=at, executed=True))
        await anyio.sleep(TTL + 1)
        [old] = {*WEBS} - {*updated(bench)}  # two of them are updated side by side
        bench.sim.act("behave", machine=old, image="*:v42*", checks="never")
        return old, await bench.deploy()

    old, result = virtual(story)
    told = "".join(bench.console.summaries)
    assert result.outputs["result"] == "rolled-back", told
    new = updated(bench)
    assert {*WEBS} - {old} < {*new}
    assert f"{len(new)} machines stay on the new version, because an earlier run" in told


@pytest.mark.parametrize("breaks", [False, True])
def test_bluegreen__new_machines_that_a_person_has_changed_are_swapped_like_old_ones(breaks):
    """Their names are taken, so the machines that take over from them have others."""
    bench = make_shop("bluegreen")

    async def story():
        await bench.plan()
        await killed_after(bench, "create", 4)
        await anyio.sleep(TTL + 1)
        changed = [m.id for m in bench.machines().values() if m.group == "web" and m.id not in WEBS][:2]
        for machine in changed:
            bench.sim.act("update", machine=machine, config={"env": {"BY": "HAND"}})
            bench.sim.act("uncordon", machine=machine)
        if breaks:
            bench.sim.act("behave", image="*:v42*", group="web", checks="never")
        return changed, await bench.deploy()

    changed, result = virtual(story)
    live = {m.id: m for m in bench.machines().values() if m.group == "web"}
    log = "\n".join(bench.console.log)
    assert result.outputs["result"] == ("rolled-back" if breaks else "deployed"), log
    assert len(live) == (5 if breaks else 3), log
    assert {*changed} <= live.keys() if breaks else not live.keys() & {*changed}, log
    assert all(live[machine].config["env"]["BY"] == "HAND" for machine in changed if breaks)
    assert (lost(bench), len({m.name for m in live.values()})) == ([], len(live))


def test_a_rollback_destroys_standbys_first():
    """Killed in between, it would leave one that nothing ever starts, and to another plan that would be the group."""
    slow = {"operation": "machine_destroy", "times": 9, "fault": "slow", "delay": 1.0}
    bench = make_shop("bluegreen", faults={"rules": [slow]})
    old = {*bench.machines()}

    async def story():
        bench.sim.act("behave", image="*:v42*", group="web", checks="never")
        return await bench.deploy(gate=Gate.NONE, wait_timeout=30.0)

    assert virtual(story).outputs["result"] == "rolled-back"
    gone = {str(entry.machine): entry.at for entry in bench.sim.journal.find("machine_destroy")}
    [stood_by_for] = {
        standby: config["standbys"][0]
        for standby in gone
        if standby not in old
        and (config := bench.sim.world.apps["acme-shop"].machines[standby].config).get("standbys")
    }.items()
    standby, primary = stood_by_for
    assert gone[standby] < gone[primary]
