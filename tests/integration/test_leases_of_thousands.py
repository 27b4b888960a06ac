"""Leases of 120 s: what the next run makes of them. Six machines count as thousands here."""

from __future__ import annotations

import anyio
import httpx
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from entrypoint.rollout import leases
from tests.bench import Bench, make_bench, virtual
from tests.severed import Fate, deploy_until_killed
from tests.shop import WORKERS, fleet, make_shop, manifest
from tests.simulator.state.behaviours import Behaviour


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "MANY", 4)


def locks(bench: Bench) -> list[str]:
    return [m.id for m in bench.machines().values() if m.name == "flightplan-lock"]


def test_the_lock_of_a_killed_run__is_removed_by_one_with_nothing_to_do() -> None:
    """The lock lasts no longer than in a small run."""
    bench = make_shop("rolling", release=True)

    def gives_back_the_lock(_: int, request: httpx.Request) -> bool:
        return request.method == "DELETE" and any(request.url.path.endswith(lock) for lock in locks(bench))

    async def story() -> Result:
        fate = Fate(at=gives_back_the_lock, executed=False)
        assert await deploy_until_killed(bench, fate, gate=Gate.NONE)
        await anyio.sleep(5)
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "nothing-to-do"
    assert locks(bench) == []


def test_a_revert_of_a_killed_deploy__waits_for_its_leases() -> None:
    """The killed run has changed three machines, so its revert is small."""
    bench = make_shop("rolling")

    async def story() -> Result:
        await bench.deploy(gate=Gate.NONE)
        await anyio.sleep(60)
        before = dict(bench.files)
        bench.files["fly.toml"] = before["fly.toml"].replace("[env]", '[env]\nANOTHER = "1"')
        so_far = len(bench.writes())
        fate = Fate(at=lambda *_: len(bench.writes()) >= so_far + 3, executed=False)
        assert await deploy_until_killed(bench, fate, gate=Gate.NONE)
        bench.files.update(before)
        await anyio.sleep(5)
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log


def test_a_halted_deploy_of_a_thousand__gives_all_leases_back() -> None:
    """Nobody has cancelled it, so there is time."""
    found = fleet()
    worker = next(m for m in found["machines"] if m["id"] == WORKERS[1])
    found["machines"] += [
        {**worker, "id": f"{0x2A0000000000 + n:014x}", "name": f"many-{n}"} for n in range(1000)
    ]
    bench = make_bench(manifest=manifest("rolling", release=True), fleet=found)
    bench.sim.world.behaviours.append(Behaviour(group="fly_app_release_command", task_exit_code=1))
    bench.sim.latency = 0.7
    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "halted"
    assert bench.leases() == []
