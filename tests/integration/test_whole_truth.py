"""What is equal must be equal whole, what a person did stays as they did it, and what is written names a digest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from tests.bench import MANIFEST, Bench, make_bench, virtual

WEB = ("148ed21a031189", "1781960b5e2d89", "32873d4c126985")
WORKERS = ("4d891e2fb55368", "6e82994ea3d7e8")
QUIET = MANIFEST.replace('mailer = "bin/mailer"\n', "").replace('release_command = "bin/migrate"', "")


async def deploy(bench: Bench, **inputs: Any) -> Result:
    return await bench.deploy(**{"gate": Gate.NONE, "wait_timeout": 45.0, **inputs})


def said(bench: Bench) -> str:
    return "".join(bench.console.summaries)


def updated(bench: Bench) -> list[str]:
    return [w.split()[1] for w in bench.writes() if w.startswith("machine_update")]


BY_HAND: dict[str, dict[str, Any]] = {
    "init.entrypoint": {"init": {"entrypoint": ["/bin/sh", "-c"]}},
    "services.concurrency": {
        "services": [{"concurrency": {"type": "requests", "hard_limit": 5, "soft_limit": 5}}]
    },
    "restart.policy": {"restart": {"policy": "always"}},
    "a file": {"files": [{"guest_path": "/etc/x", "raw_value": "eA=="}]},
}


def overlay(live: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    changed = json.loads(json.dumps(live))
    for key, value in patch.items():
        if key == "services":
            changed[key][0] |= value[0]
        elif isinstance(value, dict):
            changed[key] = {**changed.get(key, {}), **value}
        else:
            changed[key] = value
    return dict(changed)


@pytest.mark.parametrize("patch", BY_HAND.values(), ids=BY_HAND)
def test_what_was_set_by_hand_on_one_machine__is_planned_away(patch: dict[str, Any]) -> None:
    """After a deploy, and with the very same image and fly.toml."""
    bench = make_bench(manifest=QUIET)

    async def story() -> tuple[Result, Result, Result]:
        await deploy(bench)
        live = bench.machines()[WEB[1]].config
        bench.sim.act("update", machine=WEB[1], config=overlay(live, patch))
        await anyio.sleep(30)
        planned = await bench.plan()
        again = await deploy(bench)
        return planned, again, await bench.plan()

    planned, again, then = virtual(story)
    assert planned.outputs["updated"] == "1"
    assert again.outputs["result"] == "deployed", said(bench)
    assert then.outputs["result"] == "nothing-to-do"
    assert updated(bench).count(WEB[1]) == 2
    assert updated(bench).count(WEB[0]) == 1


def when(happened: Callable[[], bool], do: Callable[[], object]) -> Callable[[], Any]:
    async def watch() -> None:
        while not happened():
            await anyio.sleep(0.2)
        do()

    return watch


def test_set_by_hand_on_a_machine_that_an_interrupted_run_wrote__is_not_already_written() -> None:
    """The plan is reviewed; its first run is cancelled after the first web machine; somebody then sets an entrypoint on it."""
    bench = make_bench(manifest=QUIET)
    stop = anyio.Event()

    async def story() -> Result:
        await bench.plan()
        async with anyio.create_task_group() as group:
            group.start_soon(when(lambda: len(updated(bench)) >= 5, stop.set))
            await bench.deploy(stop=stop)
        await anyio.sleep(40)
        by_hand = overlay(bench.machines()[WEB[0]].config, BY_HAND["init.entrypoint"])
        bench.sim.act("update", machine=WEB[0], config=by_hand)
        await anyio.sleep(30)
        return await deploy(bench)

    result = virtual(story)
    assert result.outputs["result"] == "deployed", said(bench)
    assert "entrypoint" not in bench.machines()[WEB[0]].config["init"]


def test_a_rerun_of_a_finished_job__starts_nothing_that_a_person_stopped() -> None:
    bench = make_bench(manifest=QUIET)

    async def story() -> tuple[Result, list[str]]:
        await bench.plan()
        await bench.deploy()
        bench.sim.act("stop", machine=WORKERS[0])
        bench.sim.act("stop", machine=WEB[2])
        await anyio.sleep(30)
        before = bench.writes()
        again = await bench.deploy()
        return again, bench.writes()[len(before) :]

    again, writes = virtual(story)
    assert again.outputs["result"] in ("deployed", "nothing-to-do", "superseded"), said(bench)
    assert writes == []
    assert bench.leases() == []
    assert bench.machines()[WORKERS[0]].state == "stopped"
    assert bench.machines()[WEB[2]].state == "stopped"


def test_a_machine_that_was_ill_before__is_called_restored_when_it_is_as_it_was() -> None:
    never = {"image": "*:v42*", "group": "web", "checks": "never"}
    bench = make_bench(
        manifest=QUIET,
        faults={"behaviours": [never, {"image": "*:v41*", "machine": WEB[0], "checks": "never"}]},
    )

    async def story() -> Result:
        bench.sim.act("checks", machine=WEB[0], status="critical", output="500")
        return await deploy(bench)

    result = virtual(story)
    assert result.outputs["result"] == "rolled-back", said(bench)
    assert "not restored" not in said(bench)


def test_a_machine_whose_old_version_does_not_pass__is_restored_and_called_not_healthy() -> None:
    never = {"image": "*:v42*", "group": "web", "checks": "never"}
    bench = make_bench(
        manifest=QUIET,
        faults={"behaviours": [never, {"image": "*:v41*", "machine": WEB[0], "checks": "never"}]},
    )
    result = virtual(lambda: deploy(bench))
    assert result.outputs["result"] == "halted", said(bench)
    assert "restored, **not healthy**" in said(bench)
    assert "**not restored**" not in said(bench)
    assert "v41@sha256" in bench.machines()[WEB[0]].config["image"]


def test_cancelled_while_the_old_version_is_gated__says_that_it_is_back() -> None:
    never = {"image": "*:v42*", "group": "web", "checks": "never"}
    slow = {"image": "*:v41*", "group": "web", "check_seconds": 40}
    bench = make_bench(manifest=QUIET, faults={"behaviours": [never, slow]})
    stop = anyio.Event()

    def is_back() -> bool:
        return updated(bench).count(WEB[0]) == 2 and bench.machines()[WEB[0]].state == "started"

    async def story() -> Result:
        async with anyio.create_task_group() as group:
            group.start_soon(when(is_back, stop.set))
            return await deploy(bench, stop=stop)
        raise AssertionError

    assert virtual(story).outputs["result"] == "halted"
    row = next(line for line in said(bench).splitlines() if WEB[0] in line and line.startswith("|"))
    assert "**not restored**" not in row
    assert "before it was seen to run" in row


@pytest.mark.parametrize("fails", [False, True])
def test_every_write__names_a_digest(fails: bool) -> None:
    """The fleet runs tags; the deploy names no image, makes a machine, runs a release command, and perhaps rolls back."""
    manifest = MANIFEST.replace("mailer", "zebra")
    faults = {"behaviours": [{"image": "*", "group": "web", "checks": "never"}]} if fails else None
    bench = make_bench(manifest=manifest, faults=faults)
    virtual(lambda: deploy(bench, image=None))
    bodies = [
        entry.body
        for entry in bench.sim.journal.entries
        if entry.operation in ("machine_create", "machine_update") and 200 <= (entry.status or 0) < 300
    ]
    images = [body["config"]["image"] for body in bodies]
    assert len(images) > 4
    assert all("@sha256:" in image for image in images), images
