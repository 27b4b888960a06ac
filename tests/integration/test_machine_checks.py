"""`machine_checks`: a machine of its own tests each machine that was launched, once, and what it says counts."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy, Gate
from entrypoint.kernel.strategy import Strategy
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, as_recorded, make_bench, virtual
from tests.samples import some
from tests.severed import Fate, deploy_until_killed

TEST = "fly_app_test_machine_command"
CHECK = """
  [[http_service.machine_checks]]
    command = ["curl", "--fail", "http://[$FLY_TEST_MACHINE_IP]:8080/up"]
    image = "curlimages/curl"
"""
TESTED = MANIFEST.replace("  [[http_service.checks]]", f"{CHECK}\n  [[http_service.checks]]", 1)
WITHOUT_RELEASE = TESTED.replace('  release_command = "bin/migrate"\n', "")
WEB = sorted(machine["id"] for machine in FLEET["machines"] if machine["config"] == "web")


def made(bench: Bench) -> list[Any]:
    """Every machine that ever tested another, the gone ones included."""
    machines = bench.sim.world.apps["acme-shop"].machines.values()
    return [m for m in machines if m.config["metadata"].get("fly_process_group") == TEST]


def left(bench: Bench) -> list[str]:
    """Those that are still there."""
    return [
        id_ for id_, m in bench.machines().items() if m.config["metadata"].get("fly_process_group") == TEST
    ]


async def deploy(bench: Bench, **inputs: Any) -> Any:
    return await bench.deploy(**{"gate": Gate.NONE, "image": IMAGE, "wait_timeout": 60.0, **inputs})


async def make_plan(bench: Bench, **inputs: Any) -> Any:
    return await bench.plan(**inputs)


def failing(code: int) -> dict[str, Any]:
    return {"behaviours": [{"group": TEST, "task_exit_code": code}]}


def test_each_launched_machine_is_tested_once__at_its_address() -> None:
    bench = make_bench(manifest=TESTED)

    result = virtual(lambda: deploy(bench))

    assert result.outputs["result"] == "deployed"
    machines = bench.groups()["web"]
    tests = made(bench)
    assert sorted(t.config["env"]["FLY_TEST_MACHINE_IP"] for t in tests) == sorted(
        m.private_ip for m in machines
    )
    for test in tests:
        assert test.config["env"]["FLY_TEST_COMMAND"] == "1"
        assert test.config["image"] == "curlimages/curl"
        assert test.config["restart"] == {"policy": "no"}
        assert test.config["auto_destroy"] is True
        assert test.config["init"]["cmd"][0] == "curl"
    assert left(bench) == []
    assert bench.leases() == []


def test_one_that_ends_with_another_code__is_rolled_back__and_the_code_is_said() -> None:
    bench = make_bench(manifest=WITHOUT_RELEASE, faults=failing(3))
    before = as_recorded(bench)

    result = virtual(lambda: deploy(bench))

    assert result.exit_code is ExitCode.HALTED
    assert result.outputs["result"] == "rolled-back"
    assert as_recorded(bench) == before
    assert "ended with exit code 3" in "".join(bench.console.log)
    assert len(made(bench)) == 1
    assert left(bench) == []
    assert bench.leases() == []


def test_it_is_tested_when_it_is_healthy__and_the_next_wave_waits() -> None:
    bench = make_bench(
        manifest=WITHOUT_RELEASE, faults={"behaviours": [{"group": TEST, "task_seconds": 25.0}]}
    )

    assert virtual(lambda: deploy(bench)).outputs["result"] == "deployed"

    web = {m.id for m in bench.groups()["web"]}
    updated = [
        e.at for e in bench.sim.journal.entries if e.operation == "machine_update" and e.machine in web
    ]
    assert updated[1] - updated[0] > 25


def test_one_that_never_ends__fails_and_is_taken_away() -> None:
    bench = make_bench(
        manifest=WITHOUT_RELEASE, faults={"behaviours": [{"group": TEST, "task_seconds": 9999.0}]}
    )

    assert virtual(lambda: deploy(bench)).outputs["result"] == "rolled-back"
    assert "did not end within 60 s" in "".join(bench.console.log)
    assert left(bench) == []


def test_a_cancelled_run_takes_its_tests_away() -> None:
    bench = make_bench(
        manifest=WITHOUT_RELEASE, faults={"behaviours": [{"group": TEST, "task_seconds": 9999.0}]}
    )

    async def story() -> float:
        stop = anyio.Event()
        ended = 0.0
        async with anyio.create_task_group() as group:

            async def run() -> None:
                nonlocal ended
                result = await deploy(bench, stop=stop)
                ended = anyio.current_time()
                assert result.outputs["result"] == "cancelled"

            group.start_soon(run)
            while not left(bench):  # the simulator has no event for it
                await anyio.sleep(0.5)
            await anyio.sleep(5)
            stopped = anyio.current_time()
            stop.set()
        return ended - stopped

    assert virtual(story) < 7
    assert left(bench) == []
    assert bench.leases() == []


def test_the_api_refuses_the_machine__rolled_back() -> None:
    refuse = {"operation": "machine_create", "fault": "answer", "status": 422, "nth": 1, "times": 9}
    bench = make_bench(
        manifest=WITHOUT_RELEASE.replace('  mailer = "bin/mailer"\n', ""), faults={"rules": [refuse]}
    )
    before = as_recorded(bench)

    assert virtual(lambda: deploy(bench)).outputs["result"] == "rolled-back"
    assert as_recorded(bench) == before


def test_resting_machines_are_not_tested__nor_with_strategy_immediate() -> None:
    fleet = {
        **FLEET,
        "machines": [{**m, "state": "stopped"} if m["id"] == WEB[0] else m for m in FLEET["machines"]],
    }
    bench = make_bench(manifest=TESTED, fleet=fleet)
    assert virtual(lambda: deploy(bench)).outputs["result"] == "deployed"
    assert len(made(bench)) == len(WEB) - 1

    bench = make_bench(manifest=TESTED)
    assert virtual(lambda: deploy(bench, strategy=Strategy.IMMEDIATE)).outputs["result"] == "deployed"
    assert made(bench) == []
    virtual(lambda: make_plan(bench, strategy=Strategy.IMMEDIATE, image="registry.fly.io/acme-shop:v43"))
    said = bench.said()[-1].body + "".join(bench.console.summaries)
    assert "of `web` are not run" in said


def test_new_machines_are_tested_too() -> None:
    bench = make_bench(manifest=TESTED)
    inputs = {"scale": "web=4", "allow_destroy": AllowDestroy.NONE}
    assert virtual(lambda: deploy(bench, **inputs)).outputs["result"] == "deployed"
    assert len(made(bench)) == 4


def _requests(manifest: str) -> list[int]:
    """The requests of a deploy that have to do with tests, counted from its first."""
    bench = make_bench(manifest=manifest)
    virtual(bench.plan)
    begun = len(bench.sim.journal.entries)
    virtual(bench.deploy)
    ids = {test.id for test in made(bench)}
    entries = bench.sim.journal.entries[begun:]
    return [n for n, entry in enumerate(entries, start=1) if entry.machine in ids]


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("nth", some([2, 0, 4, 7], one_in=4))
def test_killed_while_it_tests__the_next_run_finds_the_machine(nth: int, executed: bool) -> None:
    bench = make_bench(manifest=TESTED)
    at = _requests(TESTED)[nth]

    async def story() -> Any:
        await bench.plan()
        assert await deploy_until_killed(bench, Fate(at=lambda seen, _: seen == at, executed=executed))
        rerun = await bench.deploy()
        log = bench.console.log
        await anyio.sleep(60)
        return rerun, log, await bench.plan()

    rerun, log, again = virtual(story)

    assert rerun.exit_code is ExitCode.DONE, "\n".join(log)
    assert again.outputs["result"] == "nothing-to-do"
    assert left(bench) == []
    assert bench.leases() == []


def test_a_machine_that_a_killed_run_left__is_taken_away_by_any_later_run() -> None:
    """Even by one of another plan, that tests nothing."""
    bench = make_bench(
        manifest=WITHOUT_RELEASE, faults={"behaviours": [{"group": TEST, "task_seconds": 9999.0}]}
    )
    at = _requests(WITHOUT_RELEASE)[2]

    async def story() -> Any:
        await bench.plan()
        assert await deploy_until_killed(bench, Fate(at=lambda seen, _: seen == at, executed=True))
        assert left(bench)
        bench.files["fly.toml"] = MANIFEST
        await bench.plan()
        return await bench.deploy()

    assert virtual(story).exit_code is ExitCode.DONE, "\n".join(bench.console.log)
    assert left(bench) == []
