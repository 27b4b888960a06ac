"""The order of effects: nothing before the preflight, one rollout at a time, and an end that says truly what was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest

from entrypoint.fleet.marks import DONE
from entrypoint.kernel.run import Gate
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, Recording, deploy_beside, make_bench, virtual

WEB = ("148ed21a031189", "1781960b5e2d89", "32873d4c126985")
WORKERS = ("4d891e2fb55368", "6e82994ea3d7e8")
LOCK = "flightplan-lock"
RELEASE = "fly_app_release_command"
QUIET = MANIFEST.replace('mailer = "bin/mailer"\n', "")
NO_RELEASE = QUIET.replace('release_command = "bin/migrate"', "")


def once(happened: Callable[[], bool], do: Callable[[], object]) -> Callable[[], Any]:
    async def watch() -> None:
        while not happened():
            await anyio.sleep(0.2)
        do()

    return watch


def said(bench: Bench) -> str:
    return "".join(bench.console.summaries)


def done(bench: Bench) -> list[str]:
    """What was done, in order: writes, release rows and leases, machines of one command by what they are for."""
    kinds = {
        "machine_create",
        "machine_update",
        "machine_start",
        "machine_destroy",
        "release_create",
        "lease_acquire",
    }
    machines = bench.sim.world.apps["acme-shop"].machines
    names = {id_: m.name for id_, m in machines.items()}
    return [
        f"{entry.operation} {names.get(entry.machine or '', '') or (entry.body or {}).get('name', '')}".strip()
        for entry in bench.sim.journal.entries
        if entry.operation in kinds and 200 <= (entry.status or 0) < 300
    ]


def changed(bench: Bench) -> list[str]:
    """The same without lock and leases."""
    return [line for line in done(bench) if LOCK not in line and not line.startswith("lease_acquire")]


def lock_machines(bench: Bench) -> list[Any]:
    return [m for m in bench.machines().values() if m.name == LOCK]


def test_with_a_release_command__lock_and_leases_row_command_writes() -> None:
    bench = make_bench(manifest=QUIET)
    assert deploy_beside(bench).outputs["result"] == "deployed", said(bench)
    order = done(bench)
    first = {
        word: next(i for i, line in enumerate(order) if word in line)
        for word in ("lease_acquire", "release_create", "machine_start release", "machine_update")
    }
    assert order.index(f"machine_create {LOCK}") < first["release_create"]
    assert list(first.values()) == sorted(first.values()), order
    assert order[-1] == f"machine_destroy {LOCK}"
    assert lock_machines(bench) == []


def test_the_lock__is_never_launched_and_nobody_counts_it_as_the_apps() -> None:
    bench = make_bench(manifest=QUIET)
    seen: list[tuple[str, Any]] = []

    async def watch() -> None:
        while True:
            await anyio.sleep(0.5)
            seen.extend((m.state, m) for m in lock_machines(bench))

    deploy_beside(bench, watch)
    assert seen
    assert {state for state, _ in seen} <= {"created", "stopped"}
    lock = seen[0][1]
    assert not any(key.startswith("fly_") for key in lock.config["metadata"])
    assert lock.config["image"].startswith(IMAGE)
    assert all(m.lease is None or m.lease.expires_at - bench.sim.world.now <= 120 for _, m in seen)


def test_without_a_release_command__the_leases_are_the_lock_and_come_before_the_row() -> None:
    bench = make_bench(manifest=NO_RELEASE)
    assert deploy_beside(bench).outputs["result"] == "deployed", said(bench)
    order = done(bench)
    assert not any(LOCK in line for line in order)
    assert max(i for i, line in enumerate(order) if "lease_acquire" in line) < order.index("release_create")


def test_a_first_deploy__has_the_lock() -> None:
    bench = make_bench(manifest=NO_RELEASE, fleet={**FLEET, "machines": [], "volumes": FLEET["volumes"]})
    assert deploy_beside(bench).outputs["result"] == "deployed", said(bench)
    assert done(bench)[0] == f"machine_create {LOCK}"
    assert lock_machines(bench) == []


@pytest.mark.parametrize("manifest", [QUIET, NO_RELEASE])
def test_a_foreign_lease__ends_it_before_anything_happens(manifest: str) -> None:
    bench = make_bench(manifest=manifest)
    result = deploy_beside(
        bench, first=lambda: bench.sim.act("lease", machine=WORKERS[0], owner="ann@example.com", ttl=400)
    )
    assert result.outputs["result"] == "halted"
    assert "example.com holds the lease on machine" in said(bench)
    assert "Nothing was written." in said(bench)
    assert changed(bench) == []
    assert bench.leases() == [WORKERS[0]]
    assert lock_machines(bench) == []


def test_a_foreign_lease_that_ends_soon__is_waited_for() -> None:
    bench = make_bench(manifest=QUIET)
    first = lambda: bench.sim.act("lease", machine=WORKERS[0], owner="ann@example.com", ttl=20)  # noqa: E731
    assert deploy_beside(bench, first=first).outputs["result"] == "deployed", said(bench)


def test_a_fleet_that_moved_since_the_plan__is_drift_before_anything_happens() -> None:
    bench = make_bench(
        manifest=QUIET,
        faults={
            "rules": [
                {
                    "operation": "machine_list",
                    "nth": 2,
                    "fault": "act",
                    "acts": [{"act": "update", "machine": WEB[0], "config": {"env": {"BY": "HAND"}}}],
                }
            ]
        },
    )
    result = deploy_beside(bench)
    assert result.outputs["result"] == "not-reviewed"
    assert "No machine was changed." in said(bench)
    assert changed(bench) == ["release_create"]
    assert bench.leases() == []
    assert lock_machines(bench) == []


def test_moved_while_the_release_command_ran__says_that_it_has_run() -> None:
    bench = make_bench(manifest=QUIET, faults={"behaviours": [{"group": RELEASE, "task_seconds": 20}]})
    patch = once(
        lambda: any(line.startswith("machine_start release") for line in done(bench)),
        lambda: bench.sim.act("update", machine=WEB[0], config={"env": {"BY": "HAND"}}),
    )
    result = deploy_beside(bench, patch)
    assert result.outputs["result"] == "not-reviewed"
    assert "the release command has run" in said(bench)
    assert "Nothing was written" not in said(bench)
    assert not any(line.startswith("machine_update") for line in done(bench))
    assert lock_machines(bench) == []


async def two(bench: Bench, *, wait: float = 0.0, **other: Any) -> list[tuple[str, str]]:
    """Two jobs of one app at once: how each ended, and what it said."""
    ends: list[tuple[str, str]] = []

    async def job(seconds: float, **inputs: Any) -> None:
        await anyio.sleep(seconds)
        world = bench.world()
        console = world.console
        assert isinstance(console, Recording)
        from entrypoint.kernel.run import Command
        from entrypoint.modes.deploy import deploy as mode
        from tests.bench import make_inputs, make_run

        result = await mode(
            make_inputs(**{"command": Command.DEPLOY, "gate": Gate.NONE, "wait_timeout": 45.0, **inputs}),
            make_run("push"),
            world,
        )
        ends.append((result.outputs["result"], "".join(console.summaries)))

    async with anyio.create_task_group() as group:
        group.start_soon(job, 0.0)
        group.start_soon(lambda: job(wait, **other))
    return ends


@pytest.mark.parametrize("wait", [0.0, 3.0])
def test_two_runs_at_once__migrate_once_and_the_second_finds_it_done_or_moved(wait: float) -> None:
    """The same commit: the second waits for the lock, and finds another fleet than it planned for. Nothing of it was written."""
    bench = make_bench(manifest=QUIET, faults={"behaviours": [{"group": RELEASE, "task_seconds": 5}]})
    ends = virtual(lambda: two(bench, wait=wait))
    assert sorted(end for end, _ in ends) == ["deployed", "not-reviewed"] or [end for end, _ in ends] == [
        "halted",
        "deployed",
    ], ends
    for end, text in ends:
        if end != "deployed":
            assert "Nothing was written." in text
    assert sum("machine_start release" in line for line in done(bench)) == 1
    assert lock_machines(bench) == []
    assert bench.leases() == []


def test_two_runs_without_a_release_command__wait_for_each_other_in_one_order() -> None:
    bench = make_bench(manifest=NO_RELEASE)
    ends = virtual(lambda: two(bench, wait=0.0, strategy="immediate"))
    assert "deployed" in [end for end, _ in ends], ends
    assert {end for end, _ in ends} <= {"deployed", "not-reviewed", "halted"}
    assert all("Nothing was written." in text for end, text in ends if end != "deployed")
    assert bench.leases() == []


def somebodys_lock(bench: Bench, *, ttl: int) -> Callable[[], object]:
    def make() -> None:
        bench.sim.act("clone", machine=WORKERS[0], name=LOCK)
        bench.sim.act("stop", machine=LOCK)
        (lock,) = lock_machines(bench)
        lock.versions[-1].config["metadata"] = {"flightplan_lock": "another"}
        bench.sim.act("lease", machine=LOCK, owner="ci@example.com", ttl=ttl)

    return make


def test_a_lock_whose_holder_is_gone__is_taken_over_when_its_lease_has_lapsed() -> None:
    bench = make_bench(manifest=QUIET)
    begun = bench.sim.world.now
    result = deploy_beside(bench, first=somebodys_lock(bench, ttl=25))
    assert result.outputs["result"] == "deployed", said(bench)
    assert bench.sim.world.now - begun > 25
    assert lock_machines(bench) == []


def test_a_lock_that_is_held__ends_it_with_nothing_written() -> None:
    bench = make_bench(manifest=QUIET)
    result = deploy_beside(bench, first=somebodys_lock(bench, ttl=400))
    assert result.outputs["result"] == "halted"
    assert "Another deploy of this app is under way" in said(bench)
    assert "Nothing was written." in said(bench)
    assert changed(bench) == []
    assert len(lock_machines(bench)) == 1
    assert bench.leases() == [lock_machines(bench)[0].id]


def test_a_run_that_finds_nothing_to_do__leaves_its_mark_before_it_waits_for_a_lock_that_is_held() -> None:
    """Whoever waits for the same lock must find the mark when it has it."""
    bench = make_bench(manifest=QUIET)
    found: list[set[str]] = []

    async def story() -> None:
        await bench.deploy(gate=Gate.NONE, wait_timeout=45.0)
        bench.files["notes.txt"] = "of no matter to Fly"
        bench.push()
        await anyio.sleep(60)
        somebodys_lock(bench, ttl=25)()
        before = done_marks(bench)
        async with anyio.create_task_group() as group:
            group.start_soon(partial(bench.deploy, gate=Gate.NONE))
            await anyio.sleep(5)
            found.extend([before, done_marks(bench)])
            assert lock_machines(bench)

    virtual(story)
    assert found[0] != found[1]


def done_marks(bench: Bench) -> set[str]:
    return {mark for m in bench.machines().values() if (mark := m.metadata.get(DONE))}


def test_a_newer_commit_proven_green_while_waiting_for_the_lock__is_not_gone_behind() -> None:
    """A revert that finds nothing to do writes its mark only, and takes no lock."""
    bench = make_bench(manifest=QUIET)
    ends: dict[str, str] = {}

    async def story() -> str:
        await bench.deploy(gate=Gate.NONE, wait_timeout=45.0)
        bench.files["fly.toml"] = QUIET.replace("--threads 8", "--threads 9")
        bench.push()
        change = bench.github.world.branches["main"].sha
        await anyio.sleep(60)  # the first run's lock is gone
        somebodys_lock(bench, ttl=25)()

        async def forwards() -> None:
            result = await bench.deploy_commit(change, gate=Gate.NONE, wait_timeout=45.0)
            ends["forwards"] = result.outputs["result"]

        async with anyio.create_task_group() as group:
            group.start_soon(forwards)
            await anyio.sleep(5)
            console = bench.console
            bench.files["fly.toml"] = QUIET
            back = await bench.deploy(gate=Gate.NONE, wait_timeout=45.0)
            ends["back"] = back.outputs["result"]
        return "".join(console.summaries)

    text = virtual(story)
    assert ends == {"back": "nothing-to-do", "forwards": "not-reviewed"}, text
    assert "was marked by another deploy" in text
    assert "Nothing was written." in text
    web = [m for m in bench.machines().values() if m.id in WEB]
    assert all(m.config["init"]["cmd"] == ["bin/web", "--threads", "8"] for m in web)


def test_cancelled__deletes_the_lock() -> None:
    bench = make_bench(manifest=QUIET, faults={"behaviours": [{"group": RELEASE, "task_seconds": 60}]})
    stop = anyio.Event()
    begun = once(lambda: any("machine_start release" in line for line in done(bench)), stop.set)
    assert deploy_beside(bench, begun, stop=stop).outputs["result"] == "cancelled"
    assert lock_machines(bench) == []
    assert bench.leases() == []


AUTOSTOP = NO_RELEASE.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"')


def test_machines_that_the_proxy_may_have_to_start__are_leased_for_their_wave_only() -> None:
    fleet = json.loads(json.dumps(FLEET).replace('"autostop": false', '"autostop": true'))
    bench = make_bench(manifest=AUTOSTOP, fleet=fleet)
    held: list[set[str]] = []

    async def watch() -> None:
        while True:
            await anyio.sleep(0.5)
            held.append(set(bench.leases()))

    result = deploy_beside(bench, watch, max_unavailable=1.0)
    assert result.outputs["result"] == "deployed", said(bench)
    assert max(len(leases & set(WEB)) for leases in held) == 1
    assert any(leases >= set(WORKERS) for leases in held)
    assert bench.leases() == []


def test_an_autostop_machine_changed_before_its_wave__is_left_and_the_rest_put_back() -> None:
    fleet = json.loads(json.dumps(FLEET).replace('"autostop": false', '"autostop": true'))
    bench = make_bench(manifest=AUTOSTOP, fleet=fleet)
    patch = once(
        lambda: any(w.endswith(WEB[0]) for w in bench.writes()),
        lambda: bench.sim.act("update", machine=WEB[2], config={"env": {"BY": "HAND"}}),
    )
    result = deploy_beside(bench, patch, max_unavailable=1.0)
    assert result.outputs["result"] == "rolled-back", said(bench)
    assert bench.machines()[WEB[2]].config["env"]["BY"] == "HAND"
    assert bench.leases() == []
