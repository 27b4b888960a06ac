"""The fleet as the planner sees it: which machines belong to which group, and what goes into the base."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from entrypoint.fleet.images import live_identity
from entrypoint.fleet.managed import group_name, is_managed, is_stopped_by_platform
from entrypoint.fleet.marks import NEW, Marks, read_marks
from entrypoint.fleet.model import Fleet, HostStatus, Machine
from entrypoint.fleet.normalise import NormalConfig, NormalForms, short
from entrypoint.fleet.states import LAUNCHED, RUNNING
from entrypoint.kernel.ids import Digest, GroupName, MachineId, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.kernel.secrets import Secret
from entrypoint.kernel.sharing import Derived


class RunClass(StrEnum):
    """A machine's run state, as far as people decide it. Machines that Fly starts and stops by itself have classes of their own."""

    RUNNING = "running"
    RESTING = "resting"
    FAILED = "failed"
    PROXIED = "proxied"
    """Autostop: the proxy starts and stops it. It serves whenever a request comes."""
    STANDBY = "standby"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """The plan whose partial result is looked for. `base`: its fingerprints by machine, if known."""

    plan: Digest
    base: Mapping[str, str]
    starting: frozenset[GroupName]
    """Groups whose stopped machines the plan starts."""


class Alike:
    """What machines with the same config have in common, worked out once for all of them. `secret`: the input `record-key`."""

    def __init__(self, *, secret: Secret | None) -> None:
        self._secret = secret
        self._forms = NormalForms()
        self._images = Derived[str]()
        self._fingerprints = Derived[str]()

    def config(self, machine: Machine) -> NormalConfig:
        """Its config in normal form."""
        return self._forms.of(machine.config)

    def image(self, machine: Machine) -> str:
        """The identity of the image that it runs."""
        return self._images.of(machine.config, machine.image_digest, make=lambda: live_identity(machine))

    def fingerprint(
        self, machine: Machine, *, group: GroupName, run: RunClass, volumes: tuple[VolumeId, ...]
    ) -> str:
        """Its fingerprint for the base. Its group follows from its config."""
        answers = machine.host_status is HostStatus.OK
        image = self.image(machine)
        value: Json = {
            "group": group,
            "region": machine.region,
            "config": self.config(machine),
            "image": image,
            "run": run.value,
            "volumes": list(volumes),
            "host": answers,
        }
        return self._fingerprints.of(
            machine.config,
            machine.region,
            image,
            run,
            volumes,
            answers,
            make=lambda: short(value, secret=self._secret),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One machine of the app, with what the planner needs to know.

    `before`: its fingerprint for the base. `claimed`: its marks say that an interrupted run of the resumed plan wrote it; then `before`
    and `run` are from before that run, as the marks tell.
    """

    machine: Machine
    group: GroupName
    run: RunClass
    before: str
    config: NormalConfig
    """Its config in normal form."""
    image: str
    """The identity of the image it runs."""
    volumes: tuple[VolumeId, ...]
    marks: Marks | None
    claimed: bool
    started: bool = False
    """It was stopped when the resumed plan was made, runs now, and is otherwise the same: so that run has started it."""

    @property
    def is_new(self) -> bool:
        """Whether the resumed plan created it. Then it is not part of the base."""
        return self.claimed and self.before == NEW

    @property
    def is_standby(self) -> bool:
        return self.run is RunClass.STANDBY

    @property
    def is_warm(self) -> bool:
        """Whether it serves, so that its update reduces capacity."""
        return self.run in (RunClass.RUNNING, RunClass.PROXIED)

    @property
    def is_launched(self) -> bool:
        """Whether it runs after an update (flyctl machines_launchinput.go:shouldSkipLaunch)."""
        return self.machine.state in LAUNCHED


def see_machines(
    fleet: Fleet, *, default_group: GroupName, resuming: Resuming | None, secret: Secret | None = None
) -> tuple[Seen, ...]:
    """Every managed machine, sorted by region and id. `secret`: the input `record-key`, because the fingerprints are published."""
    managed = [machine for machine in fleet.machines if is_managed(machine)]
    see = partial(
        see_machine,
        attached=attached_volumes(fleet),
        default_group=default_group,
        resuming=resuming,
        alike=Alike(secret=secret),
    )
    return tuple(see(machine) for machine in sorted(managed, key=lambda m: (m.region, m.id)))


def attached_volumes(fleet: Fleet) -> dict[MachineId, list[VolumeId]]:
    """By the machine that each volume says it is attached to."""
    found: dict[MachineId, list[VolumeId]] = {}
    for volume in fleet.volumes:
        if volume.attached_machine is not None:
            found.setdefault(volume.attached_machine, []).append(volume.id)
    return found


def see_machine(
    machine: Machine,
    *,
    attached: Mapping[MachineId, Collection[VolumeId]],
    default_group: GroupName,
    resuming: Resuming | None,
    alike: Alike,
) -> Seen:
    """One machine. With `resuming` None, its marks are ignored and it counts as it is now. `attached`: from `attached_volumes`.
    `alike`: one for all machines.
    """
    marks = read_marks(machine)
    volumes = tuple(sorted({*attached.get(machine.id, ()), *mounted_volumes(machine.config)}))
    group = GroupName(group_name(machine) or default_group)
    run = _run_class(machine)
    fingerprint = partial(alike.fingerprint, machine, group=group, volumes=volumes)
    before = fingerprint(run=run)
    claimed = resuming is not None and marks is not None and marks.plan == resuming.plan
    started = False
    if claimed and marks is not None:
        before, _, word = marks.before.partition(":")
        run = RunClass(word) if word in set(RunClass) else run
    elif resuming is not None and group in resuming.starting and run is RunClass.RUNNING:
        for rested in (RunClass.RESTING, RunClass.FAILED):
            then = fingerprint(run=rested)
            if resuming.base.get(machine.id) == then:
                before, run, started = then, rested, True
    return Seen(
        machine=machine,
        group=group,
        run=run,
        before=before,
        config=alike.config(machine),
        image=alike.image(machine),
        volumes=volumes,
        marks=marks,
        claimed=claimed,
        started=started,
    )


def _run_class(machine: Machine) -> RunClass:
    if machine.config.get("standbys"):
        return RunClass.STANDBY
    if machine.config.get("schedule"):
        return RunClass.SCHEDULED
    if machine.state == "failed":
        return RunClass.FAILED
    if is_stopped_by_platform(machine.config):
        return RunClass.PROXIED
    return RunClass.RUNNING if machine.state in RUNNING else RunClass.RESTING


def mounted_volumes(config: Mapping[str, Json]) -> tuple[VolumeId, ...]:
    """Volume ids in the config's mounts."""
    mounts = config.get("mounts")
    if not isinstance(mounts, list | tuple):
        return ()
    found = (mount.get("volume") for mount in mounts if isinstance(mount, Mapping))
    return tuple(VolumeId(volume) for volume in found if isinstance(volume, str) and volume)
