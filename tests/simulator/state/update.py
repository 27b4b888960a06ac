"""A new configuration for a machine: the whole of it, never a merge."""

from __future__ import annotations

from tests.simulator.state.create import Launch, is_started_later
from tests.simulator.state.events import record, record_exit
from tests.simulator.state.images import resolve_image
from tests.simulator.state.leases import grant_with
from tests.simulator.state.lifecycle import replace
from tests.simulator.state.model import RUNNING, Machine, Version
from tests.simulator.state.normalise import normalise
from tests.simulator.state.placement import check_host
from tests.simulator.state.refusals import aborted, invalid, precondition
from tests.simulator.state.secrets import check_secrets
from tests.simulator.state.volumes import is_same_mounts
from tests.simulator.state.world import World


def update_machine(world: World, machine: Machine, *, launch: Launch, owner: str) -> str | None:
    """Give the machine a new version. A machine that does not run stays down, whatever was asked. Returns a nonce if one was asked for."""
    if machine.state in {"destroying", "destroyed", "launch_failed"}:
        raise precondition(f"unable to update machine from current state: '{machine.state}'")
    if launch.current_version and launch.current_version != machine.version:
        raise aborted(
            f"machine version mismatch: current version is {machine.version}, not {launch.current_version}"
        )
    config = normalise(launch.config, switches=world.switches)
    if launch.name and launch.name != machine.name:
        raise invalid("machine name cannot be changed")
    if launch.region and launch.region != machine.region:
        raise invalid(f"machine region cannot be changed from {machine.region} to {launch.region}")
    if not is_same_mounts(machine.config, config):
        raise invalid("invalid config.mounts: volumes of an existing machine cannot be changed")
    check_secrets(world.app(machine.app), launch.min_secrets_version)
    image = machine.image if config["image"] == machine.image_text else resolve_image(world, config["image"])
    check_host(world, machine.id)
    runs = (
        machine.state in RUNNING
        or machine.state == "failed"
        or (machine.state == "replacing" and machine.launching)
    )
    stays_down = launch.skip_launch and world.switches.skip_launch_update == "stopped"
    world.timers.forget(machine.id)
    _file_version(world, machine, was_running=machine.state == "started")
    machine.versions.append(Version(id=world.make_ulid(), config=config))
    machine.image, machine.image_text = image, str(config["image"])
    machine.launching = runs and not stays_down and not is_started_later(config)
    machine.boots = machine.restart_count = 0
    machine.prepared = False
    machine.checks.clear()
    if launch.skip_service_registration:
        machine.cordoned = True
    elif not world.switches.update_keeps_cordon:
        machine.cordoned = False
    record(world, machine, type="launch", status="created", source="user")
    replace(world, machine)
    return grant_with(world, machine, ttl=launch.lease_ttl, owner=owner)


def _file_version(world: World, machine: Machine, *, was_running: bool) -> None:
    """The old version's history ends and is put away with it."""
    record(world, machine, type="update", status="replacing", source="user")
    if was_running:
        record_exit(world, machine, code=0, requested=True, restarting=False)
    machine.versions[-1].events = machine.events
    machine.events = []
