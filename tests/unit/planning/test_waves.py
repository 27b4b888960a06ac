"""In which order, and how many at a time."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import BootWatch, FirstProof, LockKind, Plan
from entrypoint.planning.model.steps import Create, Destroy, Update
from tests.unit.planning.kit import machine, plan

TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'


def order(made: Plan) -> list[dict[str, list[list[str]]]]:
    """Stages of lanes of waves, by name."""
    return [
        {lane.group: [[name(step) for step in wave.steps] for wave in lane.waves] for lane in stage.lanes}
        for stage in made.stages
    ]


def name(step: Any) -> str:
    match step:
        case Create():
            return f"+{step.slot.index}"
        case Destroy():
            return f"-{step.id}"
        case _:
            return str(step.machine.id)


@pytest.mark.parametrize(
    ("count", "asked", "widths"),
    [
        (1, "0.33", [1]),
        (2, "0.33", [1, 1]),
        (3, "0.33", [1, 1, 1]),
        (4, "0.33", [1, 2, 1]),
        (7, "0.33", [1, 3, 3]),
        (10, "0.33", [1, 4, 4, 1]),
        (4, "2", [1, 2, 1]),
        (4, "2.9", [1, 2, 1]),
        (4, "1.0", [1, 1, 1, 1]),
        (4, "0.9", [1, 3]),
    ],
)
def test_one_alone__then_flyctls_pool(count: int, asked: str, widths: list[int]) -> None:
    fleet = [machine(f"m{index}") for index in range(count)]
    made = plan(f'[deploy]\nmax_unavailable = {asked}\n[processes]\nweb = "bin/web"\n', *fleet)
    (stage,) = made.stages
    assert [len(wave.steps) for wave in stage.lanes[0].waves] == widths


def test_precedence__input_over_policy_over_fly_toml_over_default() -> None:
    fleet = [machine(f"m{index}") for index in range(10)]
    text = '[deploy]\nmax_unavailable = 2\n[processes]\nweb = "bin/web"\n'
    policy = "[groups.web]\nmax_unavailable = 3\n"

    def width(*args: str, **inputs: Any) -> int:
        return plan(args[0], *fleet, policy_text=args[1], **inputs).groups[0].width

    assert width(text, policy, max_unavailable=5.0) == 5
    assert width(text, policy) == 3
    assert width(text, "") == 2
    assert width('[processes]\nweb = "bin/web"\n', "") == 4


def test_new_groups_first__then_the_others_side_by_side_and_destroying_last() -> None:
    made = plan(
        TWO + 'mailer = "x"\n',
        machine("a"),
        machine("b"),
        machine("c", "worker"),
        machine("d", "gone"),
        allow_destroy=AllowDestroy.ALL,
    )
    assert order(made) == [
        {"mailer": [["+1"], ["+2"]]},
        {"web": [["a"], ["b"]], "worker": [["c"]]},
        {"gone": [["-d"]]},
    ]
    numbers = [wave.number for stage in made.stages for lane in stage.lanes for wave in lane.waves]
    assert numbers == [1, 2, 3, 4, 3, 5]


def test_the_order_of_the_policy__is_kept_and_the_unnamed_follow() -> None:
    text = TWO + 'cron = "bin/cron"\n'
    fleet = (machine("a"), machine("b", "worker"), machine("c", "cron"))
    made = plan(text, *fleet, policy_text='[rollout]\norder = [["worker"], ["cron"]]\n')
    assert [list(stage) for stage in order(made)] == [["worker"], ["cron"], ["web"]]
    made = plan(text, *fleet[:2], policy_text='[rollout]\norder = [["worker"], ["cron"]]\n')
    assert [list(stage) for stage in order(made)] == [["worker"], ["cron"], ["web"]], "a new group too"
    made = plan(text, *fleet[:2], policy_text='[rollout]\norder = [["worker"], ["web"]]\n')
    assert [list(stage) for stage in order(made)] == [["cron"], ["worker"], ["web"]], "an unnamed new one"


def test_what_rests__rides_along_after_the_first_that_runs() -> None:
    fleet = [machine("a"), machine("b"), *(machine(f"s{index}", state="stopped") for index in range(32))]
    waves = order(plan('[processes]\nweb = "bin/web"\n', *fleet))[0]["web"]
    assert waves[0] == ["a"]
    assert waves[1][0] == "b"
    assert [len(wave) for wave in waves] == [1, 31, 2]
    only = order(plan('[processes]\nweb = "bin/web"\n', *fleet[2:]))[0]["web"]
    assert [len(wave) for wave in only] == [30, 2]


def test_immediate__takes_all_at_once() -> None:
    made = plan(TWO, machine("a"), machine("b"), machine("c", "worker"), strategy=Strategy.IMMEDIATE)
    assert order(made) == [{"web": [["a", "b"]], "worker": [["c"]]}]
    said = {finding.message for finding in made.findings}
    assert "`web` is down while it restarts: all 2 machines are updated at once, about 15 s." in said


def test_growing__comes_before_the_roll_of_the_same_group() -> None:
    made = plan(TWO, machine("a"), machine("c", "worker"), scale="web=4")
    assert order(made)[0]["web"] == [["+1"], ["+2", "+3"], ["a"]]


def lock(made: Plan) -> str:
    return made.lock.value


RELEASE = '[deploy]\nrelease_command = "bin/migrate"\n'
AUTOSTART: dict[str, Any] = {"services": [{"internal_port": 80, "autostop": True, "autostart": True}]}


def test_the_lock__is_the_leases_where_some_last_and_nothing_runs_before_them() -> None:
    web = '[processes]\nweb = "bin/web"\n'
    assert lock(plan(web, machine("a"))) == "leases"
    assert lock(plan(RELEASE + web, machine("a"))) == "machine"
    assert lock(plan(web, status="pending")) == "machine"
    assert lock(plan(web, machine("a", config=AUTOSTART))) == "machine", "leased for its wave only"
    assert lock(plan(web, machine("a", config=AUTOSTART), machine("b"))) == "leases"


@pytest.mark.parametrize(
    ("service", "state", "span"),
    [
        ({"autostop": True, "autostart": True}, "started", "wave"),
        ({"autostop": False, "autostart": True}, "stopped", "wave"),
        ({"autostop": False, "autostart": True}, "started", "rollout"),
        ({"autostop": True, "autostart": False}, "stopped", "rollout"),
        ({"autostop": True}, "stopped", "rollout"),
    ],
)
def test_a_machine_that_the_proxy_may_have_to_start__is_leased_for_its_wave(
    service: dict[str, Any], state: str, span: str
) -> None:
    made = plan('[processes]\nweb = "bin/web"\n', machine("a", state=state, config={"services": [service]}))
    (step,) = (step for _, step in made.steps())
    assert isinstance(step, Update)
    assert step.lease.value == span


def test_who_goes_first_and_what_a_boot_watch_holds__is_data_of_the_plan() -> None:
    fleet = [machine(f"m{index}") for index in range(4)]
    web = '[processes]\nweb = "bin/web"\n'
    (lane,) = plan(web, *fleet).stages[0].lanes
    assert lane.first_proof is FirstProof.FIRST_RUNNING
    assert [wave.boot_watch for wave in lane.waves] == [BootWatch.HOLDS, BootWatch.BESIDE, BootWatch.BESIDE]
    (lane,) = plan(web, *fleet, strategy=Strategy.IMMEDIATE).stages[0].lanes
    assert lane.first_proof is FirstProof.NOBODY
    assert len(lane.waves) == 1


@pytest.mark.parametrize(
    ("text", "machines", "lock"),
    [
        (TWO, [machine("a"), machine("w", "worker")], LockKind.LEASES),
        (TWO, [machine("a")], LockKind.LEASES),
        (TWO, [], LockKind.MACHINE),
        (f'[deploy]\nrelease_command = "bin/migrate"\n{TWO}', [machine("a")], LockKind.MACHINE),
        (f'[deploy]\nrelease_command = "bin/migrate"\n{TWO}', [], LockKind.MACHINE),
    ],
    ids=["updates", "an update and a create", "creates", "release command", "release command and creates"],
)
def test_the_lock__is_leases_where_one_is_held_throughout(
    text: str, machines: list[Any], lock: LockKind
) -> None:
    assert plan(text, *machines).lock is lock
