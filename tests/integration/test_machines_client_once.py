"""Every mutating call × every unclear answer: its effect happens exactly once.

In process, on virtual time; test_machines_client_loopback.py breaks real connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import AppName, MachineId, Region, Version
from entrypoint.kernel.secrets import Secret
from tests.simulator.builders import add_machine, make_config
from tests.simulator.faults import Rule
from tests.simulator.stage import Stage, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.transport import SimulatorTransport
from tests.simulator.virtual import run_virtual

LATE = "done long after we gave up"
FAULTS: dict[str, dict[str, Any]] = {
    "408 with commit": {"fault": "answer", "status": 408, "commit": True},
    "408 without": {"fault": "answer", "status": 408},
    "502 with commit": {"fault": "answer", "status": 502, "html": True, "commit": True},
    "502 without": {"fault": "answer", "status": 502, "html": True},
    "reset after it was done": {"fault": "drop", "when": "after"},
    "reset before": {"fault": "drop", "when": "before"},
    "half an answer": {"fault": "drop", "when": "body"},
    "never arrived": {"fault": "drop", "when": "refused"},
    LATE: {"fault": "slow", "delay": 45.0},
    "done, and answered too late": {"fault": "slow", "delay_after": 95.0},
    "429": {"fault": "answer", "status": 429},
}
IMAGE = "registry.fly.io/acme-shop:v42@sha256:" + "a" * 64


@dataclass(slots=True, kw_only=True)
class Scene:
    """A fleet, our client, and a look at what really happened."""

    stage: Stage
    client: MachinesClient

    @property
    def sim(self) -> Any:
        return self.stage.simulator

    def strike(self, operation: str, fault: dict[str, Any]) -> None:
        self.sim.rules.append(Rule(operation=operation, nth=1, **fault))

    def named(self, name: str) -> list[Any]:
        return [m for m in self.stage.app.machines.values() if m.name == name]


@asynccontextmanager
async def open_scene(*, state: str = "started", **changes: Any) -> AsyncIterator[Scene]:
    async with (
        open_stage(state=state, rate_limits=True, **changes) as stage,
        MachinesClient(
            app=AppName("acme-shop"),
            base_url="http://fly.test",
            token=Secret("FlyV1 fm2_once"),
            transport=SimulatorTransport(stage.simulator),
        ) as client,
    ):
        yield Scene(stage=stage, client=client)


async def settle(scene: Scene) -> None:
    """Let what was sent long ago happen too."""
    await scene.sim.clock.sleep(50)
    scene.sim.look()


def config(image: str = IMAGE, **marks: str) -> dict[str, Any]:
    made = make_config(image=image)
    made["metadata"] |= {"flightplan_plan": "p" * 64, **marks}
    return made


async def create(
    scene: Scene, fault: dict[str, Any], *, lease_ttl: int | None = None, routed: bool = True
) -> Machine:
    scene.strike("machine_create", fault)
    made = await scene.client.create(
        name="web-new",
        region=Region("ams"),
        config=config(),
        skip_launch=True,
        lease_ttl=lease_ttl,
        routed=routed,
    )
    await settle(scene)
    assert [m.id for m in scene.named("web-new")] == [made.id]
    return made


async def create_unrouted(scene: Scene, fault: dict[str, Any]) -> None:
    made = await create(scene, fault, routed=False)
    assert scene.named("web-new")[0].cordoned
    assert (await scene.client.get(made.id)).cordoned


async def create_with_a_lease(scene: Scene, fault: dict[str, Any]) -> None:
    made = await create(scene, fault, lease_ttl=600)
    (machine,) = scene.named("web-new")
    assert made.nonce is not None
    assert machine.lease.nonce == made.nonce  # ours to write with, although the answer that named it was lost
    await scene.client.destroy(made.id, nonce=made.nonce)


async def update_unrouted(scene: Scene, fault: dict[str, Any]) -> None:
    await scene.client.cordon(MachineId(scene.stage.machine.id), nonce=None)
    await update(scene, fault, routed=False)
    assert scene.stage.machine.cordoned


async def update(scene: Scene, fault: dict[str, Any], *, routed: bool = True) -> None:
    machine = scene.stage.machine
    lease = await scene.client.acquire_lease(MachineId(machine.id), ttl=30, description="t", patience=0)
    before = machine.version
    scene.strike("machine_update", fault)
    written = await scene.client.update(
        MachineId(machine.id),
        config=config(),
        region=Region(machine.region),
        expects=Version(before),
        nonce=lease.nonce,
        skip_launch=False,
        routed=routed,
    )
    await settle(scene)
    assert [v.id for v in machine.versions] == [before, written.version]


async def start(scene: Scene, fault: dict[str, Any]) -> None:
    machine = add_machine(scene.sim.world, scene.stage.app, state="stopped", name="rests")
    scene.strike("machine_start", fault)
    await scene.client.start(await scene.client.get(MachineId(machine.id)), nonce=None)
    await settle(scene)
    assert (machine.state, machine.boots) == ("started", 2)


async def start_a_task(scene: Scene, fault: dict[str, Any]) -> None:
    """It runs and is gone before anybody looks: it must not run again."""
    task = make_config(group="fly_app_release_command", auto_destroy=True, restart={"policy": "no"})
    machine = add_machine(scene.sim.world, scene.stage.app, config=task, state="stopped", name="task")
    before = machine.boots
    scene.strike("machine_start", fault)
    await scene.client.start(await scene.client.get(MachineId(machine.id)), nonce=None)
    await settle(scene)
    assert (machine.state, machine.boots) == ("destroyed", before + 1)


async def start_a_short_task(scene: Scene, fault: dict[str, Any]) -> None:
    """It rests again before anybody looks: a second start would run it twice."""
    ends = Behaviour(machine="task", boot="exit", boot_seconds=0, exit_after=0, exit_code=0)
    scene.sim.world.behaviours.append(ends)
    task = make_config(group="task", restart={"policy": "no"})
    machine = add_machine(scene.sim.world, scene.stage.app, config=task, state="stopped", name="task")
    scene.strike("machine_start", fault)
    await scene.client.start(await scene.client.get(MachineId(machine.id)), nonce=None)
    await settle(scene)
    assert (machine.state, machine.boots) == ("stopped", 2)


async def stop(scene: Scene, fault: dict[str, Any]) -> None:
    scene.strike("machine_stop", fault)
    await scene.client.stop(MachineId(scene.stage.machine.id), nonce=None)
    await settle(scene)
    exits = [e for e in scene.stage.machine.events if e.type == "exit"]
    assert (scene.stage.machine.state, len(exits)) == ("stopped", 1)


async def destroy(scene: Scene, fault: dict[str, Any]) -> None:
    scene.strike("machine_destroy", fault)
    await scene.client.destroy(MachineId(scene.stage.machine.id), nonce=None)
    await settle(scene)
    assert scene.stage.machine.state == "destroyed"


async def mark(scene: Scene, fault: dict[str, Any]) -> None:
    version = scene.stage.machine.version
    scene.strike("metadata_set", fault)
    await scene.client.set_metadata(MachineId(scene.stage.machine.id), key="flightplan_done", value="1")
    await settle(scene)
    assert scene.stage.machine.config["metadata"]["flightplan_done"] == "1"
    assert scene.stage.machine.version == version


async def unmark(scene: Scene, fault: dict[str, Any]) -> None:
    machine = MachineId(scene.stage.machine.id)
    await scene.client.set_metadata(machine, key="flightplan_cordon", value="drain")
    version = scene.stage.machine.version
    scene.strike("metadata_delete", fault)
    await scene.client.delete_metadata(machine, key="flightplan_cordon")
    await settle(scene)
    assert "flightplan_cordon" not in scene.stage.machine.config["metadata"]
    assert scene.stage.machine.version == version
    await scene.client.delete_metadata(machine, key="flightplan_cordon")  # what is not there is fine


async def cordon(scene: Scene, fault: dict[str, Any]) -> None:
    version = scene.stage.machine.version
    scene.strike("machine_cordon", fault)
    await scene.client.cordon(MachineId(scene.stage.machine.id), nonce=None)
    await settle(scene)
    assert (scene.stage.machine.cordoned, scene.stage.machine.version) == (True, version)


async def uncordon(scene: Scene, fault: dict[str, Any]) -> None:
    await scene.client.cordon(MachineId(scene.stage.machine.id), nonce=None)
    scene.strike("machine_uncordon", fault)
    await scene.client.uncordon(MachineId(scene.stage.machine.id), nonce=None)
    await settle(scene)
    assert not scene.stage.machine.cordoned


async def acquire(scene: Scene, fault: dict[str, Any]) -> None:
    scene.strike("lease_acquire", fault)
    ours = await scene.client.acquire_lease(
        MachineId(scene.stage.machine.id), ttl=600, description="flightplan abc", patience=20
    )
    held = scene.stage.machine.lease
    assert held is not None
    assert held.nonce == ours.nonce
    assert held.description.startswith("flightplan abc ")


async def refresh(scene: Scene, fault: dict[str, Any]) -> None:
    ours = await scene.client.acquire_lease(
        MachineId(scene.stage.machine.id), ttl=60, description="t", patience=0
    )
    scene.strike("lease_refresh", fault)
    await scene.sim.clock.sleep(20)
    await scene.client.refresh_lease(ours, ttl=60)
    held = scene.stage.machine.lease
    assert held is not None
    assert held.nonce == ours.nonce
    assert held.expires_at >= 80


async def release(scene: Scene, fault: dict[str, Any]) -> None:
    ours = await scene.client.acquire_lease(
        MachineId(scene.stage.machine.id), ttl=600, description="t", patience=0
    )
    scene.strike("lease_release", fault)
    await scene.client.release_lease(ours)
    await settle(scene)
    assert scene.stage.machine.lease is None


async def plainly_create(scene: Scene, fault: dict[str, Any]) -> None:
    await create(scene, fault)


CALLS: list[Callable[[Scene, dict[str, Any]], Awaitable[None]]] = [
    plainly_create, create_with_a_lease, create_unrouted, mark, unmark, cordon, uncordon, update, update_unrouted, start, start_a_task, start_a_short_task, stop, destroy, acquire, refresh, release,
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        pytest.param(call, fault, id=f"{call.__name__}-{fault.replace(' ', '-')}")
        for call in CALLS
        for fault in FAULTS
        # A start that arrives after its client has given up runs a task that may run again: the API has no word
        # against that. Release machines destroy themselves (start_a_task).
        if (call, fault) != (start_a_short_task, LATE)
    ],
)
def test_the_effect_happens_exactly_once(
    call: Callable[[Scene, dict[str, Any]], Awaitable[None]], fault: str
) -> None:
    async def story() -> int:
        async with open_scene() as scene:
            await call(scene, FAULTS[fault])
            return sum(rule.seen > 0 for rule in scene.sim.rules)

    assert run_virtual(story) == 1  # the fault did strike


def test_the_list_of_calls__is_the_list_of_ports_that_write() -> None:
    reads = {
        "observe", "get", "find", "wait", "list_machines", "lease_of", "list_volumes", "list_addresses", "list_snapshots",
        "drop_waiting",
    }  # fmt: skip
    tested_elsewhere = {"create_volume", "extend_volume", "take_snapshot", "allocate_address"}
    public = {name for name in vars(MachinesClient) if not name.startswith("_")}
    assert public - reads - tested_elsewhere == {
        "create", "update", "start", "stop", "destroy", "acquire_lease", "refresh_lease", "release_lease",
        "set_metadata", "delete_metadata", "cordon", "uncordon",
    }  # fmt: skip
