"""A cancelled job leaves no container and no lease, and a re-run ends in the planned fleet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

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
        # A release command runs under the app's lock, before any other lease is taken: no machine of the app is touched yet.
        assert (len(here.leases()) > 1) is (moment is _updates_a_machine)

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
