"""Leases: who may change a machine now, and the guard that every change passes."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.simulator.state.ids import make_nonce
from tests.simulator.state.model import Lease, Machine
from tests.simulator.state.refusals import Code, Refusal, Shape, invalid, not_found
from tests.simulator.state.world import World


def find_lease(world: World, machine: Machine) -> Lease | None:
    """The lease in force; an expired one is removed."""
    if machine.lease is not None and machine.lease.expires_at <= world.now:
        machine.lease = None
    return machine.lease


def acquire(
    world: World, machine: Machine, *, nonce: str | None, ttl: object, owner: str, description: str
) -> Lease:
    """Take the lease, or hold it longer with its nonce. Refuses everybody else, the same token included."""
    if machine.state == "destroyed":
        raise not_found("machine not found")
    seconds = _read_ttl(world, ttl)
    held = find_lease(world, machine)
    if nonce:
        if held is None and world.switches.released_refresh != "refuse" and machine.state != "destroying":
            held = machine.lease = grant(world, machine, seconds=seconds, owner=owner)
            if world.switches.released_refresh == "anew":
                return held
            held.nonce = nonce
        if held is None:
            raise Refusal(Code.NOT_FOUND, "lease not found", shape=Shape.MESSAGE)
        if held.nonce != nonce:
            raise conflict(world, machine, held, shape=Shape.MESSAGE)
        held.expires_at = world.now + seconds
        if description:
            held.description = description
        return held
    if held is not None:
        raise conflict(world, machine, held, shape=Shape.MESSAGE)
    machine.lease = grant(world, machine, seconds=seconds, owner=owner, description=description)
    world.changed(machine.id)
    return machine.lease


def grant(world: World, machine: Machine, *, seconds: float, owner: str, description: str = "") -> Lease:
    """A fresh lease on `machine`."""
    nonce = make_nonce(dice=world.dice, purpose=(machine.id, world.count()))
    return Lease(nonce=nonce, owner=owner, description=description, expires_at=world.now + seconds)


def grant_with(world: World, machine: Machine, *, ttl: object, owner: str) -> str | None:
    """The nonce for a create or update that asks for a lease with `ttl`; None where it does not."""
    if not ttl:
        return None
    machine.lease = grant(world, machine, seconds=_read_ttl(world, ttl), owner=owner)
    return machine.lease.nonce


def release(world: World, machine: Machine, *, nonce: str | None) -> None:
    """Give the lease back. Whoever names another lease than the one in force is refused with 403, its former holder too."""
    if not nonce:
        raise Refusal(Code.INVALID_ARGUMENT, "missing lease nonce", shape=Shape.MESSAGE)
    held = find_lease(world, machine)
    if held is None:
        raise Refusal(Code.NOT_FOUND, "lease not found", shape=Shape.MESSAGE)
    if held.nonce != nonce:
        raise Refusal(Code.PERMISSION_DENIED, "unauthorized", shape=Shape.MESSAGE)
    machine.lease = None
    world.changed(machine.id)


def guard(world: World, machine: Machine, *, nonce: str | None) -> None:
    """Let only the holder of the lease change the machine."""
    held = find_lease(world, machine)
    if held is None:
        if nonce and world.switches.dead_nonce == "refuse":
            raise Refusal(Code.ABORTED, "aborted: lease nonce is not valid for this machine")
        return
    if held.nonce != nonce:
        raise conflict(world, machine, held, shape=Shape(world.switches.guard_shape))


def guard_from_all(world: World, machine: Machine) -> None:
    """Let nobody through while anybody holds the lease, its holder included: so Fly treats exec."""
    held = find_lease(world, machine)
    if held is not None:
        raise conflict(world, machine, held, shape=Shape(world.switches.guard_shape))


def conflict(world: World, machine: Machine, held: Lease, *, shape: Shape) -> Refusal:
    """The refusal that names the holder."""
    until = datetime.fromtimestamp(world.epoch + held.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"machine ID {machine.id} lease currently held by {held.owner}, expires at {until}"
    return Refusal(Code.ABORTED, text, shape=shape)


def _read_ttl(world: World, ttl: object) -> float:
    """Seconds; the default where nothing is asked, the maximum where too much is."""
    if ttl is None or ttl in ("", 0):
        return float(world.switches.lease_ttl_default)
    try:
        seconds = int(str(ttl))
    except ValueError:
        raise invalid(f"invalid lease ttl: {ttl!r}") from None
    if seconds < 0:
        raise invalid(f"invalid lease ttl: {seconds}")
    return float(min(seconds, world.switches.lease_ttl_max))
