"""What was changed outside since a deploy of ours is named in the plan; what deploys of ours leave is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoint.kernel.strategy import Strategy
from tests.bench import Bench, virtual
from tests.shop import make_shop
from tests.simulator.state.hands import perform

BAD = "registry.fly.io/acme-shop:v43"


async def found(bench: Bench, **inputs: Any) -> list[str]:
    """What the next plan, with another variable, says of changes outside."""
    bench.files["fly.toml"] = bench.files["fly.toml"].replace("[env]", '[env]\nANOTHER = "1"')
    await bench.plan(**inputs)
    assert "update" in bench.planned or "swap" in bench.planned
    made = json.loads(bench.console.files["plan.json"])
    return [f["message"] for f in made["findings"] if f["rule"] == "changed-outside"]


async def deploy(bench: Bench) -> None:
    await bench.plan()
    result = await bench.deploy()
    assert result.outputs["result"] == "deployed", bench.console.log


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_deploy_of_ours__leaves_nothing_that_is_called_changed(strategy: Strategy):
    bench = make_shop(strategy)

    async def story() -> list[str]:
        await deploy(bench)
        return await found(bench)

    assert virtual(story) == []


def test_a_deploy_that_was_rolled_back__leaves_nothing_that_is_called_changed():
    never = {"behaviours": [{"image": "*:v43*", "group": "web", "checks": "never"}]}
    bench = make_shop("rolling", faults=never)

    async def story() -> list[str]:
        await deploy(bench)
        await bench.plan(image=BAD)
        result = await bench.deploy(image=BAD)
        assert result.outputs["result"] == "rolled-back", bench.console.log
        return await found(bench)

    assert virtual(story) == []


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUEGREEN])
def test_what_somebody_does_by_hand__is_named(strategy: Strategy):
    bench = make_shop(strategy)

    async def story() -> list[str]:
        await deploy(bench)
        web = min(machine.id for machine in bench.groups()["web"])
        by_hand = {"restart": {"policy": "always"}}
        perform(bench.sim.world, {"act": "update", "machine": web, "config": by_hand})
        return await found(bench)

    (message,) = virtual(story)
    assert "of `web` was changed since Flightplan deployed it: `restart.policy`." in message
