"""What our client asks of volumes, snapshots and addresses is within Fly's OpenAPI document, and so is what it is answered."""

from __future__ import annotations

import trio

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.fleet.model import AddressKind
from entrypoint.kernel.ids import AppName, Region
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.model.steps import NewVolume
from tests.simulator.thread import run_simulator_here

WANTED = NewVolume(
    name="data",
    region=Region("ams"),
    size_gb=1,
    snapshot_retention=7,
    auto_backup=True,
    guest={"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
    image="registry.fly.io/acme-shop:v42",
)


def test_every_request_is_within_the_published_contract():
    with run_simulator_here({"app": "acme-shop", "status": "pending"}, speed=50.0) as simulator:

        async def story():
            async with MachinesClient(
                app=AppName("acme-shop"), base_url=simulator.base, token=Secret("FlyV1 fm2_demo")
            ) as fly:
                fleet = await fly.observe()
                made = await fly.create_volume(WANTED, known=frozenset())
                restart = await fly.extend_volume(made.id, size_gb=2)
                nothing = await fly.take_snapshot(made.id, known=await fly.list_snapshots(made.id))
                given = [await fly.allocate_address(kind) for kind in (AddressKind.V6, AddressKind.SHARED_V4)]
                return (
                    fleet,
                    made,
                    restart,
                    nothing,
                    given,
                    await fly.list_addresses(),
                    await fly.list_volumes(),
                )

        fleet, made, restart, nothing, given, addresses, listed = trio.run(story)
        assert simulator.violations() == []
    assert fleet.addresses == ()
    assert (made.name, made.region, restart, nothing) == ("data", "ams", False, None)
    assert sorted(address.kind for address in addresses) == sorted(address.kind for address in given)
    assert [(volume.id, volume.size_gb) for volume in listed] == [(made.id, 2)]
