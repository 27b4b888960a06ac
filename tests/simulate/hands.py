"""Who else changes the fleet during a deploy: people, the proxy, an autoscaler, hosts, and flyctl."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import anyio

from tests.simulate.case import NEWER
from tests.simulate.misfortune import Misfortune
from tests.simulate.record import Record
from tests.simulator.state.create import Launch
from tests.simulator.state.leases import acquire, release
from tests.simulator.state.model import Machine
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.update import update_machine

LEASE = 60.0


async def act(record: Record, misfortune: Misfortune, *, begun: float) -> None:
    """Do it at its time, counted from `begun`."""
    await anyio.sleep(max(0.0, begun + (misfortune.at or 0.0) - record.sim.look()))
    record.sim.look()
    if misfortune.kind == "flyctl":
        await flyctl(record, str(misfortune.words["group"]))
        return
    words = dict(misfortune.words)
    if words["act"] == "destroy" and _is_the_last(record, words):
        return
    group = str(words["group"])
    since = record.touched.setdefault(group, record.now)
    try:
        record.touch(record.sim.act(str(words.pop("act")), **_aimed(record, words)), group=group)
    except Refusal:
        if since == record.now:
            del record.touched[group]


def _is_the_last(record: Record, words: dict[str, Any]) -> bool:
    """Whether it is the only machine of its group. Nobody destroys that one here: the next run would have another plan."""
    return sum(m.group == words["group"] for m in record.alive().values()) < 2


def _aimed(record: Record, words: dict[str, Any]) -> dict[str, Any]:
    """Never a machine that is being destroyed, nor one that runs one task."""
    found = [
        m.id
        for m in record.alive().values()
        if m.group == words["group"] and not (words.get("config") and m.config.get("standbys"))
    ]
    return {**words, "machine": found[0]} if words.get("count") == 1 and found else words


async def flyctl(record: Record, group: str) -> None:
    """An unmodified deploy by somebody: machine by machine, each under a lease of its own; a machine that is leased ends it."""
    for machine in list(record.alive().values()):
        if group not in ("*", machine.group) or not machine.group or machine.config.get("auto_destroy"):
            continue
        try:
            await _deploy_one(record, machine)
        except Refusal:
            return


async def _deploy_one(record: Record, machine: Machine) -> None:
    world = record.sim.world
    lease = acquire(world, machine, nonce=None, ttl=LEASE, owner="somebody@flyctl", description="")
    record.touch([machine.id])
    await anyio.sleep(0.2)
    record.sim.look()
    if machine.state in ("destroyed", "destroying"):
        return
    config = copy.deepcopy(machine.config) | {"image": NEWER}
    update_machine(
        world, machine, launch=Launch(config=config, current_version=machine.version), owner="somebody@flyctl"
    )
    await anyio.sleep(8.0)
    record.sim.look()
    with suppress(Refusal):
        release(world, machine, nonce=lease.nonce)
