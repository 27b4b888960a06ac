"""A fleet of 5,000 machines through the simulator's loopback door, and 1,000 waits at once on virtual time: what they cost."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any

import anyio
import httpx
import trio
from trio.testing import MockClock

from tests.simulator.app import create
from tests.simulator.builders import add_app, add_machine, make_config, make_service, make_world
from tests.simulator.process import Running, run_simulator
from tests.simulator.transport import make_client

MACHINES = 5000
WAITS = 1000
_SIDE_BY_SIDE = 40
_IMAGE = "registry.fly.io/acme-shop:v42"


def make_fleet(count: int) -> dict[str, Any]:
    """A fleet file of `count` web machines."""
    machines = [{"id": f"{10**13 + number}", "config": "web"} for number in range(count)]
    web = make_config(services=[make_service()])
    return {"app": "acme-shop", "configs": {"web": web}, "machines": machines, "rate_limits": False}


def run() -> None:
    """Print seconds and memory. Nothing is asserted here: tests/contract/test_simulator_scale.py does that."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with run_simulator(Path(folder), make_fleet(MACHINES), speed=100.0, contract=False) as simulator:
            print(f"{MACHINES} machines are up after {time.perf_counter() - began:.1f} s")
            trio.run(_measure, simulator)
            print(f"memory of the simulator: {_read_memory(simulator.pid):.0f} MB")
    print(f"{WAITS} waits of 60 s at once, on virtual time: {measure_waits(WAITS):.2f} s of CPU")
    print(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


async def _measure(simulator: Running) -> None:
    limits = httpx.Limits(max_connections=_SIDE_BY_SIDE, max_keepalive_connections=_SIDE_BY_SIDE)
    headers = {"Authorization": "Bearer bench"}
    async with httpx.AsyncClient(
        base_url=f"{simulator.base}/v1/apps/acme-shop",
        headers=headers,
        limits=limits,
        timeout=120,
        trust_env=False,
    ) as client:
        machines: list[dict[str, Any]] = []

        async def list_all() -> None:
            machines.extend((await client.get("/machines")).raise_for_status().json())

        nonces: dict[str, str] = {}

        async def lease(machine: dict[str, Any]) -> None:
            answer = await client.post(f"/machines/{machine['id']}/lease", json={"ttl": 600})
            nonces[machine["id"]] = answer.raise_for_status().json()["data"]["nonce"]

        async def get(machine: dict[str, Any]) -> None:
            (await client.get(f"/machines/{machine['id']}")).raise_for_status()

        async def update(machine: dict[str, Any]) -> None:
            answer = await client.post(
                f"/machines/{machine['id']}",
                json={
                    "config": {**machine["config"], "image": _IMAGE},
                    "current_version": machine["version"],
                },
                headers={"fly-machine-lease-nonce": nonces[machine["id"]]},
            )
            answer.raise_for_status()

        await _time("list", [list_all()])
        await _time("get", map(get, machines))
        await _time("lease", map(lease, machines))
        await _time("update", map(update, machines))
        listed = json.dumps((await client.get("/machines")).json())
        assert listed.count(_IMAGE) == MACHINES


async def _time(what: str, calls: Iterable[Awaitable[None]]) -> None:
    """Await all of them, a few at once, and print how long it took."""
    began, waiting, count = time.perf_counter(), list(calls), 0
    limiter = anyio.CapacityLimiter(_SIDE_BY_SIDE)

    async def one(call: Awaitable[None]) -> None:
        async with limiter:
            await call

    async with anyio.create_task_group() as tasks:
        for call in waiting:
            tasks.start_soon(one, call)
            count += 1
    seconds = time.perf_counter() - began
    print(f"{what:8} {seconds:6.2f} s  {count / seconds:8.0f}/s")


def _read_memory(pid: int) -> float:
    """Most megabytes that the process ever held."""
    if sys.platform != "linux":
        return float("nan")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measure_waits(count: int) -> float:
    """CPU seconds for `count` machines that are waited for at once, for a minute of virtual time, half of them in vain."""
    return trio.run(_wait_for_all, count, clock=MockClock(autojump_threshold=0))


async def _wait_for_all(count: int) -> float:
    world = make_world()
    app = add_app(world, "acme-shop")
    machines = [add_machine(world, app, state="stopped") for _ in range(count)]
    simulator = create(world, rate_limits=False)
    codes: list[int] = []

    async def wait(client: httpx.AsyncClient, machine: str) -> None:
        path = f"/v1/apps/acme-shop/machines/{machine}/wait"
        codes.append((await client.get(path, params={"state": "started", "timeout": 60})).status_code)

    async with make_client(simulator, contract=False) as client:
        simulator.look()
        began = time.process_time()
        async with anyio.create_task_group() as tasks:
            for machine in machines:
                tasks.start_soon(wait, client, machine.id)
            await anyio.sleep(30)
            for machine in machines[: count // 2]:
                simulator.act("start", machine=machine.id)
        spent = time.process_time() - began
    assert sorted(codes) == [200] * (count // 2) + [408] * (count - count // 2)
    return spent


if __name__ == "__main__":
    run()
