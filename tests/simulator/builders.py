"""Worlds that a test builds: apps, volumes and machines that are there at the beginning."""

from __future__ import annotations

from typing import Any

from tests.simulator.state.create import is_started_later
from tests.simulator.state.dice import Dice
from tests.simulator.state.events import record
from tests.simulator.state.ids import make_machine_id, make_name, make_volume_id
from tests.simulator.state.images import resolve_image
from tests.simulator.state.model import App, Check, Config, Machine, Version, Volume
from tests.simulator.state.moments import become
from tests.simulator.state.normalise import normalise
from tests.simulator.state.placement import choose_host
from tests.simulator.state.probes import list_probes
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.state.world import World

INSTANT = Timing(
    prepare=(0, 0),
    replace=(0, 0),
    boot=(0, 0),
    reboot=(0, 0),
    stop=(0, 0),
    suspend=(0, 0),
    destroy=(0, 0),
    volume_release=(0, 0),
    first_check=(0, 0),
    restart_backoff=(0, 0),
    task=(0, 0),
    volume_create=(0, 0),
    snapshot=(0, 0),
)
"""For tests that are not about time: everything happens at the next request."""


def make_world(
    *, seed: int = 0, speed: float = 1.0, timing: Timing | None = None, switches: Switches | None = None
) -> World:
    """An empty world."""
    return World(dice=Dice(seed), speed=speed, timing=timing or Timing(), switches=switches or Switches())


def add_app(world: World, name: str, *, organization: str = "acme", status: str = "deployed") -> App:
    """An app without machines."""
    app = App(name=name, number=1000 + world.count(), organization=organization, status=status)
    world.apps[name] = app
    return app


def add_volume(
    world: World,
    app: App,
    *,
    name: str,
    region: str = "ams",
    size_gb: int = 1,
    id: str | None = None,  # noqa: A002 - the API's own word
    **rest: Any,
) -> Volume:
    """A volume; machines take it by naming it in their mounts. `rest`: zone, host, state, host_status."""
    number = world.count()
    volume = Volume(
        id=id or make_volume_id(dice=world.dice, purpose=(app.name, name, number)),
        name=name,
        region=region,
        zone=rest.pop("zone", world.dice.bits("zone", number).hex()[:4]),
        host=rest.pop("host", f"{region}-{world.dice.bits('host', number).hex()[:4]}"),
        size_gb=size_gb,
        created_at=-86400.0,
        **rest,
    )
    app.volumes[volume.id] = volume
    return volume


def make_config(
    *,
    image: str = "registry.fly.io/acme-shop:v41",
    group: str = "web",
    services: list[Config] | None = None,
    **rest: Any,
) -> Config:
    """A small configuration as flyctl writes them; `rest` is laid over it."""
    config: Config = {
        "image": image,
        "env": {"FLY_PROCESS_GROUP": group, "PRIMARY_REGION": "ams"},
        "init": {},
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": group},
    }
    if services:
        config["services"] = services
    return config | rest


def make_service(*, port: int = 8080, external: int = 443, path: str | None = "/up") -> Config:
    """An HTTP service, with a check on `path` unless None."""
    service: Config = {
        "protocol": "tcp",
        "internal_port": port,
        "ports": [{"port": external, "handlers": ["tls", "http"]}],
        "force_instance_key": None,
    }
    if path is not None:
        service["checks"] = [
            {
                "type": "http",
                "path": path,
                "method": "GET",
                "interval": "5s",
                "timeout": "2s",
                "grace_period": "2s",
            }
        ]
    return service


def add_machine(
    world: World,
    app: App,
    *,
    config: Config | None = None,
    region: str = "ams",
    state: str = "started",
    id: str | None = None,  # noqa: A002 - the API's own word
    name: str | None = None,
    cordoned: bool = False,
    host_status: str = "ok",
    age: float = 86400.0,
) -> Machine:
    """A machine that has been there for `age` seconds, its checks passing if it runs."""
    kept = normalise(config if config is not None else make_config(), switches=world.switches)
    number = world.count()
    ident = id or make_machine_id(dice=world.dice, purpose=(app.name, name or number))
    machine = Machine(
        id=ident,
        app=app.name,
        name=name or make_name(dice=world.dice, purpose=ident),
        region=region,
        host=choose_host(world, region, ident),
        private_ip=f"fdaa:0:{app.number:x}:a7b:{ident[:4]}:{ident[4:8]}:{ident[8:12]}:2",
        created_at=-age,
        updated_at=-age,
        image=resolve_image(world, kept["image"]),
        image_text=str(kept["image"]),
        versions=[Version(id=world.make_ulid(), config=kept)],
        cordoned=cordoned,
        host_status=host_status,
        launching=state == "started" and not is_started_later(kept),
        prepared=True,
    )
    app.machines[ident] = machine
    for mount in kept.get("mounts") or []:
        volume = app.volumes.get(mount.get("volume"))
        if volume is None:
            raise ValueError(
                f"machine {ident}: there is no volume {mount.get('volume')}; name it under volumes"
            )
        volume.attached_machine = volume.claimed_by = ident
        volume.mounted = True
        machine.host = volume.host
    _tell_history(world, machine, state=state, age=age)
    return machine


def _tell_history(world: World, machine: Machine, *, state: str, age: float) -> None:
    """Launched and, unless it never was, started `age` seconds ago."""
    present, world.now = world.now, world.now - age
    record(world, machine, type="launch", status="created", source="user")
    if state != "created":
        record(world, machine, type="start", status="started", source="flyd")
        machine.boots = 1
    if state == "started":
        for probe in list_probes(machine.config):
            machine.checks[probe.name] = Check(
                name=probe.name, status="passing", output="200 OK", updated_at=world.now
            )
    world.now = present
    become(world, machine, state)
    machine.updated_at = present - age
