"""The client over real sockets: connections that break, pools that are full, servers that mean harm, and what is logged meanwhile."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trio

from entrypoint.adapters.machines import connections, endpoint, transport, writes
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.releases import ReleasesClient
from entrypoint.adapters.registry.client import RegistryClient, RegistrySettings
from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import AppName, MachineId, Region, Version
from entrypoint.kernel.secrets import Secret
from tests.raw import Handler, RawServer, answer, raw_server, sends
from tests.scripted import nested
from tests.simulator.process import Running, run_simulator

ROOT = Path(__file__).parents[2]
FLEET = json.loads((ROOT / "examples" / "acme-shop" / "fleet.json").read_text())
TOKEN = "FlyV1 fm2_loopback-a,fm2_loopback-b\n"
WEB = [m["id"] for m in FLEET["machines"] if m["config"] == "web"]


def open_client(base: str, app: str = "acme-shop") -> MachinesClient:
    return MachinesClient(app=AppName(app), base_url=base, token=Secret(TOKEN))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with run_simulator(tmp_path_factory.mktemp("machines"), FLEET, speed=20.0) as simulator:
        yield simulator
        assert simulator.violations() == []


def config(name: str) -> dict[str, Any]:
    metadata = {"fly_process_group": name, "flightplan_plan": "p" * 64}
    return {"image": "registry.fly.io/acme-shop:v42", "metadata": metadata, "env": {"PASSWORD": "env-secret"}}


@pytest.mark.parametrize("when", ["after", "body", "before"])
def test_connections_that_really_break__change_nothing_twice(
    running: Running, when: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing secret is logged meanwhile, by httpx and httpcore neither."""
    monkeypatch.setattr(writes, "LOOKS", (0.1, 0.2))
    caplog.set_level(logging.DEBUG)
    machine, name = MachineId(WEB[0]), f"new-{when}"
    before = next(m for m in running.app()["machines"] if m["id"] == machine)
    start = len(running.journal())
    kinds = (
        "machine_create",
        "lease_acquire",
        "lease_refresh",
        "machine_update",
        "lease_release",
        "machine_stop",
    )
    for kind in kinds:
        rule = {"operation": kind, "fault": "drop", "when": when, "nth": 1}
        httpx.post(f"{running.base}/_sim/faults", json=rule, trust_env=False).raise_for_status()

    async def story() -> tuple[Any, Any]:
        async with open_client(running.base) as client:
            made = await client.create(
                name=name, region=Region("ams"), config=config(name), skip_launch=True, lease_ttl=60
            )
            lease = await client.acquire_lease(machine, ttl=60, description=f"test {when}", patience=30)
            await client.refresh_lease(lease, ttl=60)
            written = await client.update(
                machine,
                config={**before["config"], "env": {"WHEN": when}},
                region=Region(before["region"]),
                expects=before["instance_id"],
                nonce=lease.nonce,
                skip_launch=False,
            )
            await client.stop(machine, nonce=lease.nonce)
            await client.release_lease(lease)
            await client.destroy(made.id, nonce=made.nonce)
            return made, written

    made, written = trio.run(story)
    after = {m["id"]: m for m in running.app()["machines"]}
    done = [
        (e["operation"], e["machine"])
        for e in running.journal()[start:]
        if e["operation"] in ("machine_create", "machine_update") and 200 <= (e["status"] or 0) < 300
    ]
    assert [m["id"] for m in after.values() if m["name"] == name] == [made.id]
    assert after[machine]["instance_id"] == written.version
    assert after[machine]["config"]["env"] == {"WHEN": when}
    assert len([d for d in done if d[0] == "machine_update"]) == (1 if when == "before" else 0)
    seen = "\n".join(record.getMessage() for record in caplog.records)
    assert "flightplan" in {record.name.partition(".")[0] for record in caplog.records}
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert not [w for w in ("fm2_loopback", "env-secret", str(made.nonce)) if w in seen]


def test_a_lease_is_refreshed_while_long_polls_fill_their_pool(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WAITS", 8)
    machine, ended = MachineId(WEB[1]), []

    async def story() -> None:
        async with open_client(running.base) as client, anyio.create_task_group() as group:

            async def poll() -> None:
                await client.wait(machine, version=None, states=("destroyed",), timeout=60)
                ended.append("poll")

            lease = await client.acquire_lease(machine, ttl=60, description="full pool", patience=0)
            for _ in range(40):
                group.start_soon(poll)
            await anyio.sleep(0.5)
            await client.refresh_lease(lease, ttl=60)
            ended.append("refresh")
            await client.get(machine)
            ended.append("get")
            await client.release_lease(lease)
            group.cancel_scope.cancel()

    trio.run(story)
    assert ended == ["refresh", "get"]


DIGEST = "sha256:" + "ab" * 32
LIST = b"[]"
BOMB = gzip.compress(b" " * 5_000_000)
HOSTILE: dict[str, Handler] = {
    "closes at once": sends(),
    "no HTTP": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half a status line": sends(b"HTTP/1.1 2"),
    "endless headers": sends(b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(20_000))),
    "a header with a line break": sends(answer(LIST, headers="x: a\rInjected: 1\r\n")),
    "two lengths": sends(answer(LIST, headers="content-length: 7\r\n")),
    "a length that is none": sends(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n[]"),
    "shorter than it says": sends(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]"),
    "longer than we read": sends(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2_000_000),
    "a bomb": sends(answer(BOMB, headers="content-encoding: gzip\r\n")),
    "no gzip": sends(answer(b"[]", headers="content-encoding: gzip\r\n")),
    "no UTF-8": sends(answer(b"\xff\xfe\xfd")),
    "no JSON": sends(answer(b"<html>", headers="content-type: application/json\r\n")),
    "no number": sends(answer(b"[NaN]")),
    "deep": sends(answer(nested(100_000))),
    "no list": sends(answer(b"{}")),
    "a redirect": sends(answer(b"", status="302 Found", headers="location: http://127.0.0.1:1/\r\n")),
    "silence": sends(then=30),
    "a byte now and then": sends(*[b"H", b"T", b"T", b"P"] * 20, every=0.05),
    "a body now and then": sends(b"HTTP/1.1 200 OK\r\n\r\n", *[b" "] * 200, every=0.05),
}


@pytest.mark.parametrize("handler", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE])
def test_a_server_that_means_harm__gets_a_typed_error_within_the_deadlines(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch)

    async def story(server: RawServer) -> FleetError:
        async with open_client(server.base) as client:
            with trio.fail_after(20), pytest.raises(FleetError) as raised:
                await client.find(name="web")
        return raised.value

    error = with_server(handler, story)
    text = str(error)
    assert text.startswith("listing the machines of acme-shop: ")
    assert len(text) < 420
    assert text.isprintable()
    assert error.exit_code == 6
    assert error.hint


def test_a_hostile_answer_to_a_write__is_looked_into_and_never_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short(monkeypatch)

    async def handle(stream: trio.SocketStream, request: bytes) -> None:
        await stream.send_all(answer(nested(1000)) if request.startswith(b"POST") else answer(b'{"id": "m"}'))

    async def story(server: RawServer) -> None:
        async with open_client(server.base) as client:
            await client.start(await client.get(MachineId("m")), nonce=None)
            await client.stop(MachineId("m"), nonce=None)
            written = await client.update(
                MachineId("m"),
                config={},
                region=Region(""),
                expects=Version("01A"),
                nonce=None,
                skip_launch=False,
            )
            assert written.id == "m"
        assert [request.startswith(b"POST") for request in server.requests].count(True) == 3

    with_server(handle, story)


def test_this_computer__is_not_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def story(server: RawServer) -> None:
        async with open_client(server.base) as client:
            assert (await client.get(MachineId("m"))).id == "m"
        settings = RegistrySettings(fly_registry=server.base, patience=0)
        found = await RegistryClient(settings=settings, token=Secret(TOKEN)).resolve("registry.fly.io/a:v1")
        assert found.digest == DIGEST
        releases = ReleasesClient(app=AppName("a"), base_url=server.base, token=Secret(TOKEN))
        assert await releases.open(image="i", strategy="rolling", definition={}) is not None

    body = b'{"id": "m", "version": 7}'
    with_server(sends(answer(body, headers=f"docker-content-digest: {DIGEST}\r\n")), story)


@pytest.mark.parametrize(
    ("names", "skipped", "used"),
    [
        (("HTTP_PROXY",), "", True),
        (("http_proxy",), "other.example, fly.test.example", True),
        (("ALL_PROXY",), "", True),
        (("HTTPS_PROXY",), "", False),
        (("HTTP_PROXY",), "fly.test", False),
        (("HTTP_PROXY",), ".test", False),
        (("HTTP_PROXY",), "*", False),
    ],
)
def test_a_proxy_of_the_environment__is_used(
    names: tuple[str, ...], skipped: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", skipped)
    monkeypatch.setattr(transport, "ATTEMPTS", 1)

    async def story(server: RawServer) -> None:
        for name in names:
            monkeypatch.setenv(name, server.base.replace("http://", "http://shop:hunter2@"))
        async with open_client("http://fly.test") as client:
            if used:
                assert (await client.get(MachineId("m"))).id == "m"
            else:
                with pytest.raises(FleetError):
                    await client.get(MachineId("m"))
        asked = [request for request in server.requests if request.startswith(b"GET http://fly.test/v1/")]
        assert len(server.requests) == len(asked) == used
        assert [b"Basic c2hvcDpodW50ZXIy" in request for request in asked] == [True] * used

    with_server(sends(answer(b'{"id": "m", "version": 7}')), story)


def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bounds, in the time that a test has."""
    monkeypatch.setattr(transport, "ATTEMPTS", 1)
    monkeypatch.setattr(endpoint, "LONGEST_READ", 0.5)
    monkeypatch.setattr(endpoint, "MOST_BYTES", 1_000_000)
    defaults = Call._field_defaults | {"timeout": 0.5}
    monkeypatch.setattr(Call.__new__, "__defaults__", tuple(defaults.values()))


def with_server(handler: Handler, story: Callable[[RawServer], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        async with raw_server(handler) as server:
            return await story(server)

    return trio.run(whole)
