"""Metadata of a machine: texts that change without a new version or a restart."""

from __future__ import annotations

from tests.simulator.state.checks import reset_checks
from tests.simulator.state.model import Machine
from tests.simulator.state.refusals import Code, Refusal, invalid, not_found
from tests.simulator.state.world import World


def read_metadata(machine: Machine, key: str) -> str:
    """One value. Refuses an unknown key."""
    if key not in machine.metadata:
        raise not_found("metadata key not found")
    return machine.metadata[key]


def set_metadata(world: World, machine: Machine, *, key: str, value: object) -> None:
    """Set one value; null or "" takes it away."""
    if value is not None and not isinstance(value, str):
        raise invalid(f"invalid value of metadata {key}")
    _put(machine, key, value)
    _written(world, machine)


def _put(machine: Machine, key: str, value: str | None) -> None:
    if value:
        machine.metadata[key] = value
    else:
        machine.metadata.pop(key, None)


def _written(world: World, machine: Machine) -> None:
    if world.switches.metadata_resets_checks:
        reset_checks(world, machine)
    world.changed(machine.id)


def merge_metadata(world: World, machine: Machine, *, values: object, expects: str | None) -> None:
    """Set several values, leave the others. Refuses if the machine is not at the version that the caller expects."""
    if not isinstance(values, dict):
        raise invalid("metadata is required")
    if any(value is not None and not isinstance(value, str) for value in values.values()):
        raise invalid("metadata values must be strings")
    if expects and expects != machine.version:
        raise Refusal(
            Code.FAILED_PRECONDITION,
            f"failed_precondition: machine version is {machine.version}, not {expects}",
        )
    for key, value in values.items():
        _put(machine, key, value)
    _written(world, machine)
