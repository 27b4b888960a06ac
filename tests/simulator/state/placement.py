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


def choose_region(world: World, wish: str | None) -> str:
    """The first region of the wish with room: a code, an alias, or several with commas. Refuses full and unknown ones."""
    words = [word.strip() for word in (wish or NEAREST).split(",")]
    regions: list[str] = []
    for word in words:
        if word in _ALIASES:
            regions.extend(_ALIASES[word])
        elif word in REGIONS:
            regions.append(word)
        else:
            raise invalid(f"region {word} not found")
    for region in regions:
        if region not in world.full_regions:
            return region
    raise Refusal(
        Code.UNPROCESSABLE,
        f"could not find a candidate host in {wish}",
        status="insufficient_capacity",
    )


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
    living = sum(1 for machine in app.machines.values() if machine.state != "destroyed")
    if app.machine_limit is not None and living >= app.machine_limit:
        text = f"Your organization has reached its machine limit of {app.machine_limit}. Please contact billing@fly.io"
        raise Refusal(Code.UNPROCESSABLE, text)
