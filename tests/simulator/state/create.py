"""New machines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.simulator.state.events import record
from tests.simulator.state.ids import make_machine_id, make_name
from tests.simulator.state.images import resolve_image
from tests.simulator.state.leases import grant_with
from tests.simulator.state.lifecycle import prepare
from tests.simulator.state.model import App, Config, Machine, Version
from tests.simulator.state.moments import become
from tests.simulator.state.normalise import normalise
from tests.simulator.state.placement import check_limit, choose_host, choose_region, take_place
from tests.simulator.state.refusals import Code, Refusal, invalid
from tests.simulator.state.secrets import check_secrets
from tests.simulator.state.volumes import check_mounts, claim
from tests.simulator.state.world import World

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a create or an update asks for."""

    config: object
    name: str | None = None
    region: str | None = None
    skip_launch: bool = False
    skip_service_registration: bool = False
    lease_ttl: object = None
    min_secrets_version: int | None = None
    current_version: str | None = None


def create_machine(world: World, app: App, *, launch: Launch, owner: str) -> tuple[Machine, str | None]:
    """A new machine in `created`, and its lease's nonce if one was asked for. Refuses as the platform does."""
    config = normalise(launch.config, switches=world.switches)
    check_name(app, launch.name)
    region = choose_region(world, launch.region)
    check_limit(app)
    volumes = check_mounts(app, config, region=region)
    check_secrets(app, launch.min_secrets_version)
    image = resolve_image(world, config["image"])
    number = world.count()
    ident = make_machine_id(dice=world.dice, purpose=(app.name, launch.name or number))
    while ident in app.machines:
        number = world.count()
        ident = make_machine_id(dice=world.dice, purpose=(app.name, number))
    machine = Machine(
        id=ident,
        app=app.name,
        name=launch.name or make_name(dice=world.dice, purpose=ident),
        region=region,
        host=volumes[0].host if volumes else choose_host(world, region, ident),
        private_ip=f"fdaa:0:{app.number:x}:a7b:{ident[:4]}:{ident[4:8]}:{ident[8:12]}:2",
        created_at=world.now,
        updated_at=world.now,
        image=image,
        image_text=str(config["image"]),
        versions=[Version(id=world.make_ulid(), config=config)],
        cordoned=launch.skip_service_registration,
        launching=not (launch.skip_launch or is_started_later(config)),
    )
    app.machines[ident] = machine
    take_place(world, region)
    if app.status == "pending":
        app.status = "deployed"
    claim(volumes, machine)
    record(world, machine, type="launch", status="created", source="user")
    become(world, machine, "created")
    prepare(world, machine)
    return machine, grant_with(world, machine, ttl=launch.lease_ttl, owner=owner)


def is_started_later(config: Config) -> bool:
    """Standbys rest until the machine that they stand by for is gone."""
    return bool(config.get("standbys"))


def check_name(app: App, name: str | None) -> None:
    """Names are unique among living machines; the refusal says who has it."""
    if name is None:
        return
    if not _NAME.match(name):
        raise invalid(f"invalid machine name: {name!r}")
    for other in app.machines.values():
        if other.name == name and other.state != "destroyed":
            text = f'unique machine name violation, machine ID {other.id} already exists with name "{name}"'
            raise Refusal(Code.ALREADY_EXISTS, f"{Code.ALREADY_EXISTS}: {text}")
