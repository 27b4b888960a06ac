"""Recorded deploys: fleet × fly.toml → the config of every write, ours (through the real planner) equal to flyctl's as JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from entrypoint.adapters.machines.volumes import volume_body
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.model import FlyctlStage, Manifest
from entrypoint.manifest.read import read
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Discard
from tests.golden.deploys import differences, make, planned, recorded
from tests.golden.vectors import load, load_or_skip

OURS = load("deploys")
CANARY = {"bluegreen-1", "bluegreen-1-hand"}
"""Strategy canary: one more machine a group, destroyed before the updates."""
NEEDS_VOLUMES = {"volume-0", "wild0-0", "wild7-0", "wild8-0", "wild10-0", "wild11-0"}
"""First deploys with a mount: a volume is made for each machine."""
NEEDS_ANSWER = {"volume-2", "volume-2-hand"}
"""flyctl asks a person before it detaches a volume, and fails where nobody can answer. We ask for consent (`allow-destroy`)."""
INVALID = {
    "wild4-0": FlyctlStage.DECODE,
    "wild4-1-hand": FlyctlStage.DECODE,
    "wild9-0": FlyctlStage.VALIDATE,
    "wild9-1-hand": FlyctlStage.VALIDATE,
}


def read_manifest(vector: dict[str, Any]) -> Manifest:
    """The file of a vector that has none but good ones."""
    reading = read(vector["toml"], file="fly.toml")
    assert reading.manifest is not None
    assert reading.stage is FlyctlStage.OK
    return reading.manifest


def check(vector: dict[str, Any]) -> None:
    """One line."""
    if vector["rc"]:
        check_refused(vector)
        return
    manifest = read_manifest(vector)
    plan = make(manifest, vector, compat=Compat.FLYCTL)
    ours, theirs = planned(plan, vector), recorded(vector)
    blocked = {finding.rule for finding in plan.blockers}
    if vector["name"] in CANARY:
        assert {s.slot.group for _, s in plan.steps() if isinstance(s, Discard)} == set(manifest.groups)
        theirs.destroys &= {machine["id"] for machine in vector["before"]["machines"]}
        assert blocked == set()
    else:
        assert blocked == set()
    assert volumes_made(plan) == recorded_volumes(vector)
    assert bool(volumes_made(plan)) is (vector["name"] in NEEDS_VOLUMES)
    assert ours == theirs


def volumes_made(plan: Plan) -> list[Any]:
    """What our rollout would ask of each volume that it makes."""
    made = [step.new_volume for _, step in plan.steps() if isinstance(step, Create) and step.new_volume]
    return sorted((present(volume_body(volume)) for volume in made), key=str)


def recorded_volumes(vector: dict[str, Any]) -> list[Any]:
    """What flyctl asked of each."""
    sent = [w["body"] for w in vector["writes"] if w["kind"] == "volumes"]
    return sorted((present(volume) for volume in sent), key=str)


def present(volume: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {key: value for key, value in volume.items() if value not in (None, "")}


def check_refused(vector: dict[str, Any]) -> None:
    """flyctl ended with 1, so do we, for the same reason."""
    reading = read(vector["toml"], file="fly.toml")
    if vector["name"] in NEEDS_ANSWER:
        manifest = read_manifest(vector)
        plan = make(manifest, vector, compat=Compat.FLYCTL, allow_destroy=AllowDestroy.SURPLUS)
        assert {finding.rule for finding in plan.blockers} == {"would-replace"}
        assert "does not specify a volume" in vector["said"]
    else:
        assert reading.stage is INVALID[vector["name"]]
        assert any(finding.flyctl_rejects for finding in reading.findings)


@pytest.mark.parametrize("vector", OURS, ids=[vector["name"] for vector in OURS])
def test_a_deploy_writes_what_flyctl_writes(vector: dict[str, Any]) -> None:
    check(vector)


def test_deploys_of_real_files_write_what_flyctl_writes() -> None:
    missed: list[str] = []
    for vector in load_or_skip("deploys-wild"):
        try:
            check(vector)
        except AssertionError as error:
            missed.append(f"{vector['name']}: {error}")
    assert missed == []


def test_the_committed_deploys_are_all_there() -> None:
    assert len(OURS) == 48
    assert sum(len(vector["writes"]) for vector in OURS) > 150


def test_without_compat_only_the_standby_variable_differs() -> None:
    """docs/flyctl-differences.md, standby-for: the one difference that these fleets can show."""
    found: set[str] = set()
    for vector in OURS:
        if not vector["rc"]:
            found |= set(changed_paths(vector))
    assert found == {"env.FLY_STANDBY_FOR"}


@pytest.mark.parametrize("compat", Compat)
def test_the_fleet_that_a_deploy_leaves_has_nothing_left_to_do(compat: Compat) -> None:
    """Not even the standby that flyctl would take its variable from: that goes with a write, and is none by itself."""
    busy: dict[str, list[str]] = {}
    for vector in OURS:
        if not vector["rc"]:
            plan = make(read_manifest(vector), {**vector, "before": vector["after"]}, compat=compat)
            if plan.has_changes:
                busy[vector["name"]] = [f"{step}"[:200] for _, step in plan.steps()]
    assert busy == {}


def changed_paths(vector: dict[str, Any]) -> Iterator[str]:
    """Where our two modes differ for a recorded deploy."""
    manifest = read_manifest(vector)
    ours = planned(make(manifest, vector, compat=Compat.FLIGHTPLAN), vector)
    theirs = planned(make(manifest, vector, compat=Compat.FLYCTL), vector)
    assert ours.updates.keys() == theirs.updates.keys()
    for machine, config in ours.updates.items():
        yield from differences(config, theirs.updates[machine])
    assert (ours.destroys, ours.releases, ours.skips_launch) == (
        theirs.destroys,
        theirs.releases,
        theirs.skips_launch,
    )
    kept = [made for made in theirs.creates.elements() if not is_canary_of_a_schedule(made, vector)]
    for mine, other in zip(sorted(ours.creates.elements()), sorted(kept), strict=True):
        yield from differences(json.loads(mine), json.loads(other))


def is_canary_of_a_schedule(made: str, vector: dict[str, Any]) -> bool:
    """Whether only flyctl makes it: a canary of a group to whose machines a person gave a schedule (canary-traffic on the page)."""
    configs = [machine["config"] for machine in vector["before"]["machines"]]
    scheduled = {c["metadata"]["fly_process_group"] for c in configs if c.get("schedule")}
    metadata = json.loads(made)["metadata"]
    return "fly_canary" in metadata and metadata["fly_process_group"] in scheduled


@pytest.mark.parametrize(("of", "to"), [("web", "worker"), ("worker", "web")])
def test_a_machine_moved_to_another_group_becomes_like_its_new_siblings(of: str, to: str) -> None:
    """S10: a person changes `fly_process_group`, then deploys: command, services and environment of the new group; a standby is none any more
    where there are services."""
    vector = copy.deepcopy(next(v for v in OURS if v["name"] == "groups-1"))
    machines = [machine["config"] for machine in vector["before"]["machines"]]
    for config in machines:
        if config["metadata"]["fly_process_group"] == of:
            config["metadata"]["fly_process_group"] = to
    plan = make(read_manifest(vector), vector, compat=Compat.FLYCTL)
    written = [config for config in planned(plan, vector).updates.values() if "standbys" not in config]
    assert len(written) >= len(machines) - 1
    assert all(config == written[0] for config in written)
    assert written[0]["env"]["FLY_PROCESS_GROUP"] == to
    assert ("services" in written[0]) is (to == "web")
    assert sum(planned(plan, vector).creates.values()) == 2
