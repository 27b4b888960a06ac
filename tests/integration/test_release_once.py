"""A release command runs once per commit: not again after a success, again after a failure, and again for the same plan in another commit."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import Command, Gate
from entrypoint.modes.deploy import deploy as deploy_command
from entrypoint.rollout import task_machine
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, make_bench, make_inputs, make_run, virtual
from tests.severed import killed_after
from tests.shop import make_shop

RELEASE = "fly_app_release_command"
WITHOUT_MAILER = MANIFEST.replace('mailer = "bin/mailer"\n', "")
REMEMBERS = {**FLEET, "timing": {"destroyed_visible": 86400}}
"""The release machines of earlier deploys are still shown, with how they ended."""
OLD = "registry.fly.io/acme-shop:v41"


def runs(bench: Bench) -> int:
    """How often a release command was started."""
    release = releases(bench)
    return sum(w.startswith("machine_start") and w.split()[1] in release for w in bench.writes())


def releases(bench: Bench) -> set[str]:
    """The machines of release commands."""
    machines = bench.sim.world.apps["acme-shop"].machines
    return {id_ for id_, m in machines.items() if m.config["metadata"].get("fly_process_group") == RELEASE}


def commit(bench: Bench, code: str) -> None:
    """The next job is of a new commit on main, which changes code only."""
    bench.files["app.py"] = code


async def deploy(bench: Bench, image: str = IMAGE, **inputs: Any) -> str:
    result = await bench.deploy(gate=Gate.NONE, image=image, **{"wait_timeout": 45.0, **inputs})
    return result.outputs["result"]


async def deploy_from_laptop(bench: Bench, image: str) -> str:
    """Without a commit."""
    inputs = make_inputs(command=Command.DEPLOY, gate=Gate.NONE, image=image, wait_timeout=45.0)
    result = await deploy_command(inputs, make_run("push")._replace(sha=""), bench.world())
    return str(result.outputs["result"])


def never(group: str) -> dict[str, Any]:
    return {"image": "*:v42*", "group": group, "checks": "never"}


def test_the_same_plan_after_a_revert__runs_it_again() -> None:
    bench = make_bench(manifest=WITHOUT_MAILER, fleet=REMEMBERS)

    async def story() -> list[tuple[str, int]]:
        found = []
        for sha, image in (("a", OLD), ("b", IMAGE), ("c", OLD), ("d", IMAGE)):
            commit(bench, sha)
            found.append((await deploy(bench, image), runs(bench)))
        return found

    assert virtual(story) == [("deployed", 1), ("deployed", 2), ("deployed", 3), ("deployed", 4)]


def test_bluegreen_that_ends_before_it_has_made_anything__remembers_the_success() -> None:
    """Every machine goes in the end, and one holds the mark until then (simulated, seed 1235)."""
    refused = {"operation": "volume_list", "nth": 3, "fault": "answer", "status": 422}
    bench = make_shop("bluegreen", release=True, faults={"rules": [refused]})

    async def story() -> tuple[str, str]:
        first = await deploy(bench)
        await anyio.sleep(120)
        return first, await deploy(bench)

    assert virtual(story) == ("halted", "deployed")
    assert runs(bench) == 1


def test_a_rerun_of_a_commit_whose_rollout_failed__does_not_repeat_a_success() -> None:
    """Rolled back: the machines are as they were, and the migration has run all the same. Two minutes later no trace of its machine is left."""
    bench = make_bench(manifest=WITHOUT_MAILER, faults={"behaviours": [never("web")]})
    commit(bench, "a")

    async def story() -> tuple[str, str]:
        first = await deploy(bench)
        bench.sim.world.behaviours.clear()
        await anyio.sleep(120)
        return first, await deploy(bench)

    assert virtual(story) == ("rolled-back", "deployed")
    assert runs(bench) == 1
    assert "it succeeded for this deploy before" in "".join(bench.console.log)


def test_a_failure__runs_again() -> None:
    bench = make_bench(faults={"behaviours": [{"group": RELEASE, "task_exit_code": 3, "task_seconds": 1}]})
    commit(bench, "a")

    async def story() -> tuple[str, str]:
        first = await deploy(bench)
        bench.sim.world.behaviours.clear()
        return first, await deploy(bench)

    assert virtual(story) == ("halted", "deployed")
    assert runs(bench) == 2


def test_where_nothing_is_written_but_a_machine_goes__the_success_is_kept_on_one_that_stays() -> None:
    fleet = json.loads(json.dumps(FLEET))
    manifest = WITHOUT_MAILER.replace("--threads 8", "").replace("bin/web ", "bin/web")
    refused = {
        "operation": "machine_destroy",
        "machine": "148*",
        "nth": 1,
        "times": 1,
        "fault": "answer",
        "status": 400,
    }
    refuse_all = [{**refused, "machine": machine["id"]} for machine in fleet["machines"]]
    bench = make_bench(manifest=manifest, fleet=fleet, faults={"rules": refuse_all})
    commit(bench, "a")

    async def story() -> tuple[str, str]:
        from entrypoint.kernel.run import AllowDestroy

        inputs: dict[str, Any] = {"image": None, "scale": "web=2", "allow_destroy": AllowDestroy.SURPLUS}
        first = await deploy(bench, **inputs)
        bench.sim.rules.clear()
        await anyio.sleep(120)
        return first, await deploy(bench, **inputs)

    first, second = virtual(story)
    assert (first, second) == ("halted", "deployed")
    assert runs(bench) == 1


def test_on_a_laptop__once_per_plan_and_base() -> None:
    bench = make_bench(manifest=WITHOUT_MAILER, fleet=REMEMBERS)

    async def story() -> list[tuple[str, int]]:
        return [(await deploy_from_laptop(bench, image), runs(bench)) for image in (OLD, IMAGE, OLD, IMAGE)]

    assert virtual(story) == [("deployed", 1), ("deployed", 2), ("deployed", 3), ("deployed", 4)]


def test_two_config_files_of_one_app__each_have_their_own() -> None:
    bench = make_bench(manifest=WITHOUT_MAILER)
    bench.files["fly.other.toml"] = WITHOUT_MAILER.replace("--threads 8", "--threads 9")
    commit(bench, "a")

    async def story() -> tuple[str, str]:
        return await deploy(bench), await deploy(bench, config="fly.other.toml")

    assert virtual(story) == ("deployed", "deployed")
    assert runs(bench) == 2


def test_a_start_that_is_refused_while_the_machine_is_prepared__is_asked_for_again() -> None:
    refusal = {"error": "unable to start machine from current state: 'created'"}
    rule = {
        "operation": "machine_start",
        "group": RELEASE,
        "nth": 1,
        "times": 2,
        "fault": "answer",
        "status": 422,
        "body": refusal,
    }
    bench = make_bench(manifest=WITHOUT_MAILER, faults={"rules": [rule]})
    assert virtual(lambda: deploy(bench)) == "deployed"
    assert runs(bench) == 1


def test_a_start_that_is_refused_where_the_machine_rests_for_good__ends_in_its_own_words_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked for again for a while, and not for ever."""
    monkeypatch.setattr(task_machine, "_SETTLE_WITHIN", 20.0)
    rule = {
        "operation": "machine_start",
        "group": RELEASE,
        "nth": 1,
        "times": 10_000,
        "fault": "answer",
        "status": 422,
        "body": {"error": "no such kernel"},
    }
    bench = make_bench(manifest=WITHOUT_MAILER, faults={"rules": [rule]})

    async def story() -> tuple[str, float]:
        begun = anyio.current_time()
        with anyio.fail_after(3600):
            return await deploy(bench), anyio.current_time() - begun

    result, took = virtual(story)
    assert (result, runs(bench)) == ("halted", 0)
    assert 20 < took < 60
    assert "no such kernel" in "".join(bench.console.log)


@pytest.mark.parametrize("visible", [5.0, 30.0, 60.0])
def test_killed_while_it_runs_and_run_again_at_once__it_is_seen_to_end_before_fly_forgets_its_machine(
    visible: float,
) -> None:
    """The rerun waits for the killed run's leases longer than the machine is shown."""
    bench = make_bench(fleet={**FLEET, "timing": {"destroyed_visible": visible}})

    async def story() -> str:
        await killed_after(bench, "start", 1, gate=Gate.NONE, image=IMAGE)
        return await deploy(bench)

    assert virtual(story) == "deployed", bench.console.log
    assert runs(bench) == 1


@pytest.mark.parametrize("held", [{3, 6}, {4, 7}])
def test_a_look_at_it_is_one_wait_and_one_read__and_how_it_ended_is_read_only_once(held: set[int]) -> None:
    """Fly holds two reads and their repetitions, and has forgotten the machine after the second (simulated, seed 100017840)."""
    slow = {"operation": "machine_get", "times": 2, "fault": "slow", "delay_after": 120.0}
    bench = make_bench(
        fleet={**FLEET, "timing": {"destroyed_visible": 70}},
        faults={
            "rules": [{**slow, "nth": nth} for nth in held],
            "behaviours": [{"group": RELEASE, "task_seconds": 3}],
        },
    )
    commit(bench, "a")
    assert virtual(lambda: deploy(bench)) == "deployed", "\n".join(bench.console.log)
    (release,) = releases(bench)
    asked = Counter(e.operation for e in bench.sim.journal.entries if e.machine == release)
    assert asked["machine_get"] <= asked["machine_wait"] + 2, asked  # two were held


def test_killed_while_it_runs_and_it_fails__the_rerun_runs_it_again() -> None:
    fails = {"image": "*:v42*", "group": RELEASE, "task_exit_code": 3}
    bench = make_bench(fleet={**FLEET, "timing": {"destroyed_visible": 5.0}}, faults={"behaviours": [fails]})

    async def story() -> str:
        await killed_after(bench, "start", 1, gate=Gate.NONE, image=IMAGE)
        await anyio.sleep(20)
        bench.sim.world.behaviours.clear()
        return await deploy(bench)

    assert virtual(story) == "deployed", bench.console.log
    assert runs(bench) == 2
