"""The demo's shop without its volume, for stories of strategies: web with checks, worker with a standby, and a group that sleeps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio

from entrypoint.modes.result import Result
from entrypoint.rollout.leases import TTL
from tests.bench import FLEET, MANIFEST, Bench, make_bench, virtual
from tests.simulator.state.traffic import find_fewest, list_cuts

NEW = "registry.fly.io/acme-shop:v42"
REQUEST = 9.0
"""Seconds that the longest request takes."""
LONGEST_ANSWER = 71.0
"""Seconds after which every request of a run that has ended is carried out, whatever the faults."""
WEBS = ("148ed21a031189", "1781960b5e2d89", "32873d4c126985")
WORKERS = ("4d891e2fb55368", "6e82994ea3d7e8")
STANDBY, SLEEPER = "5d891e2fb55368", "7d891e2fb55368"


def manifest(
    strategy: str, *, web: str = "bin/web --threads 8", sleeps: bool = False, release: bool = False
) -> str:
    """Its fly.toml."""
    text = MANIFEST[: MANIFEST.index("[[mounts]]")].replace("rolling", strategy)
    text = text.replace('  cron = "supercronic /app/crontab"\n', "").replace("bin/web --threads 8", web)
    text = text.replace("[env]", '  wait_timeout = "40s"\n\n[env]')
    text = text.replace('  mailer = "bin/mailer"\n', '  sleeper = "bin/sleep"\n' if sleeps else "")
    return text if release else text.replace('  release_command = "bin/migrate"\n', "")


def fleet(*, sleeps: bool = False, standby: bool = True, webs: int = 3) -> dict[str, Any]:
    """Its machines, as flyctl left them."""
    found = copy.deepcopy(FLEET)
    found["volumes"] = []
    found["machines"] = [m for m in found["machines"] if m["config"] != "cron" and m["id"] not in WEBS[webs:]]
    if standby:
        config = {**found["configs"]["worker"], "standbys": [WORKERS[0]]}
        config["env"] = {**config["env"], "FLY_STANDBY_FOR": WORKERS[0]}
        found["configs"]["standby"] = config
        found["machines"].append(
            {"id": STANDBY, "name": "still-moon-1", "region": "ams", "config": "standby", "state": "stopped"}
        )
    if sleeps:
        config = copy.deepcopy(found["configs"]["worker"])
        config["env"]["FLY_PROCESS_GROUP"] = config["metadata"]["fly_process_group"] = "sleeper"
        config["init"] = {"cmd": ["bin/sleep"]}
        found["configs"]["sleeper"] = config
        found["machines"].append(
            {"id": SLEEPER, "name": "still-sea-2", "region": "ams", "config": "sleeper", "state": "stopped"}
        )
    return found


def make_shop(
    strategy: str,
    *,
    faults: dict[str, Any] | None = None,
    policy: str = "",
    sleeps: bool = False,
    standby: bool = True,
    webs: int = 3,
    **changes: Any,
) -> Bench:
    """The shop with a pull request that changes everything."""
    files = {"flightplan.toml": policy} if policy else {}
    return make_bench(
        manifest=manifest(strategy, sleeps=sleeps, **changes),
        fleet=fleet(sleeps=sleeps, standby=standby, webs=webs),
        faults=faults,
        **files,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What a cancelled deploy said and left, and the deploy after it."""

    told: str
    leases: list[str]
    again: Result


def cancelled(bench: Bench, when: Callable[[], bool]) -> Cancelled:
    """A deploy that is cancelled at that moment. The next begins once every lease, and every request that was on its way, has ended."""
    stop = anyio.Event()

    async def story() -> Cancelled:
        await bench.plan()
        async with anyio.create_task_group() as group:
            group.start_soon(stop_then)
            result = await bench.deploy(stop=stop)
            group.cancel_scope.cancel()
        assert result.outputs["result"] == "cancelled", bench.console.log
        told, leases = bench.told, bench.leases()
        await anyio.sleep(TTL + LONGEST_ANSWER)
        return Cancelled(told=told, leases=leases, again=await bench.deploy())

    async def stop_then() -> None:
        while not when():
            await anyio.sleep(0.05)
        stop.set()

    return virtual(story)


def lost(bench: Bench, *, since: float = 0.0) -> list[str]:
    """Machines of web that ended while requests were with them."""
    app = bench.sim.world.apps["acme-shop"]
    return [
        c.machine
        for c in list_cuts(app, since=since, within=REQUEST)
        if app.machines[c.machine].group == "web"
    ]


def fewest(bench: Bench, *, since: float = 0.0) -> int:
    """The fewest machines of web that would have got a request at any moment."""
    app = bench.sim.world.apps["acme-shop"]
    return find_fewest(app, since=since, until=bench.sim.world.now, group="web")


def counts(bench: Bench) -> dict[str, int]:
    """Machines by group."""
    return {name: len(found) for name, found in sorted(bench.groups().items())}


def cordoned(bench: Bench) -> set[str]:
    """Machines out of routing."""
    return {m.id for m in bench.machines().values() if m.cordoned}


def images(bench: Bench) -> set[str]:
    """What all machines run, without digests."""
    return {m.config["image"].partition("@")[0] for m in bench.machines().values()}
