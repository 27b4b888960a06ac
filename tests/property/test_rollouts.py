"""Seeded misfortune over the demo's deploy, with Fly's open points one way or the other: whatever happens, what is said is true, and
a second run ends in the planned fleet.

A twentieth of HYPOTHESIS_MAX_EXAMPLES asks for more schedules than the few of `make test`: one is two whole deploys.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.run import Gate
from entrypoint.rollout.leases import TTL
from tests.bench import FLEET, IMAGE, Bench, as_recorded, make_bench, virtual
from tests.integration.test_open_points import OTHER
from tests.simulator.state.traffic import find_fewest

SCHEDULES = max(24, int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "0")) // 20)
PLANNED = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}
LEAST_WEB = 1
"""max_unavailable = 2 of 3 machines."""
WRITES = ("machine_update", "machine_create", "machine_start", "lease_acquire", "lease_release")
RARE = ("lease_refresh", "machine_destroy", "metadata_set")
READS = ("machine_get", "machine_list", "machine_wait", "app_get")
WAIT = 45.0
LONGEST_LEASE = TTL + 1


def draw(dice: random.Random) -> dict[str, Any]:
    """One to three misfortunes of the network, and perhaps a bad image or somebody's hand."""
    rules = [draw_rule(dice) for _ in range(dice.randint(1, 3))]
    behaviours = []
    if dice.random() < 0.4:
        group = dice.choice(["web", "worker", "mailer", "cron"])
        what = dice.choice(
            [{"boot": "crash"}, {"boot": "exit"}, {"boot": "failed"}, {"checks": "never"}, {"boot": "stuck"}]
        )
        behaviours.append({"image": "*:v42*", "group": group, **what})
    acts = []
    if dice.random() < 0.3:
        acts.append(
            {
                "at": dice.uniform(0, 90),
                "machine": dice.choice([m["id"] for m in FLEET["machines"]]),
                **dice.choice(
                    [
                        {"act": "update", "config": {"env": {"BY": "HAND"}}},
                        {"act": "stop"},
                        {"act": "clear_lease"},
                        {"act": "destroy"},
                    ]
                ),
            }
        )
    switches = dice.sample(sorted(OTHER), dice.randint(1, 6)) if dice.random() < 0.6 else []
    return {
        "rules": rules,
        "behaviours": behaviours,
        "acts": acts,
        "switches": {name: OTHER[name] for name in switches},
        "replica_lag": 2.0 if "cookie_leads" in switches else 0.0,
    }


def draw_rule(dice: random.Random) -> dict[str, Any]:
    operation = dice.choice(WRITES + READS)
    place = {"operation": operation, "nth": dice.randint(1, 9), "times": dice.randint(1, 4)}
    return dice.choice(
        [
            {
                **place,
                "fault": "answer",
                "status": dice.choice([408, 429, 500, 502, 503, 504]),
                "commit": dice.random() < 0.5,
            },
            {**place, "fault": "answer", "status": 503, "html": True},
            {**place, "fault": "drop", "when": dice.choice(["refused", "before", "after", "body"])},
            {
                "operation": "machine_*",
                "fault": "answer",
                "status": 503,
                "after": (at := dice.uniform(5, 60)),
                "until": at + dice.choice([3, 30, 90]),
            },
            {**place, "fault": "slow", "delay": dice.choice([2.0, 20.0])},
            draw_live_rule(dice),
            draw_live_rule(dice),
        ]
    )


def draw_live_rule(dice: random.Random) -> dict[str, Any]:
    """What others inject on the real Fly (F24, F25, F26, and 403 on a release)."""
    operation = dice.choice(WRITES + READS + RARE)
    place = {"operation": operation, "nth": dice.randint(1, 9), "times": dice.randint(1, 4)}
    rows = dice.choice(["mailer*", "web*", "*"])
    return dice.choice(
        [
            {**place, "fault": dice.choice(["slow", "drop"]), "delay_after": dice.choice([5.0, 60.0, 180.0])},
            {
                **place,
                "operation": "machine_list",
                "times": dice.choice([1, 2, 99]),
                "fault": "hide",
                "rows": rows,
            },
            {**place, "fault": "answer", "status": 504, "commit": dice.random() < 0.5, "delay_after": 60.0},
            {
                **place,
                "operation": "lease_release",
                "fault": "answer",
                "status": dice.choice([403, 404, 409]),
            },
        ]
    )


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_whatever_happens__the_outcome_is_true_and_a_rerun_converges(seed: int) -> None:
    faults = draw(random.Random(seed))
    bench = make_bench(faults=faults)
    before = as_recorded(bench)
    by_hand = {act["act"] for act in faults["acts"]}

    async def story() -> Seen:
        begun = bench.sim.look()
        result = await deploy(bench)
        seen = Seen(
            result=result,
            said="".join(bench.console.summaries),
            configs=configs(bench),
            recorded=as_recorded(bench),
            groups=counts(bench),
            fewest=find_fewest(
                bench.sim.world.apps["acme-shop"], since=begun, until=bench.sim.look(), group="web"
            ),
        )
        await anyio.sleep(LONGEST_LEASE)
        seen.leases = bench.leases()
        heal(bench)
        await anyio.sleep(120)
        seen.rerun = await deploy(bench)
        seen.again = await deploy(bench)
        return seen

    seen = virtual(story)

    assert seen.leases == []
    if not by_hand:
        assert seen.fewest >= LEAST_WEB, "fewer served than the plan promised"
        if seen.result == "deployed":
            assert seen.groups == PLANNED
            assert all(config["image"].startswith(IMAGE) for config in seen.configs.values())
        if "halted and rolled back" in seen.said:
            assert seen.recorded == before
    assert seen.rerun in ("deployed", "nothing-to-do"), bench.console.log
    assert seen.again == "nothing-to-do"
    if "destroy" not in by_hand:
        assert counts(bench) == PLANNED


@dataclass(slots=True, kw_only=True)
class Seen:
    """The fleet after the first run, and how the others ended."""

    result: str
    said: str
    configs: dict[str, Any]
    recorded: dict[str, Any]
    groups: dict[str, int]
    fewest: float
    leases: list[str] = field(default_factory=list)
    rerun: str = ""
    again: str = ""


async def deploy(bench: Bench) -> str:
    """One run; how it ended, in a word."""
    try:
        result = await bench.deploy(gate=Gate.NONE, wait_timeout=WAIT)
    except OutsideError:
        return "outside"
    assert (result.exit_code is ExitCode.DONE) == (result.outputs["result"] in ("deployed", "nothing-to-do"))
    return result.outputs["result"]


def configs(bench: Bench) -> dict[str, Any]:
    """Every machine's config by id, release machines left out."""
    return {m.id: dict(m.config) for found in bench.groups().values() for m in found}


def counts(bench: Bench) -> dict[str, int]:
    return {name: len(found) for name, found in bench.groups().items()}


def heal(bench: Bench) -> None:
    """The network is well again, and the image has been mended."""
    bench.sim.rules.clear()
    bench.sim.world.behaviours.clear()
