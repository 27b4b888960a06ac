"""SIGKILL and SIGINT to the real process: a re-run waits out the old leases and ends in the planned fleet, without twins."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stage, stage

IMAGE = "registry.fly.io/acme-shop:v42"
FLEET = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


def _await(
    here: Stage, process: subprocess.Popen[str], happened: Callable[[list[dict[str, Any]]], bool]
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if happened(here.writes()):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def _release_machine_runs(writes: list[dict[str, Any]]) -> bool:
    return any(e["operation"] == "machine_start" for e in writes)


def _a_machine_is_created(writes: list[dict[str, Any]]) -> bool:
    """After the lock and the machine of the release command."""
    return sum(e["operation"] == "machine_create" for e in writes) == 3


def _half_is_updated(writes: list[dict[str, Any]]) -> bool:
    return sum(e["operation"] == "machine_update" for e in writes) >= 3


@pytest.mark.parametrize("moment", [_release_machine_runs, _a_machine_is_created, _half_is_updated])
def test_killed__a_rerun_ends_in_the_planned_fleet(moment: Callable[[list[dict[str, Any]]], bool]) -> None:
    with stage(speed=10) as here:
        here.run("pull_request", image=IMAGE)
        here.merge()
        process = here.start("push", image=IMAGE)
        _await(here, process, moment)

        process.send_signal(signal.SIGKILL)
        process.communicate()
        code, log = here.run("push", image=IMAGE)

        assert process.returncode == -signal.SIGKILL
        assert code == 0, log
        assert here.outputs()["result"] == "deployed", log
        assert here.groups() == FLEET
        assert all(m["config"]["image"].startswith(IMAGE) for m in here.fleet())
        assert here.leases() == []
        starts = [e["machine"] for e in here.writes() if e["operation"] == "machine_start"]
        stays = {machine["id"] for machine in here.fleet()}
        assert len([machine for machine in starts if machine not in stays]) == 1, (
            f"one release command: {log}"
        )


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_cancelled__leaves_within_six_seconds_and_holds_nothing(sent: signal.Signals) -> None:
    with stage(speed=2) as here:
        here.run("pull_request", image=IMAGE)
        here.merge()
        process = here.start("push", image=IMAGE)
        _await(here, process, _half_is_updated)

        begun = time.monotonic()
        process.send_signal(sent)
        log, _ = process.communicate(timeout=30)
        took = time.monotonic() - begun

        assert took < 6.0
        assert process.returncode == 5, log
        assert here.outputs()["result"] == "cancelled"
        assert here.leases() == []
        written = len(here.writes())
        assert "nothing new was begun" in here.outcomes()[-1]
        time.sleep(1)
        assert len(here.writes()) == written
