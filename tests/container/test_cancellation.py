"""A cancelled job leaves no container and no lease, and a re-run ends in the planned fleet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import shop
from tests.container.runner import Step, start
from tests.stage import Stage, stage

pytestmark = pytest.mark.container


def _await(here: Stage, step: Step, happened: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if any(happened(entry) for entry in here.journal()):
            return
        assert step.client.poll() is None, step.finish()
        time.sleep(0.1)
    raise AssertionError("it never came to that")


def _updates_a_machine(entry: dict[str, Any]) -> bool:
    return bool(entry["operation"] == "machine_update" and entry["status"] == 200)


def _runs_the_release_command(entry: dict[str, Any]) -> bool:
    return bool(entry["operation"] == "machine_start" and entry["status"] == 200)


@pytest.mark.parametrize(
    "moment", [_runs_the_release_command, _updates_a_machine], ids=["release-command", "rollout"]
)
def test_cancelled_it_stops_releases_and_can_go_on(
    image: str, moment: Callable[[dict[str, Any]], bool]
) -> None:
    with stage() as here:
        code, log = start(here, image, "pull_request").finish()
        assert code == 0, log
        here.merge()
        step = start(here, image, "push")
        _await(here, step, moment)
        assert here.leases(), "at least the lock"

        needed, seconds = step.cancel()
        time.sleep(0.5)
        _, log = step.finish()
        assert needed == "SIGINT", log
        assert seconds < 7.0, log
        assert not step.is_alive()
        assert here.leases() == [], log
        assert here.outputs()["result"] == "cancelled", log
        written = len(here.writes())
        time.sleep(1)
        assert len(here.writes()) == written

        code, log = start(here, image, "push").finish()
        assert code == 0, log
        assert here.outputs()["result"] == "deployed", log
        assert len(here.fleet()) == 8


def _creates_a_machine(entry: dict[str, Any]) -> bool:
    return bool(entry["operation"] == "machine_create" and entry["status"] == 200)


def _uncordons(entry: dict[str, Any]) -> bool:
    return bool(entry["operation"] == "machine_uncordon" and entry["status"] == 200)


def _cordons(entry: dict[str, Any]) -> bool:
    return bool(entry["operation"] == "machine_cordon" and entry["status"] == 200)


@pytest.mark.parametrize(
    ("strategy", "moment", "said"),
    [
        ("bluegreen", _creates_a_machine, "beside the old ones, cordoned: only the old ones get requests"),
        ("bluegreen", _uncordons, "beside the old ones, and both get requests"),
        ("bluegreen", _cordons, "The new machines get all requests"),
        ("canary", _creates_a_machine, "beside the others and"),
    ],
    ids=["bluegreen-made", "bluegreen-routed", "bluegreen-switched", "canary"],
)
def test_cancelled_with_a_strategy__it_says_what_stands_where_and_can_go_on(
    image: str, tmp_path: Path, strategy: str, moment: Callable[[dict[str, Any]], bool], said: str
) -> None:
    manifest, fleet = tmp_path / "fly.toml", tmp_path / "fleet.json"
    manifest.write_text(shop.manifest(strategy), "utf-8")
    fleet.write_text(json.dumps(shop.fleet(standby=False)), "utf-8")
    with stage(fleet=fleet, manifest=manifest) as here:
        code, log = start(here, image, "pull_request").finish()
        assert code == 0, log
        here.merge()
        step = start(here, image, "push")
        _await(here, step, moment)

        needed, seconds = step.cancel()
        time.sleep(0.5)
        _, log = step.finish()
        assert needed == "SIGINT", log
        assert seconds < 7.0, log
        assert not step.is_alive()
        assert here.leases() == [], log
        assert here.outputs()["result"] == "cancelled", log
        assert said in here.outcomes()[-1]

        code, log = start(here, image, "push").finish()
        assert code == 0, log
        assert here.outputs()["result"] == "deployed", log
        left = here.fleet()
        assert len(left) == 5
        assert not any(machine.get("cordoned") for machine in left)
