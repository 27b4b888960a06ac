"""A standby that runs, since its primary went down or somebody started it: it is updated like any other machine."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from entrypoint.rollout.leases import TTL
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, make_bench, virtual
from tests.severed import killed_after
from tests.simulator.state.model import Machine

PRIMARIES = ("4d891e2fb55368", "6e82994ea3d7e8")
STANDBY = "0a00000000005b"
WEB = "148ed21a031189"
WORKER = 'app = "acme-shop"\nprimary_region = "ams"\n[processes]\nworker = "bin/worker"\n'
NO_MAILER = MANIFEST.replace('mailer = "bin/mailer"\n', "")


def standing_by(*, primaries: str = "started") -> dict[str, Any]:
    """The fleet with a running standby of the first worker."""
    fleet = json.loads(json.dumps(FLEET))
    worker = fleet["configs"]["worker"]
    env = {**worker["env"], "FLY_STANDBY_FOR": PRIMARIES[0]}
    fleet["configs"]["standby"] = {**worker, "standbys": [PRIMARIES[0]], "env": env}
    for machine in fleet["machines"]:
        if machine["id"] in PRIMARIES:
            machine["state"] = primaries
    fleet["machines"].append({"id": STANDBY, "region": "ams", "config": "standby", "state": "started"})
    return fleet


def deploy(bench: Bench) -> Result:
    return virtual(lambda: bench.deploy(gate=Gate.NONE, wait_timeout=45.0))


def said(bench: Bench) -> str:
    return "".join(bench.console.summaries)


@pytest.mark.parametrize("primaries", ["started", "stopped"])
def test_a_standby_that_runs__is_updated_and_runs_on(primaries: str) -> None:
    bench = make_bench(manifest=NO_MAILER, fleet=standing_by(primaries=primaries))
    assert deploy(bench).outputs["result"] == "deployed", said(bench)
    standby = bench.machines()[STANDBY]
    assert standby.config["image"].startswith(IMAGE)
    assert standby.config["standbys"] == [PRIMARIES[0]]
    assert standby.state == "started", "as it was found"
    assert {bench.machines()[id_].state for id_ in PRIMARIES} == {primaries}


def test_a_standby_that_has_taken_over__is_no_hindrance_to_the_next_deploys() -> None:
    fleet = standing_by()
    fleet["machines"][-1]["state"] = "stopped"
    fleet["configs"]["worker"]["restart"] = {"policy": "no"}
    fleet["configs"]["standby"]["restart"] = {"policy": "no"}
    bench = make_bench(manifest=NO_MAILER, fleet=fleet)

    async def story() -> tuple[str, Result, Result]:
        bench.sim.act("exit", machine=PRIMARIES[0])
        await anyio.sleep(60)
        took_over = bench.machines()[STANDBY].state
        first = await bench.deploy(gate=Gate.NONE, wait_timeout=45.0)
        return took_over, first, await bench.deploy(gate=Gate.NONE, wait_timeout=45.0)

    took_over, first, second = virtual(story)
    assert took_over == "started"
    assert first.outputs["result"] == "deployed", said(bench)
    assert second.outputs["result"] == "nothing-to-do"
    assert bench.machines()[STANDBY].state == "started"


def test_a_standby_that_runs__is_put_back_and_runs_again() -> None:
    ill = {"image": "*:v42*", "group": "web", "checks": "never"}
    bench = make_bench(manifest=NO_MAILER, fleet=standing_by(), faults={"behaviours": [ill]})
    assert deploy(bench).outputs["result"] == "rolled-back", said(bench)
    standby = bench.machines()[STANDBY]
    assert not standby.config["image"].startswith(IMAGE)
    assert standby.state == "started"


def test_a_standby_that_runs__proves_nothing_to_the_others() -> None:
    """What a standby's gate sees is no proof of the new version: the first of the others still goes alone."""
    ill = {"image": "*:v42*", "group": "worker", "boot": "failed"}
    bench = make_bench(
        manifest=NO_MAILER, fleet=standing_by(primaries="failed"), faults={"behaviours": [ill]}
    )
    assert deploy(bench).outputs["result"] == "rolled-back", said(bench)
    updated = {write.split()[1] for write in bench.writes() if write.startswith("machine_update")}
    assert len(updated & set(PRIMARIES)) == 1


def by_standby(bench: Bench) -> list[Machine]:
    """The two workers, the standby last."""
    first, second = sorted(bench.groups()["worker"], key=lambda m: bool(m.config.get("standbys")))
    return [first, second]


def test_a_standby_of_a_killed_run__whose_primary_is_gone__stands_by_for_the_new_one() -> None:
    """The first run is killed when it has created both, or in a rollback that has destroyed only one of them."""
    bench = make_bench(manifest=WORKER, fleet={**FLEET, "machines": [], "volumes": [], "status": "pending"})

    async def story() -> Result:
        await killed_after(bench, "create", 3, gate=Gate.NONE)  # the first is the lock
        primary, _ = by_standby(bench)
        bench.sim.act("destroy", machine=primary.id)
        await anyio.sleep(TTL + 1)
        return await bench.deploy(gate=Gate.NONE)

    result = virtual(story)
    assert result.outputs["result"] == "deployed", said(bench)
    primary, standby = by_standby(bench)
    assert standby.config["standbys"] == [primary.id]
    assert standby.config["env"]["FLY_STANDBY_FOR"] == primary.id
    assert (primary.state, standby.state) == ("started", "stopped"), said(bench)


def test_a_new_standby__is_created_and_not_launched() -> None:
    """As flyctl does (LaunchMachine's skip_launch for a standby); its primary is launched."""
    bench = make_bench(manifest=WORKER, fleet={**FLEET, "machines": [], "volumes": [], "status": "pending"})
    assert deploy(bench).outputs["result"] == "deployed", said(bench)
    asked = [e.body for e in bench.sim.journal.find("machine_create")]
    launched = {
        bool(b["config"].get("standbys")): not b.get("skip_launch") for b in asked if "lease_ttl" in b
    }
    assert launched == {False: True, True: False}
