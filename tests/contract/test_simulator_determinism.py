"""The same seed, the same journal: with many clients at once, faults by chance, limits and times that vary."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import anyio
import httpx

from tests.simulator.faults import Rule
from tests.simulator.stage import APP, IMAGE, Stage, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.virtual import run_virtual

RULES: tuple[dict[str, Any], ...] = (
    {"operation": "machine_get", "probability": 0.2, "status": 503},
    {"operation": "machine_update", "probability": 0.3, "fault": "slow", "delay": 0.7},
    {"operation": "lease_acquire", "probability": 0.2, "fault": "drop", "when": "after"},
)
MACHINES = 6


async def roll(stage: Stage, machine: str) -> None:
    """What a deployer does to one machine, whatever it is answered."""
    path, nonce = f"{APP}/machines/{machine}", ""
    try:
        taken = await stage.client.post(f"{path}/lease", json={"ttl": 30})
        nonce = taken.json()["data"]["nonce"] if taken.status_code == 201 else ""
    except httpx.TransportError:
        await anyio.sleep(0.2)
    headers = {"fly-machine-lease-nonce": nonce} if nonce else {}
    config = {**stage.machine.config, "image": IMAGE}
    await stage.client.post(path, json={"config": config}, headers=headers)
    await stage.client.get(f"{path}/wait", params={"state": "started", "timeout": 10})
    for _ in range(12):
        await stage.client.get(path)
        await anyio.sleep(0.25)


async def tell(*, seed: int) -> str:
    """Six machines rolled side by side; the journal of it."""
    behaviours = [
        Behaviour(image=IMAGE, machine="web-3", boot="crash"),
        Behaviour(image=IMAGE, checks="flap"),
    ]
    rules = [Rule(**words) for words in RULES]
    async with open_stage(seed=seed, rules=rules, behaviours=behaviours, rate_limits=True) as stage:
        for number in range(2, MACHINES + 1):
            stage.simulator.act("clone", machine="web-1", name=f"web-{number}")
        async with anyio.create_task_group() as tasks:
            for machine in list(stage.app.machines):
                tasks.start_soon(roll, stage, machine)
        return json.dumps(stage.simulator.journal.to_json())


def test_two_runs_with_one_seed_keep_the_same_journal_and_another_seed_keeps_another() -> None:
    one, again, other = (run_virtual(partial(tell, seed=seed), seed=seed) for seed in (7, 7, 8))
    assert one == again
    assert one != other
    faults = {entry["fault"] for entry in json.loads(one)}
    assert {"answer machine_get", "slow machine_update", None} <= faults
