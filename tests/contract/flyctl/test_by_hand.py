"""What people do to a fleet by hand with flyctl: scale, clone, move to another group, secrets, volumes. It works on the simulator as on Fly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.flyctl.running import Flyctl
from tests.contract.flyctl.test_stories import FLEET
from tests.simulator.thread import run_simulator_here

pytestmark = pytest.mark.flyctl

WEB, WORKER = "148ed21a031189", "4d891e2fb55368"


@pytest.fixture
def flyctl(program: Path, tmp_path: Path) -> Iterator[Flyctl]:
    with run_simulator_here(FLEET, speed=50.0) as simulator:
        yield Flyctl(program=program, folder=tmp_path, simulator=simulator)
        assert simulator.violations() == []


def do(flyctl: Flyctl, *words: str) -> str:
    """Run a command, which must succeed; what it said."""
    ended = flyctl.run(*words, "--app", "acme-shop")
    assert ended.code == 0, ended
    return ended.said


def machines(flyctl: Flyctl, group: str) -> list[dict[str, Any]]:
    return [m for m in flyctl.fleet()["machines"] if m["group"] == group]


def comes_to(flyctl: Flyctl, machine: str, state: str) -> bool:
    """Whether the machine is in the state before long: flyctl does not wait after every command."""
    for _ in range(100):
        if any(m["id"] == machine and m["state"] == state for m in flyctl.fleet()["machines"]):
            return True
        time.sleep(0.05)
    return False


def test_scaling_cloning_and_moving_to_another_group(flyctl: Flyctl) -> None:
    do(flyctl, "scale", "count", "web=4", "worker=1", "--yes")
    assert (len(machines(flyctl, "web")), len(machines(flyctl, "worker"))) == (4, 1)
    do(flyctl, "machine", "clone", WEB, "--region", "gru")
    assert sorted(m["region"] for m in machines(flyctl, "web")) == ["ams", "ams", "ams", "gru", "gru"]
    (worker,) = machines(flyctl, "worker")
    do(flyctl, "machine", "update", worker["id"], "--metadata", "fly_process_group=web", "--yes")
    assert len(machines(flyctl, "web")) == 6
    do(flyctl, "scale", "vm", "shared-cpu-2x", "--process-group", "cron")
    assert [m["config"]["guest"]["cpus"] for m in machines(flyctl, "cron")] == [2]


def test_stopping_starting_cordoning_and_destroying(flyctl: Flyctl) -> None:
    for words, state in (
        ("stop", "stopped"),
        ("start", "started"),
        ("restart", "started"),
        ("suspend", "suspended"),
    ):
        do(flyctl, "machine", words, WEB)
        assert comes_to(flyctl, WEB, state)
    do(flyctl, "machine", "cordon", WORKER)
    assert [m["cordoned"] for m in machines(flyctl, "worker")] == [True, False]
    do(flyctl, "machine", "uncordon", WORKER)
    assert not any(m["cordoned"] for m in machines(flyctl, "worker"))
    do(flyctl, "machine", "destroy", WEB, "--force")
    assert WEB not in {m["id"] for m in machines(flyctl, "web")}


def test_secrets_volumes_and_addresses(flyctl: Flyctl) -> None:
    do(flyctl, "secrets", "set", "ONE=1", "--stage")
    assert "ONE" in do(flyctl, "secrets", "list")
    do(flyctl, "secrets", "unset", "ONE", "--stage")
    assert "ONE" not in do(flyctl, "secrets", "list")
    do(flyctl, "volumes", "create", "data", "--region", "ams", "--size", "2", "--yes")
    do(flyctl, "volumes", "extend", "vol_4xj2k9w8m5r7q1zd", "--size", "3", "--yes")
    assert sorted(volume["size_gb"] for volume in flyctl.fleet()["volumes"]) == [2, 3]
    assert "v6" not in do(flyctl, "ips", "list")


def test_flyctl_shows_the_app_its_releases_and_volumes(flyctl: Flyctl) -> None:
    for words, shown in (
        (("status",), WEB),
        (("releases",), "v41"),
        (("volumes", "list"), "vol_4xj2k9w8m5r7q1zd"),
        (("checks", "list"), "servicecheck-00-http-8080"),
        (("scale", "show"), "worker"),
        (("config", "show"), "bin/worker --queue default"),
        (("secrets", "list"), "DATABASE_URL"),
    ):
        assert shown in do(flyctl, *words)
