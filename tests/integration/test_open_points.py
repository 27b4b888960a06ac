"""What Fly's documents leave open may be either way: the whole product, under every switch of the simulator turned both ways."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import Any

import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, make_bench, virtual
from tests.simulator.state.settings import Switches

OTHER: dict[str, Any] = {
    "wait_over_60": "clamp",
    "start_started": "refuse",
    "skip_launch_update": "started",
    "update_keeps_cordon": False,
    "image_refusal": "422",
    "guard_shape": "message",
    "lease_ttl_default": 5,
    "lease_ttl_max": 30,
    "retry_after": True,
    "dead_nonce": "refuse",
    "first_check_status": "critical",
    "claimed_volume_delete": "409",
    "extra_events": False,
    "compat_row": True,
    "released_refresh": "revive",
    "skip_launch_rests": "created",
    "metadata_resets_checks": True,
    "durations": "go",
    "service_interval_max": 60,
    "cookie_leads": False,
    "error_place": "detail",
    "deleted_volume": "scheduled_for_destruction",
    "extend_needs_restart": True,
}
"""The way that is not the default."""
THIRD: list[dict[str, Any]] = [{"error_place": "message"}, {"error_place": "plain"}]
WAYS: list[dict[str, Any]] = [{k: v} for k, v in OTHER.items()] + THIRD
NONE, ALL = pytest.param({}, id="defaults"), pytest.param(OTHER, id="all-at-once")


def ways(first: int) -> list[Any]:
    """No switch, all switches, and one at a time, of which `make test` takes every eighth: other ones in each test."""
    marks = [pytest.mark.thorough]
    return [
        NONE,
        ALL,
        *(
            pytest.param(
                way,
                id="-".join(f"{k}={v}" for k, v in way.items()),
                marks=[] if place % 8 == first else marks,
            )
            for place, way in enumerate(WAYS)
        ),
    ]


WEB = [m["id"] for m in FLEET["machines"] if m["config"] == "web"]
WORKERS = [m["id"] for m in FLEET["machines"] if m["config"] == "worker"]


SLOW_CHECK = {"durations", "service_interval_max"}
"""Switches that make no difference to a check every five seconds."""


def make(switches: dict[str, Any], *, manifest: str = MANIFEST, **faults: Any) -> Bench:
    """The demo's app with a cordoned web machine and a stopped worker."""
    fleet = copy.deepcopy(dict(FLEET))
    for machine in fleet["machines"]:
        if machine["id"] == WEB[0]:
            machine["cordoned"] = True
        if machine["id"] == WORKERS[0]:
            machine["state"] = "stopped"
    if "cookie_leads" in switches:
        faults["replica_lag"] = 2.0
    bench = make_bench(fleet=fleet, faults={"switches": switches, **faults})
    slow = SLOW_CHECK & switches.keys()
    bench.files["fly.toml"] = manifest.replace('interval = "5s"', 'interval = "75s"') if slow else manifest
    return bench


def describe(bench: Bench) -> dict[str, list[tuple[str, str, bool]]]:
    """Each group's machines, as their image's tag, state and cordon."""
    return {
        group: sorted(
            (m.config["image"].partition("@")[0].rpartition(":")[2], m.state, m.cordoned) for m in found
        )
        for group, found in bench.groups().items()
    }


def test_every_switch_has_another_way():
    assert OTHER.keys() == {field.name for field in fields(Switches)}
    defaults = Switches()
    assert all(getattr(defaults, name) != other for name, other in OTHER.items())


@pytest.mark.parametrize("switches", ways(0))
def test_plan_deploy_and_plan_again(switches):
    bench = make(switches)

    async def story():
        await bench.plan()
        deployed = await bench.deploy()
        log = list(bench.console.log)
        again = await bench.plan()
        return deployed, log, again

    deployed, log, again = virtual(story)

    assert deployed.exit_code is ExitCode.DONE, log
    assert again.outputs["result"] == "nothing-to-do"
    assert bench.leases() == []
    assert describe(bench)["web"] == [
        ("v42", "started", False),
        ("v42", "started", False),
        ("v42", "started", True),  # a cordon that a person made stays, whether or not Fly keeps it
    ]
    assert [(tag, state) for tag, state, _ in describe(bench)["worker"]] == [
        ("v42", "started"),
        ("v42", "stopped"),
    ]


@pytest.mark.parametrize("switches", ways(1))
def test_a_rollout_that_fails_is_rolled_back(switches):
    behaviours = [{"image": f"{IMAGE}*", "group": "web", "checks": "never"}]
    manifest = MANIFEST.replace("[deploy]\n", '[deploy]\n  wait_timeout = "20s"\n')
    bench = make(switches, manifest=manifest, behaviours=behaviours)

    async def story():
        await bench.plan()
        deployed = await bench.deploy()
        return deployed, list(bench.console.log)

    deployed, log = virtual(story)

    assert deployed.exit_code is not ExitCode.DONE
    assert {tag for tag, _, _ in describe(bench)["web"]} == {"v41"}, log
    assert all(state == "started" for _, state, _ in describe(bench)["web"])
    assert bench.leases() == []


@pytest.mark.parametrize("switches", ways(2))
def test_groups_go_and_somebody_leases_meanwhile(switches):
    """The worker group is removed; another deployer's lease on a web machine ends while ours waits for it."""
    manifest = MANIFEST.replace('  worker = "bin/worker --queue default"\n', "")
    acts = [{"at": 0.0, "act": "lease", "machine": WEB[1], "ttl": 4}]
    bench = make(switches, manifest=manifest, acts=acts)

    async def story():
        await bench.plan(allow_destroy=AllowDestroy.SURPLUS)
        deployed = await bench.deploy(allow_destroy=AllowDestroy.SURPLUS)
        log = list(bench.console.log)
        return deployed, log, await bench.plan(allow_destroy=AllowDestroy.SURPLUS)

    deployed, log, again = virtual(story)

    assert deployed.exit_code is ExitCode.DONE, log
    assert again.outputs["result"] == "nothing-to-do"
    assert "worker" not in bench.groups()
    assert bench.leases() == []
