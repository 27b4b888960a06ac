"""Small fleets and files, and the plan between them, for tests of the pure rooms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from entrypoint.fleet.extras import Cordoned, is_cordoned_by_hand
from entrypoint.fleet.marks import CORDON
from entrypoint.fleet.model import App, Fleet, HostStatus, Machine, Volume
from entrypoint.kernel.ids import AppName, GroupName, MachineId, Region, Version, VolumeId
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.groups import parse_scale
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read
from entrypoint.planning.make import Resume, make_plan
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Step, Update
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.key import review_key
from entrypoint.planning.review.record import Record, make_record
from entrypoint.planning.settings import Overrides
from entrypoint.report.plan.verbs import is_shown, verb_of
from entrypoint.rollout.bodies import create_body, machine_name, update_body

OLD = "registry.fly.io/shop:v1@sha256:" + "1" * 64
NEW = "registry.fly.io/shop:v2@sha256:" + "2" * 64
APP = AppName("shop")


def manifest(text: str, *, primary: str = "ams") -> Manifest:
    """fly.toml of app `shop`, which can be read."""
    region = f'primary_region = "{primary}"\n' if primary else ""
    reading = read(f'app = "shop"\n{region}{text}', file="fly.toml")
    assert reading.manifest is not None, reading.findings
    return reading.manifest


def policy(text: str) -> Policy:
    return read_policy(text, file="flightplan.toml").policy


def image(ref: str | None = NEW) -> Image:
    if ref is None:
        return Image(ref=None, digest=None, source=ImageSource.LIVE)
    return Image(ref=ref, digest=ref.partition("@")[2] or None, source=ImageSource.INPUT)


def overrides(*, scale: str = "", **changes: Any) -> Overrides:
    values: dict[str, Any] = {
        "strategy": None,
        "max_unavailable": None,
        "wait_timeout": None,
        "allow_destroy": AllowDestroy.NONE,
        "on_failure": None,
        "compat": Compat.FLIGHTPLAN,
        "scale": parse_scale(scale),
    }
    return Overrides(**values | changes)


def machine(
    id_: str, group: str = "web", *, region: str = "ams", state: str = "started", **changes: Any
) -> Machine:
    """A machine as flyctl leaves it; `config` is laid over that."""
    config: dict[str, Any] = {
        "image": OLD,
        "env": {"FLY_PROCESS_GROUP": group, "PRIMARY_REGION": "ams"},
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "init": {"cmd": [f"bin/{group}"]},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": group},
    }
    config |= changes.pop("config", {})
    values: dict[str, Any] = {
        "id": MachineId(id_),
        "name": id_,
        "version": Version(f"{id_}-1"),
        "state": state,
        "region": Region(region),
        "config": {key: value for key, value in config.items() if value is not None},
        "image_digest": str(config["image"]).partition("@")[2] or None,
        "host_status": HostStatus.OK,
    }
    return Machine(**values | changes)


def volume(id_: str, *, name: str = "data", region: str = "ams", attached: str | None = None) -> Volume:
    return Volume(
        id=VolumeId(id_),
        name=name,
        region=Region(region),
        size_gb=1,
        attached_machine=MachineId(attached) if attached else None,
    )


def fleet(*machines: Machine, volumes: tuple[Volume, ...] = (), status: str = "deployed") -> Fleet:
    return Fleet(app=App(name=APP, status=status, organization="acme"), machines=machines, volumes=volumes)


def plan(
    text: str,
    *machines: Machine,
    volumes: tuple[Volume, ...] = (),
    status: str = "deployed",
    policy_text: str = "",
    ref: str | None = NEW,
    resume: Resume | None = None,
    unproven: Collection[MachineId] = (),
    **changes: Any,
) -> Plan:
    """The plan for a fleet and a fly.toml."""
    return make_plan(
        manifest(text),
        policy=policy(policy_text),
        overrides=overrides(**changes),
        fleet=fleet(*machines, volumes=volumes, status=status),
        image=image(ref),
        resume=resume,
        unproven=frozenset(unproven),
    )


HEAD, BASE, TREE = "a" * 40, "b" * 40, "c" * 40
KEY = review_key(app=APP, config="fly.toml", environment="")


def record_of(made: Plan, *, inputs: Mapping[str, str] | None = None, **changes: Any) -> Record:
    """The record of a plan that was made in #1, on `main`."""
    values: dict[str, Any] = {"pull": 1, "base_branch": "main", "base_sha": BASE, "head": HEAD, "tree": TREE}
    checkout = Checkout(**values | changes)
    return make_record(made, checkout=checkout, key=KEY, inputs=inputs or {}, secret=None)


def verbs(made: Plan) -> dict[str, str]:
    """What happens to each live machine, by id; creates by slot. What is made for a replacement counts with the machine that goes."""
    found: dict[str, str] = {}
    for _, step in made.steps():
        if not is_shown(step):
            continue
        found[step_name(step)] = verb_of(step)
    return found | {kept.machine.id: "keep" for group in made.groups for kept in group.kept}


def step_name(step: Step) -> str:
    """The machine's id, or the place of one to be made."""
    if isinstance(step, Destroy):
        return step.id
    if isinstance(step, Create | Discard):
        return str(step.slot)
    return step.machine.id if step.machine else str(step.slot if isinstance(step, Route) else "")


def rules(made: Plan) -> set[str]:
    """Ids of everything that is said: blockers and consequences."""
    return {finding.rule for finding in (*made.blockers, *made.findings)}


def blocked_by(made: Plan) -> set[str]:
    return {finding.rule for finding in made.blockers}


def after(made: Plan, live: Fleet, *, only: Mapping[int, object] | None = None) -> Fleet:
    """The fleet as executing the plan leaves it, or the steps of it whose places are in `only`."""
    machines = {m.id: m for m in live.machines}
    volumes = list(live.volumes)
    slots: dict[Any, MachineId] = {}
    for place, (_, step) in enumerate(made.steps()):
        if isinstance(step, Create):
            slots[step.slot] = step.done or MachineId(f"new{place:03}{made.digests.plan[:6]}")
        if only is None or place in only:
            _apply(made, step, machines, volumes, slots)
    return Fleet(app=live.app, machines=tuple(machines.values()), volumes=tuple(volumes))


def _apply(
    made: Plan,
    step: Step,
    machines: dict[MachineId, Machine],
    volumes: list[Volume],
    slots: dict[Any, MachineId],
) -> None:
    digest = made.digests.plan
    if isinstance(step, Create):
        id_, wanted = slots[step.slot], step.volume
        if step.done is not None:
            return
        made_for = None
        if step.new_volume is not None:
            wanted = made_for = VolumeId(f"vol_{id_}")
            volumes.append(volume(wanted, name=step.new_volume.name, region=step.new_volume.region or "ams"))
        body = create_body(step, plan=digest, release=None, released=None, made=slots, volume=made_for)
        rests = bool(body.get("standbys")) or step.skip_launch or step.rests_after
        state = "stopped" if rests else "started"
        name = machine_name(step.slot, plan=digest)
        machines[id_] = machine(id_, state=state, region=step.region or "ams", name=name, config=dict(body))
        machines[id_] = replace(_exact(machines[id_], dict(body)), cordoned=not step.routed)
        for index, found in enumerate(volumes):
            if found.id == wanted:
                volumes[index] = volume(found.id, name=found.name, region=found.region, attached=id_)
    elif isinstance(step, Update):
        body = update_body(step, plan=digest, release=None, released=None)
        state = step.machine.state if not step.launch else "started"
        by_hand = is_cordoned_by_hand(step.machine)
        base = machine(step.machine.id, state=state, region=step.region, cordoned=by_hand)
        machines[step.machine.id] = _exact(base, dict(body))
    elif isinstance(step, Discard):
        machines.pop(slots[step.slot], None)
    elif isinstance(step, Route):
        id_ = step.machine.id if step.machine else slots[step.slot]
        machines[id_] = _relabelled(machines[id_], None)
    elif isinstance(step, Cordon):
        machines[step.machine.id] = _relabelled(machines[step.machine.id], Cordoned.RETIRE)
    elif isinstance(step, Destroy):
        machines.pop(step.id, None)
        for index, found in enumerate(volumes):
            if found.attached_machine == step.id:
                volumes[index] = volume(found.id, name=found.name, region=found.region)
    else:
        id_ = step.machine.id
        machines[id_] = machine(id_, state="started", region=step.region, config=dict(step.machine.config))
        machines[id_] = _exact(machines[id_], dict(step.machine.config))


def _exact(base: Machine, config: dict[str, Any]) -> Machine:
    return Machine(
        id=base.id,
        name=base.name,
        version=Version(f"{base.id}-2"),
        state=base.state,
        region=base.region,
        config=config,
        image_digest=str(config["image"]).partition("@")[2] or None,
        cordoned=base.cordoned,
    )


def _relabelled(live: Machine, cordon: Cordoned | None) -> Machine:
    """Cordoned by us, or in routing again."""
    metadata = {key: value for key, value in live.metadata.items() if key != CORDON}
    metadata |= {CORDON: cordon.value} if cordon else {}
    return replace(live, config={**live.config, "metadata": metadata}, cordoned=cordon is not None)


WEB = GroupName("web")
