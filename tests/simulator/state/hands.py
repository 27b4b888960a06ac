"""What others do to a fleet: people, the proxy, hosts, chance. Named acts, for scripts and for tests."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.cordon import set_cordon
from tests.simulator.state.create import Launch, create_machine
from tests.simulator.state.destroy import destroy_machine
from tests.simulator.state.images import move_tag
from tests.simulator.state.leases import grant, guard
from tests.simulator.state.lifecycle import boot, end_process, resume
from tests.simulator.state.metadata import merge_metadata
from tests.simulator.state.model import App, Check, Machine, Volume
from tests.simulator.state.moments import become, note
from tests.simulator.state.power import start_machine, stop_machine, suspend_machine
from tests.simulator.state.probes import list_probes
from tests.simulator.state.refusals import invalid, not_found
from tests.simulator.state.secrets import set_secrets
from tests.simulator.state.standbys import release_standbys
from tests.simulator.state.update import update_machine
from tests.simulator.state.world import World

Words = dict[str, Any]
"""An act: `act`, whom it concerns (`app`, `machine`, `group`, `volume`) and how."""


def perform(world: World, words: Words) -> list[str]:
    """Do what `words["act"]` says. Returns the ids it concerned. Refuses unknown acts, and acts on nothing."""
    act = words.get("act")
    if act in _ON_WORLD:
        _ON_WORLD[str(act)](world, words)
        return []
    if act in _ON_VOLUMES:
        volumes = list(_find_volumes(world, words))
        if not volumes:
            raise not_found("no volume fits")
        for volume in volumes:
            _ON_VOLUMES[str(act)](world, volume, words)
        return [volume.id for volume in volumes]
    if act not in _ON_MACHINES:
        raise invalid(f"unknown act {act!r}: {', '.join(sorted([*_ON_WORLD, *_ON_VOLUMES, *_ON_MACHINES]))}")
    machines = list(_find_machines(world, words))
    if not machines:
        raise not_found("no machine fits")
    for machine in machines:
        if words.get("guarded"):
            guard(world, machine, nonce=None)
        _ON_MACHINES[str(act)](world, machine, words)
    return [machine.id for machine in machines]


def _find_app(world: World, words: Words) -> App:
    return world.app(words["app"]) if "app" in words else next(iter(world.apps.values()))


def _find_machines(world: World, words: Words) -> Iterator[Machine]:
    """Living machines by id or name and by group, patterns allowed; at most `count`."""
    left, pattern = words.get("count", 1 << 30), words.get("machine", "*")
    known = _find_app(world, words).machines
    for machine in [known[pattern]] if pattern in known else list(known.values()):
        if (
            any(fnmatchcase(word, pattern) for word in (machine.id, machine.name))
            and fnmatchcase(machine.group, words.get("group", "*"))
            and machine.state != "destroyed"
            and left > 0
        ):
            left -= 1
            yield machine


def _find_volumes(world: World, words: Words) -> Iterator[Volume]:
    for volume in list(_find_app(world, words).volumes.values()):
        if any(fnmatchcase(word, words.get("volume", "*")) for word in (volume.id, volume.name)):
            yield volume


def _update(world: World, machine: Machine, words: Words) -> None:
    """Somebody else's update: the present configuration with `config` laid over it."""
    config = _overlay(copy.deepcopy(machine.config), words.get("config", {}))
    skip = bool(words.get("skip_launch"))
    update_machine(
        world,
        machine,
        launch=Launch(config=config, skip_launch=skip),
        owner=words.get("owner", "somebody@example.com"),
    )


def _overlay(base: Any, patch: Any) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: _overlay(base.get(key), value) for key, value in patch.items()}}
    return patch


def _clone(world: World, machine: Machine, words: Words) -> None:
    """Somebody scales by hand."""
    config = copy.deepcopy(machine.config)
    config.pop("mounts", None)
    launch = Launch(config=config, region=words.get("region", machine.region), name=words.get("name"))
    create_machine(world, world.app(machine.app), launch=launch, owner="somebody@example.com")


def _lease(world: World, machine: Machine, words: Words) -> None:
    """Somebody else holds the lease from now on, whoever had it."""
    owner = words.get("owner", "somebody@example.com")
    machine.lease = grant(
        world,
        machine,
        seconds=float(words.get("ttl", 60)),
        owner=owner,
        description=words.get("description", ""),
    )
    world.changed(machine.id)


def _clear_lease(world: World, machine: Machine, _words: Words) -> None:
    machine.lease = None
    world.changed(machine.id)


def _host(world: World, machine: Machine, words: Words) -> None:
    """The host stops answering: the machine is frozen as it was. Or it answers again, and the machine goes on."""
    was, machine.host_status = machine.host_status, words.get("status", "unreachable")
    if machine.host_status == "ok" and was != "ok":
        resume(world, machine)
    elif machine.host_status != "ok":
        world.timers.forget(machine.id)
        release_standbys(world, machine, boot)
    note(world, machine)


def _stick(world: World, machine: Machine, words: Words) -> None:
    """Nothing happens to it any more, in whatever state it is or in `state`."""
    world.timers.forget(machine.id)
    machine.stuck = True
    if "state" in words:
        become(world, machine, words["state"])


def _state(world: World, machine: Machine, words: Words) -> None:
    """Put it into any state, also one that does not exist."""
    world.timers.forget(machine.id)
    become(world, machine, words["state"])


def _exit(world: World, machine: Machine, words: Words) -> None:
    """The main process ends by itself."""
    end_process(world, machine, code=int(words.get("code", 1)), oom=bool(words.get("oom")))


def _checks(world: World, machine: Machine, words: Words) -> None:
    """All its checks say `status` from now on."""
    world.timers.forget(machine.id)
    for probe in list_probes(machine.config):
        machine.checks[probe.name] = Check(
            name=probe.name, status=words["status"], output=words.get("output", ""), updated_at=world.now
        )
    note(world, machine)


def _start(world: World, machine: Machine, words: Words) -> None:
    start_machine(world, machine, source=words.get("source", "user"))


def _stop(world: World, machine: Machine, words: Words) -> None:
    stop_machine(world, machine, source=words.get("source", "user"))


def _suspend(world: World, machine: Machine, words: Words) -> None:
    suspend_machine(world, machine, source=words.get("source", "user"))


def _refuse_starts(world: World, machine: Machine, words: Words) -> None:
    """For `seconds` a start is refused as still active."""
    machine.active_until = world.now + float(words["seconds"])


def _full_host(world: World, machine: Machine, words: Words) -> None:
    """Its host has no room, or has again."""
    (world.full_hosts.discard if words.get("free") else world.full_hosts.add)(machine.id)


def _claim(_world: World, volume: Volume, words: Words) -> None:
    """The volume stays claimed by a machine that is not there, NUL bytes by default; null lets it go."""
    volume.claimed_by = words.get("by", "\0" * 14)


def _volume_host(_world: World, volume: Volume, words: Words) -> None:
    volume.host_status = words.get("status", "unreachable")


def _behave(world: World, words: Words) -> None:
    """An image behaves otherwise from now on."""
    world.behaviours.insert(0, Behaviour(**{k: v for k, v in words.items() if k not in {"act", "app"}}))


def _full_region(world: World, words: Words) -> None:
    (world.full_regions.discard if words.get("free") else world.full_regions.add)(words["region"])


def _limit(world: World, words: Words) -> None:
    _find_app(world, words).machine_limit = words.get("machines")


_ON_WORLD: dict[str, Callable[[World, Words], None]] = {
    "behave": _behave,
    "full_region": _full_region,
    "machine_limit": _limit,
    "move_tag": lambda world, words: move_tag(world, words["image"]),
    "secrets": lambda world, words: set_secrets(world, _find_app(world, words), values=words["values"]),
}
_ON_VOLUMES: dict[str, Callable[[World, Volume, Words], None]] = {
    "claim": _claim,
    "volume_host": _volume_host,
}
_ON_MACHINES: dict[str, Callable[[World, Machine, Words], None]] = {
    "checks": _checks,
    "clear_lease": _clear_lease,
    "clone": _clone,
    "cordon": lambda world, machine, _: set_cordon(world, machine, cordoned=True),
    "destroy": lambda world, machine, _: destroy_machine(world, machine, force=True),
    "exit": _exit,
    "full_host": _full_host,
    "host": _host,
    "lease": _lease,
    "metadata": lambda world, machine, words: merge_metadata(
        world, machine, values=words["values"], expects=None
    ),
    "refuse_starts": _refuse_starts,
    "start": _start,
    "state": _state,
    "stick": _stick,
    "stop": _stop,
    "suspend": _suspend,
    "uncordon": lambda world, machine, _: set_cordon(world, machine, cordoned=False),
    "update": _update,
}
