"""The same story told to flyctl and to Flightplan: an unmodified flyctl on one simulator, the product on another; the same fleet in the end.

What differs is named in docs/flyctl-differences.md; here only what both can do is told.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from entrypoint.fleet.marks import OWN_KEYS
from entrypoint.kernel.run import AllowDestroy, Compat, Gate
from tests.bench import make_bench, virtual
from tests.contract.flyctl.running import Flyctl
from tests.contract.flyctl.test_stories import NO_VOLUME, THREE_GROUPS, TWO_GROUP_FLEET, TWO_GROUPS, VOLUME
from tests.simulator.process import Running
from tests.simulator.thread import run_simulator_here

pytestmark = pytest.mark.flyctl

IGNORED = {"fly_release_id", "fly_release_version", "fly_flyctl_version", *OWN_KEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """A deploy that both make."""

    toml: str
    fleet: dict[str, Any]
    flags: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)


ONE_FREE = {
    **TWO_GROUP_FLEET,
    "volumes": [{"id": f"vol_free{n}", "name": "data", "region": "ams"} for n in "123"],
}
TALES = {
    "first": Tale(toml=THREE_GROUPS, fleet={"app": "acme-shop", "status": "pending"}),
    "first without volumes": Tale(toml=NO_VOLUME, fleet={"app": "acme-shop", "status": "pending"}),
    "new group with a mount": Tale(toml=THREE_GROUPS, fleet=ONE_FREE),
    "mount added": Tale(
        toml=TWO_GROUPS + VOLUME.replace('"cron"', '"worker"'),
        fleet=ONE_FREE,
        inputs={"allow_destroy": AllowDestroy.ALL},
    ),
}


def told_to_flyctl(tale: Tale, program: Path, folder: Path) -> dict[str, Any]:
    """The fleet that flyctl leaves."""
    folder.mkdir()
    with run_simulator_here(tale.fleet, speed=50.0) as simulator:
        flyctl = Flyctl(program=program, folder=folder, simulator=simulator)
        ended = flyctl.deploy(tale.toml, *tale.flags)
        assert ended.code == 0, ended.said
        assert simulator.violations() == []
        return {**flyctl.fleet(), "addresses": addresses(simulator)}


def addresses(simulator: Running) -> list[str]:
    """The kinds that were asked for."""
    return [entry["body"]["type"] for entry in simulator.journal() if entry["operation"] == "ip_assign"]


def told_to_us(tale: Tale) -> dict[str, Any]:
    """The fleet that we leave."""
    bench = make_bench(manifest=tale.toml, fleet=tale.fleet)
    result = virtual(lambda: bench.deploy(gate=Gate.NONE, compat=Compat.FLYCTL, **tale.inputs))
    assert result.outputs["result"] == "deployed", bench.console.log
    app = bench.sim.world.apps["acme-shop"]
    return {
        "machines": [
            {"id": m.id, "config": m.config, "region": m.region, "state": m.state}
            for machines in bench.groups().values()
            for m in machines
        ],
        "volumes": [
            {"id": v.id, "name": v.name, "region": v.region, "size_gb": v.size_gb, "encrypted": v.encrypted}
            | {"attached_machine_id": v.attached_machine}
            for v in app.volumes.values()
        ],
        "addresses": [e.body["type"] for e in bench.sim.journal.entries if e.operation == "ip_assign"],
    }


def outline(fleet: dict[str, Any]) -> dict[str, Any]:
    """What must be the same: ids that were made on the way are left out."""
    groups = {m["id"]: m["config"]["metadata"]["fly_process_group"] for m in fleet["machines"]}
    return {
        "machines": Counter(_machine(machine) for machine in fleet["machines"]),
        "volumes": Counter(
            (v["name"], v["region"], v["size_gb"], v["encrypted"], groups.get(v["attached_machine_id"] or ""))
            for v in fleet["volumes"]
        ),
        "addresses": fleet["addresses"],
    }


def _machine(machine: dict[str, Any]) -> str:
    config = json.loads(json.dumps(machine["config"]))
    config["image"] = config["image"].partition("@")[0]
    config["metadata"] = {k: v for k, v in config["metadata"].items() if k not in IGNORED}
    for mount in config.get("mounts") or []:
        mount["volume"] = "some"
    if config.get("standbys"):
        config["standbys"], config["env"]["FLY_STANDBY_FOR"] = ["one"], "one"
    rests = machine["state"] in ("created", "stopped")
    return json.dumps([config, machine["region"], rests], sort_keys=True)


@pytest.mark.parametrize("name", sorted(TALES))
def test_both_leave_the_same_fleet(name: str, program: Path, tmp_path: Path) -> None:
    theirs = outline(told_to_flyctl(TALES[name], program, tmp_path / "flyctl"))
    ours = outline(told_to_us(TALES[name]))
    assert ours == theirs
