"""The client against Fly's simulator on virtual time: refusals that pass, those that do not, lag, pages, and every open point."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

import anyio
import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.releases import ReleasesClient
from entrypoint.fleet.errors import (
    FleetError,
    LeaseHeld,
    LeaseLost,
    MachineGone,
    NoCapacity,
    Refused,
    Unauthorized,
    VersionConflict,
)
from entrypoint.kernel.ids import AppName, MachineId, Nonce, Region, Version
from entrypoint.kernel.secrets import Secret
from tests.simulator.builders import add_machine, add_volume, make_config
from tests.simulator.faults import Rule
from tests.simulator.http.tokens import Token
from tests.simulator.stage import Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.transport import SimulatorTransport

APP = AppName("acme-shop")
AMS = Region("ams")
IMAGE = "registry.fly.io/acme-shop:v42"


@asynccontextmanager
async def open_client(
    *, token: str = "FlyV1 fm2_client", **changes: Any
) -> AsyncIterator[tuple[Stage, MachinesClient]]:
    async with (
        open_stage(rate_limits=True, **changes) as stage,
        MachinesClient(
            app=APP,
            base_url="http://fly.test",
            token=Secret(token),
            transport=SimulatorTransport(stage.simulator),
        ) as client,
    ):
        yield stage, client


def open_client_of(stage: Stage) -> MachinesClient:
    """Another process with the same token."""
    return MachinesClient(
        app=APP,
        base_url="http://fly.test",
        token=Secret("FlyV1 fm2_client"),
        transport=SimulatorTransport(stage.simulator),
    )


def ident(stage: Stage) -> MachineId:
    return MachineId(stage.machine.id)


async def update(stage: Stage, client: MachinesClient, *, machine: Any = None, **changes: Any) -> Any:
    machine = machine or stage.machine
    words: dict[str, Any] = {
        "config": make_config(image=IMAGE), "region": AMS, "expects": Version(machine.version),
        "nonce": None, "skip_launch": False,
    }  # fmt: skip
    return await client.update(MachineId(machine.id), **words | changes)


async def start(stage: Stage, client: MachinesClient, *, nonce: Nonce | None = None) -> None:
    await client.start(await client.get(ident(stage)), nonce=nonce)


async def create(client: MachinesClient, **changes: Any) -> Any:
    words: dict[str, Any] = {
        "name": "web-2", "region": AMS, "config": make_config(image=IMAGE), "skip_launch": False,
        "lease_ttl": None,
    }  # fmt: skip
    return await client.create(**words | changes)


# Refusals that pass


@on_virtual_time
async def test_somebody_elses_lease__is_waited_for() -> None:
    async with open_client() as (stage, client):
        stage.simulator.act("lease", machine=stage.machine.id, ttl=12)
        lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=60)
        assert stage.machine.lease is not None
        assert stage.machine.lease.nonce == lease.nonce
        assert 12 <= stage.now < 16


@on_virtual_time
async def test_a_lease_that_stays__is_given_up_with_the_holders_name() -> None:
    async with open_client() as (stage, client):
        stage.simulator.act("lease", machine=stage.machine.id, ttl=600, owner="jo@acme.test")
        with pytest.raises(LeaseHeld) as held:
            await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=20)
        assert held.value.holder == "jo@acme.test"
        assert stage.now <= 21


@on_virtual_time
async def test_an_image_that_was_just_pushed__is_tried_again() -> None:
    behaviour = Behaviour(image="*:v42", missing="for_a_while", missing_seconds=35)
    async with open_client(behaviours=[behaviour]) as (stage, client):
        assert (await create(client)).name == "web-2"
        assert (await update(stage, client)).version == stage.machine.version
    async with open_client(behaviours=[replace(behaviour, missing="for_ever")]) as (stage, client):
        with pytest.raises(Refused, match="manifest unknown") as refused:
            await create(client)
        assert "pushed" in refused.value.hint
        assert 50 <= stage.now < 70


@on_virtual_time
async def test_a_volume_that_is_still_claimed__is_waited_for() -> None:
    async with open_client(timing=Timing(volume_release=(90, 90))) as (stage, client):
        volume = add_volume(stage.simulator.world, stage.app, name="data")
        config = make_config(mounts=[{"volume": volume.id, "path": "/data"}])
        old = add_machine(stage.simulator.world, stage.app, config=config, name="db-1")
        await client.destroy(MachineId(old.id), nonce=None)
        made = await create(client, name="db-2", config=config)
        assert volume.claimed_by == made.id
        assert stage.now > 90


@on_virtual_time
async def test_a_machine_that_settles__is_started_in_the_end() -> None:
    async with open_client(state="stopped", timing=Timing(still_active=(8, 8))) as (stage, client):
        await update(stage, client)  # replacing → stopped
        await start(stage, client)
        assert stage.machine.state in ("starting", "started")
        assert len(stage.simulator.journal.find("machine_start", status=412)) >= 3


@on_virtual_time
async def test_start_and_stop__are_fine_where_there_is_nothing_to_do() -> None:
    for switches in (Switches(start_started="accept"), Switches(start_started="refuse")):
        async with open_client(switches=switches) as (stage, client):
            await start(stage, client)
            assert stage.machine.boots == 1
            await client.stop(ident(stage), nonce=None)
            await stage.simulator.clock.sleep(5)
            await client.stop(ident(stage), nonce=None)
            assert stage.machine.state == "stopped"


@on_virtual_time
async def test_a_concurrent_update__is_repeated_and_a_start_that_says_error_inside_a_200() -> None:
    busy = Rule(
        operation="machine_update",
        status=409,
        nth=1,
        body={"error": "aborted: machine update failed due to concurrent update"},
    )
    inside = Rule(
        operation="machine_start", status=200, nth=1, times=2, body={"status": "error", "message": "not yet"}
    )
    async with open_client(state="stopped", rules=[busy, inside]) as (stage, client):
        written = await update(stage, client)
        assert [v.id for v in stage.machine.versions][1:] == [written.version]
        await stage.simulator.clock.sleep(10)
        await start(stage, client)
        assert stage.machine.state in ("starting", "started")


# Refusals that do not


@on_virtual_time
async def test_a_stale_version__changes_nothing() -> None:
    async with open_client() as (stage, client):
        before = stage.machine.version
        stage.simulator.act("update", machine=stage.machine.id, config={"env": {"X": "1"}})
        with pytest.raises(VersionConflict, match="fly-request-id"):
            await update(stage, client, expects=Version(before))
        assert stage.machine.config["env"]["X"] == "1"


@on_virtual_time
async def test_a_name_that_is_ours__is_adopted_and_one_that_is_not_is_refused() -> None:
    marks = {"flightplan_plan": "p", "flightplan_slot": "web/ams/0", "fly_process_group": "web"}
    mine = make_config(image=IMAGE, metadata=marks)
    other = make_config(image=IMAGE, metadata={**marks, "flightplan_plan": "another"})
    async with open_client() as (stage, client):
        first = add_machine(stage.simulator.world, stage.app, config=mine, name="web-2")
        assert (await create(client, config=mine)).id == first.id
        with pytest.raises(VersionConflict, match="already exists"):
            await create(client, config=other)
        assert len([m for m in stage.app.machines.values() if m.name == "web-2"]) == 1


@on_virtual_time
async def test_a_lease_of_ours_that_is_still_there__is_renewed_when_it_is_taken_again() -> None:
    """Fly had refused to end it. It would expire under the write that it is taken for."""
    async with open_client() as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
        await anyio.sleep(29)
        again = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
        assert again.nonce == lease.nonce
        assert stage.machine.lease is not None
        assert stage.machine.lease.expires_at - stage.now == pytest.approx(30, abs=1)
        assert again.lasts == pytest.approx(30, abs=1.5)


@on_virtual_time
async def test_another_run_of_the_same_plan__keeps_its_leases() -> None:
    """Same descriptions, same names: whatever is unclear, theirs is theirs."""
    lost = Rule(operation="lease_acquire", status=502, nth=2)
    async with open_client(rules=[lost]) as (stage, first), open_client_of(stage) as second:
        lease = await first.acquire_lease(ident(stage), ttl=600, description="flightplan abc", patience=0)
        with pytest.raises(LeaseHeld):
            await second.acquire_lease(ident(stage), ttl=600, description="flightplan abc", patience=10)
        assert stage.machine.lease is not None
        assert stage.machine.lease.nonce == lease.nonce
        made = await create(first, lease_ttl=600)
        with pytest.raises(LeaseHeld):
            await create(second, lease_ttl=10)
        assert stage.app.machines[made.id].lease is not None


@on_virtual_time
async def test_the_machine_of_a_run_that_died__is_taken_over_when_its_lease_ends() -> None:
    async with open_client() as (stage, first), open_client_of(stage) as second:
        made = await create(first, lease_ttl=30)
        again = await create(second, lease_ttl=30)
        assert again.id == made.id
        assert again.nonce not in (None, made.nonce)
        assert 30 <= stage.now < 35


@on_virtual_time
async def test_a_name_whose_owner_goes_away__is_free_in_a_moment() -> None:
    async with open_client() as (stage, client):
        old = add_machine(stage.simulator.world, stage.app, name="web-2")
        await client.destroy(MachineId(old.id), nonce=None)
        made = await create(client)
        assert made.id != old.id


@pytest.mark.parametrize(
    ("operation", "status", "body", "kind"),
    [
        ("machine_update", 409, "aborted: could not reserve resource for machine: insufficient memory", NoCapacity),
        ("machine_update", 412, "failed_precondition: lease nonce is unknown", LeaseLost),
        ("machine_update", 403, "unauthorized", Unauthorized),
        ("machine_update", 404, "machine not found", MachineGone),
        ("machine_create", 422, "could not find a candidate host", NoCapacity),
        ("machine_create", 422, "To create more than 1 machine per app please add a payment method.", Refused),
        ("machine_create", 409, "aborted: no capacity", NoCapacity),
        ("machine_create", 400, "invalid_argument: invalid config.guest", Refused),
        ("machine_start", 409, "governor policy blocked start", NoCapacity),
        ("machine_start", 412, "failed_precondition: machine still active, refusing to start", FleetError),
        ("machine_destroy", 412, "failed_precondition: unable to destroy machine", FleetError),
        ("machine_stop", 401, "Authenticate: token validation error", Unauthorized),
    ],
)  # fmt: skip
def test_a_no_that_stays__ends_with_its_own_words(operation: str, status: int, body: str, kind: Any) -> None:
    rule = Rule(operation=operation, status=status, body={"error": body}, headers={"fly-request-id": "01X"})

    @on_virtual_time
    async def story() -> None:
        async with open_client(state="stopped", rules=[rule]) as (stage, client):
            calls = {
                "machine_update": lambda: update(stage, client),
                "machine_create": lambda: create(client),
                "machine_start": lambda: start(stage, client),
                "machine_destroy": lambda: client.destroy(ident(stage), nonce=None),
                "machine_stop": lambda: client.stop(ident(stage), nonce=None),
            }
            with pytest.raises(kind) as raised:
                await calls[operation]()
            assert body in str(raised.value)
            assert "(fly-request-id 01X)" in str(raised.value)
            assert stage.now < 240

    story()


@on_virtual_time
async def test_a_lease_that_was_taken_from_us__is_lost_wherever_that_shows() -> None:
    for shape in ("error", "message"):
        async with open_client(switches=Switches(guard_shape=shape)) as (stage, client):
            lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
            stage.simulator.act("clear_lease", machine=stage.machine.id)
            stage.simulator.act("lease", machine=stage.machine.id, ttl=60)
            with pytest.raises(LeaseLost):
                await client.refresh_lease(lease, ttl=30)
            with pytest.raises(LeaseLost):
                await update(stage, client, nonce=lease.nonce)
            await client.release_lease(lease)


@on_virtual_time
async def test_a_refresh_that_brings_another_nonce__is_a_lease_lost() -> None:
    another = Rule(operation="lease_refresh", fault="rewrite", body={"data": {"nonce": "another"}})
    async with open_client(rules=[another]) as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
        with pytest.raises(LeaseLost, match="ended before its time"):
            await client.refresh_lease(lease, ttl=30)


@on_virtual_time
async def test_a_refresh_makes_a_lease_anew_that_somebody_has_cleared__and_it_is_given_back() -> None:
    """Fly may answer such a refresh with a new lease (L21). It is ours, and nobody else would end it."""
    async with open_client(switches=Switches(released_refresh="anew")) as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
        stage.simulator.act("clear_lease", machine=stage.machine.id)
        with pytest.raises(LeaseLost):
            await client.refresh_lease(lease, ttl=30)
        assert await client.lease_of(ident(stage)) is None


@on_virtual_time
async def test_a_token_that_ends__says_how_that_comes() -> None:
    ends = Token(text="fm2_client", apps=("acme-shop",), expires_at=5)
    async with open_client(tokens=[ends]) as (stage, client):
        await client.observe()
        await stage.simulator.clock.sleep(6)
        with pytest.raises(Unauthorized) as ended:
            await client.get(ident(stage))
        assert "fly tokens create deploy" in ended.value.hint


# Reading


@on_virtual_time
async def test_who_writes__reads_what_was_written_although_replicas_lag() -> None:
    async with open_client(replica_lag=20.0) as (stage, client):
        made = await create(client)
        assert (await client.get(made.id)).version == made.version
        assert made.id in {m.id for m in (await client.observe()).machines}
        written = await update(stage, client)
        assert (await client.get(ident(stage))).version == written.version


@on_virtual_time
async def test_all_pages_of_a_real_listing() -> None:
    async with open_client() as (stage, client):
        for _ in range(2_100):
            add_machine(stage.simulator.world, stage.app, config={"image": IMAGE, "metadata": {}})
        assert len((await client.observe()).machines) == 2_101
        pages = stage.simulator.journal.find("machine_list")
        assert len(pages) == 3
        assert stage.now < 0.1


@on_virtual_time
async def test_ten_creates_at_once__keep_to_one_a_second_and_are_never_refused() -> None:
    async with open_client() as (stage, client):
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(lambda number=number: create(client, name=f"web-{number + 10}"))  # type: ignore[misc]
        assert [e.status for e in stage.simulator.journal.find("machine_create")] == [200] * 10
        assert stage.now == pytest.approx(7, abs=0.1)


@on_virtual_time
async def test_sixty_machines__are_leased_updated_and_read_at_once_without_a_429() -> None:
    async with open_client() as (stage, client):
        config = make_config(image=IMAGE)
        fleet = [add_machine(stage.simulator.world, stage.app, config=config) for _ in range(60)]

        async def one(machine: Any) -> None:
            lease = await client.acquire_lease(MachineId(machine.id), ttl=30, description="t", patience=0)
            await update(stage, client, machine=machine, nonce=lease.nonce)
            await client.get(MachineId(machine.id))
            await client.release_lease(lease)

        async with anyio.create_task_group() as group:
            for machine in fleet:
                group.start_soon(one, machine)
        assert {len(m.versions) for m in fleet} == {2}
        assert {e.status for e in stage.simulator.journal.entries} <= {200, 201}
        assert stage.now < 0.1


# The open points, one at a time


def differences(switches: Switches) -> str:
    plain = asdict(Switches())
    return "-".join(f"{key}={value}" for key, value in asdict(switches).items() if value != plain[key])


SWITCHES = [
    Switches(wait_over_60="clamp"), Switches(released_refresh="revive"), Switches(skip_launch_rests="created"),
    Switches(metadata_resets_checks=True), Switches(durations="go"), Switches(service_interval_max=60), Switches(cookie_leads=False),
    Switches(error_place="message"), Switches(error_place="detail"), Switches(error_place="plain"), Switches(deleted_volume="scheduled_for_destruction"),
    Switches(start_started="refuse"), Switches(skip_launch_update="started"),
    Switches(update_keeps_cordon=False), Switches(image_refusal="422"), Switches(guard_shape="message"),
    Switches(lease_ttl_max=13), Switches(retry_after=True), Switches(dead_nonce="refuse"),
    Switches(first_check_status="critical"), Switches(extra_events=False), Switches(compat_row=True), Switches(),
]  # fmt: skip


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: differences(switches) or "as-documented")
def test_a_machines_whole_life__whatever_fly_does_at_the_open_points(switches: Switches) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(switches=switches) as (stage, client):
            made = await create(client, skip_launch=True, lease_ttl=60)
            assert made.nonce is not None
            rests = await client.wait(made.id, version=made.version, states=("stopped",), timeout=60)
            assert rests == (None if switches.skip_launch_rests == "created" else "stopped")
            await client.start(await client.get(made.id), nonce=made.nonce)
            assert (
                await client.wait(made.id, version=made.version, states=("started", "failed"), timeout=300)
                == "started"
            )
            lease = await client.acquire_lease(ident(stage), ttl=10, description="ours", patience=5)
            await client.refresh_lease(lease, ttl=10)
            written = await update(stage, client, nonce=lease.nonce)
            assert written.version == stage.machine.version
            await client.wait(written.id, version=written.version, states=("started",), timeout=60)
            await client.release_lease(lease)
            await client.release_lease(lease)
            await client.stop(ident(stage), nonce=None)
            found = await client.find(name="web-2")
            assert found is not None
            await client.destroy(found.id, nonce=made.nonce)
            await client.destroy(found.id, nonce=made.nonce)
            assert await client.wait(found.id, version=None, states=("destroyed",), timeout=60) == "destroyed"
            assert stage.simulator.violations == []
            assert not [e for e in stage.simulator.journal.entries if e.status == 429]

    story()


# Release records


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 408, "commit": True}, {"status": 504, "html": True, "commit": True}, {"fault": "drop", "when": "after"},
        {"status": 500}, {"status": 404}, {"status": 200, "body": []}, {"status": 200, "body": {"release": {"id": None}}},
    ],
)  # fmt: skip
def test_a_release_record__is_opened_once_and_never_a_reason_to_fail(fault: dict[str, Any]) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(rules=[Rule(operation="release_create", nth=1, **fault)]) as (stage, _):
            releases = ReleasesClient(
                app=APP,
                base_url="http://fly.test",
                token=Secret("t"),
                transport=SimulatorTransport(stage.simulator),
            )
            assert await releases.open(image=IMAGE, strategy="rolling", definition={}) is None
            assert len(stage.simulator.journal.find("release_create")) == 1
            release = await releases.open(image=IMAGE, strategy="rolling", definition={})
            assert release is not None
            stage.simulator.rules.append(
                Rule(operation="release_update", nth=1, times=2, status=504, html=True)
            )
            await releases.close(release, status="complete")
            assert stage.app.releases[-1].status == "complete"

    story()
