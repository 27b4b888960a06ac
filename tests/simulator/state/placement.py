"""Where machines go, and where there is no room."""

from __future__ import annotations

from tests.simulator.state.model import App
from tests.simulator.state.refusals import Code, Refusal, aborted, invalid
from tests.simulator.state.world import NEAREST, REGIONS, World

_ALIASES = {
    "any": REGIONS,
    "apac": ("bom", "nrt", "sin", "syd"),
    "eu": ("ams", "arn", "cdg", "fra", "lhr"),
    "na": ("dfw", "ewr", "iad", "lax", "ord", "sjc", "yyz"),
    "us": ("dfw", "ewr", "iad", "lax", "ord", "sjc"),
    "usa": ("dfw", "ewr", "iad", "lax", "ord", "sjc"),
    "sa": ("gru",),
}


MOST = 10
"""Machines that a region has room for, unless it is told otherwise."""


def read_regions(wish: str | None) -> list[str]:
    """The regions asked for, in their order: codes and aliases with commas. Refuses unknown ones."""
    regions: list[str] = []
    for word in (part.strip() for part in (wish or NEAREST).split(",")):
        if word in _ALIASES:
            regions.extend(_ALIASES[word])
        elif word in REGIONS:
            regions.append(word)
        else:
            raise invalid(f"region {word} not found")
    return list(dict.fromkeys(regions))


def room_in(world: World, region: str, *, organization: str) -> int:
    """How many more machines the region takes: capacity, and what the organization may have."""
    limits = [
        app.machine_limit - _living(app)
        for app in world.apps.values()
        if app.machine_limit is not None and app.organization == organization
    ]
    return max(0, min([0 if region in world.full_regions else world.rooms.get(region, MOST), *limits]))


def choose_region(world: World, wish: str | None) -> str:
    """The first region asked for that has room. Refuses full and unknown ones."""
    for region in read_regions(wish):
        if region not in world.full_regions and world.rooms.get(region, MOST) > 0:
            return region
    raise Refusal(
        Code.UNPROCESSABLE,
        f"could not find a candidate host in {wish}",
        status="insufficient_capacity",
    )


def take_place(world: World, region: str) -> None:
    """One machine less finds a place there, where places are counted."""
    if region in world.rooms:
        world.rooms[region] -= 1


def choose_host(world: World, region: str, machine: str) -> str:
    """Some host of the region."""
    return f"{region}-{world.dice.bits('host', machine).hex()[:4]}"


def check_host(world: World, machine: str) -> None:
    """Refuse where the machine's host has no room to start it again."""
    if machine in world.full_hosts:
        raise aborted(
            "could not reserve resource for machine: insufficient CPUs available to fulfill request on the current host"
        )


def check_limit(app: App) -> None:
    """Refuse above the organization's machine limit."""
    if app.machine_limit is not None and _living(app) >= app.machine_limit:
        text = f"Your organization has reached its machine limit of {app.machine_limit}. Please contact billing@fly.io"
        raise Refusal(Code.UNPROCESSABLE, text)


def _living(app: App) -> int:
    return sum(1 for machine in app.machines.values() if machine.state != "destroyed")
