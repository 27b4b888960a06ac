"""machine_checks: the machines that flyctl tests with, and ours, of the same file and fleet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import make_bench, virtual
from tests.contract.flyctl.running import Ended, Flyctl
from tests.contract.flyctl.test_stories import NEW, TWO_GROUP_FLEET, TWO_GROUPS
from tests.simulator.thread import run_simulator_here

pytestmark = pytest.mark.flyctl

TEST = "fly_app_test_machine_command"
FLEET = {**TWO_GROUP_FLEET, "timing": {"destroyed_visible": 86_400}}
CHECK = '  [[http_service.machine_checks]]\n    command = ["bin/smoke", "--fast"]\n    entrypoint = ["/bin/sh", "-c"]\n'
TOML = TWO_GROUPS.replace("  [[http_service.checks]]", f"{CHECK}  [[http_service.checks]]", 1).replace(
    '  release_command = "bin/migrate"\n', ""
)
FAILS = {"group": TEST, "task_exit_code": 3}


def machines_that_test(machines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [m["config"] for m in machines if m["config"]["metadata"].get("fly_process_group") == TEST]


def outline(config: dict[str, Any]) -> dict[str, Any]:
    """What must be alike: marks, release records and the address of the tested machine aside."""
    metadata = {
        key: value
        for key, value in config["metadata"].items()
        if not key.startswith(("flightplan_", "fly_release", "fly_flyctl"))
    }
    env = {key: value for key, value in config["env"].items() if key != "FLY_TEST_MACHINE_IP"}
    kept = {key: value for key, value in config.items() if value not in (None, {}, [])}
    return {**kept, "metadata": metadata, "env": env, "image": config["image"].partition("@")[0]}


def by_flyctl(program: Path, folder: Path, *, faults: dict[str, Any] | None = None) -> tuple[Ended, Any, Any]:
    """How it ended, the tests, and the machines."""
    with run_simulator_here(FLEET, faults=faults, speed=20.0) as simulator:
        flyctl = Flyctl(program=program, folder=folder, simulator=simulator)
        ended = flyctl.deploy(TOML)
        assert simulator.violations() == []
        return ended, machines_that_test(simulator.app()["machines"]), flyctl.fleet()["machines"]


def by_us(*, faults: dict[str, Any] | None = None) -> tuple[str, list[dict[str, Any]]]:
    """The result, and the tests."""
    bench = make_bench(manifest=TOML, fleet=FLEET, faults=faults)
    result = virtual(lambda: bench.deploy(gate=Gate.NONE, image=NEW))
    machines = bench.sim.world.apps["acme-shop"].machines.values()
    return result.outputs["result"], machines_that_test([{"config": m.config} for m in machines])


def test_the_same_machines_test_the_web_machines(program: Path, tmp_path: Path) -> None:
    """Ours test the three that have the service. flyctl does too: this service names its group."""
    ended, theirs, _ = by_flyctl(program, tmp_path)
    result, ours = by_us()
    assert (ended.code, result) == (0, "deployed")
    assert len(theirs) == len(ours) == 3
    assert [outline(config) for config in ours] == [outline(theirs[0])] * 3
    assert {config["env"]["FLY_TEST_MACHINE_IP"] for config in theirs} == {
        config["env"]["FLY_TEST_MACHINE_IP"] for config in ours
    }


def test_one_that_fails__leaves_flyctl_half_way__and_us_as_before(program: Path, tmp_path: Path) -> None:
    ended, theirs, machines = by_flyctl(program, tmp_path, faults={"behaviours": [FAILS]})
    result, ours = by_us(faults={"behaviours": [FAILS]})
    assert ended.code != 0
    assert len(theirs) == len(ours) == 1
    assert any(m["config"]["image"] == NEW for m in machines)
    assert result == "rolled-back"
