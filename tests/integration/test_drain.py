"""drain = true: a machine is out of routing while it is updated, and whatever happens it comes back."""

from __future__ import annotations

import json

import anyio
import httpx
import pytest

from entrypoint.adapters.machines import connections
from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate, OnFailure
from entrypoint.rollout.leases import TTL
from tests.bench import as_recorded, make_bench, virtual
from tests.severed import Fate, deploy_until_killed, is_request, killed_after
from tests.shop import NEW, WEBS, cordoned, counts, fewest, fleet, images, lost, make_shop, manifest
from tests.simulator.state.behaviours import Behaviour

DRAIN = "[groups.web]\ndrain = true\nmax_unavailable = 1\n"


def marks(bench):
    return [m.id for m in bench.machines().values() if "flightplan_cordon" in m.config["metadata"]]


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
@pytest.mark.parametrize("webs", [2, 3])
def test_a_deploy_with_drain__loses_no_request(strategy, webs):
    bench = make_shop(strategy, policy=DRAIN, webs=webs)

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    assert (fewest(bench), lost(bench)) == (webs - 1, [])
    assert (cordoned(bench), marks(bench)) == (set(), [])
    assert images(bench) == {NEW}


def test_without_drain__requests_are_lost():
    bench = make_shop("rolling")
    virtual(lambda: planned_and_deployed(bench))
    assert set(lost(bench)) == set(WEBS)


async def planned_and_deployed(bench):
    await bench.plan()
    return await bench.deploy()


@pytest.mark.parametrize("keeps", [True, False])
def test_a_persons_cordon__stays_whatever_an_update_makes_of_it(keeps):
    bench = make_shop("rolling", policy=DRAIN, faults={"switches": {"update_keeps_cordon": keeps}})

    async def story():
        bench.sim.act("cordon", machine=WEBS[0])
        await bench.plan()
        comment = bench.planned
        return comment, await bench.deploy()

    comment, result = virtual(story)
    assert "cordoned by hand" in comment
    assert result.outputs["result"] == "deployed", bench.console.log
    assert cordoned(bench) == {WEBS[0]}
    assert marks(bench) == []


def test_a_failed_update__is_rolled_back_and_in_routing_again():
    faults = {"behaviours": [{"image": NEW + "*", "group": "web", "checks": "never"}]}
    bench = make_shop("rolling", policy=DRAIN, faults=faults)
    before = as_recorded(bench)
    result = virtual(lambda: planned_and_deployed(bench))
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert (cordoned(bench), marks(bench)) == (set(), [])
    assert fewest(bench) == 2


@pytest.mark.parametrize("moment", ["machine_cordon", "machine_update"])
def test_cancelled_while_it_is_drained__it_is_in_routing_within_3_s(moment):
    bench = make_shop("rolling", policy=DRAIN)
    stop = anyio.Event()
    at = {}

    async def story():
        await bench.plan()
        async with anyio.create_task_group() as group:
            group.start_soon(stop_at)
            result = await bench.deploy(stop=stop)
            at["end"] = anyio.current_time()
            group.cancel_scope.cancel()
        left = cordoned(bench), marks(bench), bench.leases()
        await anyio.sleep(TTL + 1)
        return result, left, await bench.deploy()

    async def stop_at():
        while not any(e.operation == moment and e.status == 200 for e in bench.sim.journal.entries):
            await anyio.sleep(0.1)
        at["stop"] = anyio.current_time()
        stop.set()

    result, left, again = virtual(story)
    assert result.outputs["result"] == "cancelled"
    assert left == (set(), [], [])
    assert at["end"] - at["stop"] < 3.0
    assert again.outputs["result"] == "deployed", bench.console.log
    assert images(bench) == {NEW}


@pytest.mark.parametrize("verb", ["cordon", "uncordon", "flightplan_cordon"])
def test_killed_while_it_is_drained__the_next_run_puts_it_back(verb):
    bench = make_shop("rolling", policy=DRAIN)

    async def story():
        await bench.plan()
        await killed_after(bench, verb, 1)
        await anyio.sleep(TTL + 1)
        again = await bench.deploy()
        return again, await bench.deploy()

    again, once_more = virtual(story)
    assert again.exit_code is ExitCode.DONE, bench.console.log
    assert once_more.outputs["result"] == "nothing-to-do"
    assert (cordoned(bench), marks(bench)) == (set(), [])
    assert counts(bench) == {"web": 3, "worker": 3}


def fail_release(bench):
    bench.sim.world.behaviours.append(Behaviour(group="fly_app_release_command", task_exit_code=1))


@pytest.mark.parametrize("how", ["rolling", "autostop", "bluegreen"])
def test_killed_while_it_is_drained_and_halted_when_run_again__it_is_in_routing_again(how):
    bench = make_shop("rolling", policy=DRAIN, release=True)
    if how == "autostop":  # it is leased only for its wave
        text = manifest("rolling", release=True).replace(
            'auto_stop_machines = "off"', 'auto_stop_machines = "stop"'
        )
        found = json.loads(json.dumps(fleet()).replace('"autostop": false', '"autostop": true'))
        bench = make_bench(manifest=text, fleet=found, faults=None, **{"flightplan.toml": DRAIN})

    async def story():
        await killed_after(bench, "cordon", 1, gate=Gate.NONE)
        await anyio.sleep(TTL + 1)
        assert len(cordoned(bench)) == 1
        fail_release(bench)
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("[env]", '[env]\nANOTHER = "1"')
        if how == "bluegreen":  # it is not updated, but replaced
            bench.files["fly.toml"] = bench.files["fly.toml"].replace("rolling", "bluegreen")
            del bench.files["flightplan.toml"]
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "halted", bench.console.log
    assert (cordoned(bench), marks(bench), bench.leases()) == (set(), [], [])


def test_many_drained_by_a_killed_run_on_a_slow_day__all_are_in_routing_again(monkeypatch):
    """Two machines over one connection, as 200 over a hundred. Nobody is in a hurry."""
    policy = DRAIN.replace("max_unavailable = 1", "max_unavailable = 2")
    bench = make_shop("rolling", policy=policy, release=True)

    async def story():
        await killed_after(bench, "cordon", 3, gate=Gate.NONE)
        await anyio.sleep(TTL + 1)
        monkeypatch.setattr(connections, "REQUESTS", 1)
        monkeypatch.setattr(connections, "TOGETHER", 1)
        bench.sim.latency = 0.7
        fail_release(bench)
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("[env]", '[env]\nANOTHER = "1"')
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "halted", bench.console.log
    assert (cordoned(bench), marks(bench), bench.leases()) == (set(), [], [])


def test_a_person_who_cordons_a_machine_that_was_drained_and_is_updated_by_now__is_not_overruled():
    bench = make_shop("rolling", policy=DRAIN)

    async def story():
        await killed_after(bench, "cordon", 1, gate=Gate.NONE)
        await anyio.sleep(TTL + 1)
        (drained,) = cordoned(bench)
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("[env]", '[env]\nANOTHER = "1"')
        last = max(web for web in WEBS if web != drained)
        bench.sim.world.behaviours.append(Behaviour(machine=last, image=NEW + "*", checks="never"))
        async with anyio.create_task_group() as group:
            group.start_soon(by_hand, drained)
            result = await bench.deploy(gate=Gate.NONE, on_failure=OnFailure.HOLD)
            group.cancel_scope.cancel()
        return drained, result

    async def by_hand(drained):
        while drained in cordoned(bench) or not bench.machines()[drained].config["image"].startswith(NEW):
            await anyio.sleep(0.5)
        await anyio.sleep(12)
        bench.sim.act("cordon", machine=drained)

    drained, result = virtual(story)
    assert result.outputs["result"] == "halted", bench.console.log
    assert drained in cordoned(bench)


def test_a_rollback_of_what_serves__drains_too():
    bench = make_shop("rolling", policy=DRAIN + '[verify]\nurl = "https://shop.example/up"\n')
    bench.probe = HttpsProbe(allow_loopback=False, resolve=nowhere)
    before = as_recorded(bench)
    virtual(bench.plan)
    result = virtual(bench.deploy)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert (fewest(bench), lost(bench)) == (2, [])
    assert (cordoned(bench), marks(bench)) == (set(), [])


async def nowhere(_host, _port):
    return ["127.0.0.1"]


def test_killed_with_two_of_three_out_of_routing__another_change_puts_them_back_before_it_takes_the_third():
    bench = make_shop("rolling", policy="[groups.web]\ndrain = true\nmax_unavailable = 2\n")

    async def story():
        await bench.plan()
        await killed_after(bench, "cordon", 3)
        await anyio.sleep(TTL + 1)
        assert len(cordoned(bench)) == 2
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("LOG_LEVEL", "LOG_LEVELS")
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    assert fewest(bench) == 1
    assert lost(bench) == []
    assert (cordoned(bench), marks(bench)) == (set(), [])


async def killed_after_update(bench):
    """A deploy that dies when the server has executed its first update of a machine of web, which is out of routing then."""

    def is_it(_, request):
        return request.method == "POST" and request.url.path.rstrip("/").rpartition("/")[2] in WEBS

    assert await deploy_until_killed(bench, Fate(at=is_it, executed=True)), bench.console.log
    bench.sim.journal.entries.clear()
    await anyio.sleep(TTL + 1)


def uncordoned(bench):
    return [e.machine for e in bench.sim.journal.entries if e.operation == "machine_uncordon"]


@pytest.mark.parametrize("boot", [{"checks": "never"}, {"boot": "crash"}])
def test_killed_after_the_update_of_a_version_that_does_not_run__it_stays_out_of_routing(boot):
    bench = make_shop(
        "rolling", policy=DRAIN, faults={"behaviours": [{"image": NEW + "*", "group": "web", **boot}]}
    )

    async def story():
        await bench.plan()
        await killed_after_update(bench)
        (ill,) = cordoned(bench)
        again = await bench.deploy()
        return ill, again, await bench.deploy()

    ill, again, once_more = virtual(story)
    assert again.exit_code is once_more.exit_code is ExitCode.HALTED, bench.console.log
    assert ill not in uncordoned(bench)
    assert cordoned(bench) == {ill}
    assert fewest(bench) == 2


@pytest.mark.parametrize("checks", [True, False])
def test_killed_after_an_update__the_next_run_routes_it_when_it_has_shown_that_it_runs(checks):
    bench = make_shop(
        "rolling",
        policy=DRAIN,
        faults={"behaviours": [{"image": NEW + "*", "group": "web", "check_seconds": 45}]},
    )
    bench.files["fly.toml"] = bench.files["fly.toml"].replace("40s", "90s")
    if not checks:
        bench.files["fly.toml"] = bench.files["fly.toml"].partition("  [[http_service.checks]]")[0]
    passing = []

    class Looking(httpx.AsyncBaseTransport):
        def __init__(self, inner):
            self.inner = inner

        async def handle_async_request(self, request):
            if is_request(request, "uncordon"):
                machine = bench.machines()[request.url.path.split("/")[-2]]
                passing.append((machine.state, [c.status for c in machine.checks.values()]))
            return await self.inner.handle_async_request(request)

    async def story():
        await bench.plan()
        await killed_after_update(bench)
        bench.network = Looking
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    assert passing
    assert all(state == "started" and set(found) <= {"passing"} for state, found in passing)
    assert (cordoned(bench), marks(bench)) == (set(), [])


def test_killed_after_the_update_of_a_version_that_does_not_run__the_next_change_mends_it():
    bench = make_shop(
        "rolling",
        policy=DRAIN,
        faults={"behaviours": [{"image": NEW + "*", "group": "web", "checks": "never"}]},
    )

    async def story():
        await bench.plan()
        await killed_after_update(bench)
        (ill,) = cordoned(bench)
        bench.sim.world.behaviours.clear()
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("LOG_LEVEL", "LOG_LEVELS")
        await bench.plan()
        begun = anyio.current_time()
        result = await bench.deploy()
        return ill, result, anyio.current_time() - begun

    ill, result, seconds = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    journal = [(e.operation, e.machine) for e in bench.sim.journal.entries if e.status == 200]
    assert journal.index(("machine_update", ill)) < journal.index(("machine_uncordon", ill))
    assert (cordoned(bench), marks(bench)) == (set(), [])
    assert seconds < 200


def test_a_rollback_takes_away_what_it_made__once_its_requests_have_ended():
    """The third group fails when a new machine of web serves already."""
    grows = "[groups.web]\ndrain = true\ncount = { ams = 3, gru = 1 }\n"
    bench = make_shop("rolling", policy=grows + '[verify]\nurl = "https://shop.example/up"\n')
    bench.probe = HttpsProbe(allow_loopback=False, resolve=nowhere)
    before = as_recorded(bench)
    virtual(bench.plan)
    result = virtual(bench.deploy)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert lost(bench) == []
    assert (cordoned(bench), marks(bench)) == (set(), [])
