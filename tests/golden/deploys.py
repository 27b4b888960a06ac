"""One recorded `flyctl deploy` in two shapes: what it wrote, and what our planner would write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from entrypoint.adapters.machines.wire import read_machine, read_volumes
from entrypoint.fleet.marks import OWN_KEYS, Slot
from entrypoint.fleet.model import RELEASE_GROUP, App, Fleet
from entrypoint.kernel.ids import AppName, Digest, MachineId, VolumeId
from entrypoint.kernel.json import canonical
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Start, Update
from entrypoint.planning.settings import Overrides
from entrypoint.rollout.bodies import create_body, release_body, update_body
from tests.golden.vectors import comparable

IGNORED = {"fly_release_id", "fly_release_version", "fly_flyctl_version", *OWN_KEYS}
IMAGE = "registry.fly.io/acme-shop"


@dataclass(slots=True)
class Writes:
    """Configs by what they are for. Creates and release machines have no id yet: how often each config is sent, as canonical JSON."""

    updates: dict[str, Any] = field(default_factory=dict)
    creates: Counter[str] = field(default_factory=Counter)
    releases: Counter[str] = field(default_factory=Counter)
    destroys: set[str] = field(default_factory=set)
    skips_launch: dict[str, bool] = field(default_factory=dict)
    """By updated machine."""


def recorded(vector: Mapping[str, Any]) -> Writes:
    """What flyctl sent. Machines that it made and destroyed again (canaries, the release machine) are left to the caller."""
    known = {volume["id"] for volume in vector["before"]["volumes"]}
    writes = Writes()
    for write in vector["writes"]:
        body = write["body"] if isinstance(write["body"], dict) else {}
        config = body.get("config")
        if write["method"] == "DELETE" and write["kind"] == "machine":
            writes.destroys.add(write["machine"])
        elif config is not None and write["machine"] is not None:
            writes.updates[write["machine"]] = tidy(config)
            writes.skips_launch[write["machine"]] = body.get("skip_launch", False)
        elif config is not None:
            is_release = config["metadata"]["fly_process_group"] == RELEASE_GROUP
            (writes.releases if is_release else writes.creates)[made(config, known)] += 1
    return writes


def planned(plan: Plan, vector: Mapping[str, Any]) -> Writes:
    """What our rollout would send for the plan."""
    known = {volume["id"] for volume in vector["before"]["volumes"]}
    digest = Digest("0" * 64)
    writes = Writes()
    for _, step in plan.steps():
        match step:
            case Update():
                writes.updates[step.machine.id] = tidy(
                    update_body(step, plan=digest, release=None, released=None)
                )
                writes.skips_launch[step.machine.id] = not step.launch
            case Create():
                primary: dict[Slot, MachineId] = (
                    {step.standby_for: MachineId("one")} if step.standby_for else {}
                )
                writes.creates[
                    made(
                        create_body(
                            step,
                            plan=digest,
                            release=None,
                            released=None,
                            made=primary,
                            volume=VolumeId("new") if step.new_volume else None,
                        ),
                        known,
                    )
                ] += 1
            case Destroy():
                writes.destroys.add(step.id)
            case Route() | Cordon() | Discard():
                pass
            case Start():
                raise AssertionError(f"flyctl never does this: {step}")
    if plan.release is not None:
        writes.releases[made(release_body(plan.release.config, plan=digest, release=None), known)] += 1
    return writes


def make(
    manifest: Manifest,
    vector: Mapping[str, Any],
    *,
    compat: Compat,
    allow_destroy: AllowDestroy = AllowDestroy.ALL,
) -> Plan:
    """Our plan for the recorded fleet and image."""
    overrides = Overrides(
        strategy=None,
        max_unavailable=None,
        wait_timeout=None,
        allow_destroy=allow_destroy,
        on_failure=None,
        compat=compat,
        scale={},
    )
    image = Image(ref=f"{IMAGE}:{vector['tag']}", digest=None, source=ImageSource.INPUT)
    return make_plan(manifest, policy=Policy(), overrides=overrides, fleet=fleet_of(vector), image=image)


def fleet_of(vector: Mapping[str, Any]) -> Fleet:
    """The fleet before, as our client reads it."""
    before = vector["before"]
    machines = [read_machine({**machine, "host_status": "ok"}) for machine in before["machines"]]
    return Fleet(
        app=App(name=AppName(before["app"]), status=before["status"], organization="personal"),
        machines=tuple(machines),
        volumes=tuple(read_volumes(before["volumes"])),
    )


def tidy(config: Mapping[str, Any]) -> Any:
    """Without what must not match."""
    result = comparable(config)
    result["metadata"] = {k: v for k, v in config["metadata"].items() if k not in IGNORED}
    return result


def made(config: Mapping[str, Any], known_volumes: set[str]) -> str:
    """The config of a new machine: ids that were made on the way are all the same."""
    result = tidy(config)
    if "standbys" in result:
        result["standbys"] = ["one"]
    if "FLY_STANDBY_FOR" in result["env"]:
        result["env"]["FLY_STANDBY_FOR"] = "one"
    for mount in result.get("mounts", []):
        if mount.get("volume") not in known_volumes:
            mount["volume"] = "new"
    return canonical(result)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The paths at which two JSON values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif ours != theirs:
        yield path
