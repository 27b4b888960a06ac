"""What each strategy makes of a group, and in which order: stages of lanes of waves.

`+1>a` is made in the place of `a`, out of routing; `(+1)` gets requests at once; `(-a)` goes without ending its work; `!` is a stage
without a way back, `?` one after which the app is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

import pytest

from entrypoint.fleet.extras import Cordoned
from entrypoint.fleet.marks import CORDON
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.run import AllowDestroy
from entrypoint.manifest.model import objects
from entrypoint.planning.desired import STANDBY_FOR
from entrypoint.planning.make import resume_record
from entrypoint.planning.model.plan import Plan, Stage
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Update,
    is_done,
)
from tests.unit.planning.kit import after, fleet, machine, plan, record_of, volume

WEB = '[processes]\nweb = "bin/web"\n'
TWO = f'{WEB}worker = "bin/worker"\n'
SERVED = f'{WEB}[[services]]\ninternal_port = 80\nprotocol = "tcp"\n'
PROXIED: dict[str, Any] = {"services": [{"protocol": "tcp", "internal_port": 80}]}
SINGLETON = "[groups.web]\nsingleton = true\n"
DRAIN = "[groups.web]\ndrain = true\n"
ASKS = '[verify]\nurl = "https://shop.example/up"\n'
A, B, C, W = machine("a"), machine("b"), machine("c"), machine("w", "worker")
GO = {"allow_destroy": AllowDestroy.ALL}


def name(step: Step) -> str:
    match step:
        case Create():
            place = f"+{step.slot.index}" + (f">{step.replaces}" if step.replaces else "")
            rests = " rests" * step.skip_launch + " then rests" * step.rests_after
            stands = f" for {step.standby_for.index}" if step.standby_for else ""
            text = (f"({place})" if step.routed else place) + rests + stands
        case Destroy():
            text = f"-{step.id}" if step.retire else f"(-{step.id})"
        case Route():
            text = f"route {step.machine.id if step.machine else step.slot and step.slot.index}"
        case Cordon():
            text = f"cordon {step.machine.id}"
        case Discard():
            text = f"discard {step.slot.index}"
        case Update():
            text = f"{step.machine.id}" + " drained" * step.drain
        case Start():
            text = f"start {step.machine.id}"
        case _:
            assert_never(step)
    return text + " done" * is_done(step)


def told(stage: Stage) -> str:
    lanes = [
        ", ".join(" + ".join(name(step) for step in wave.steps) for wave in lane.waves)
        for lane in stage.lanes
    ]
    return " | ".join(lanes) + " !" * stage.forward + " ?" * stage.asks


def planned(text: str, *machines: Machine, strategy: str = "", policy: str = "", **given: Any) -> Plan:
    chosen = f'[deploy]\nstrategy = "{strategy}"\n' if strategy else ""
    return plan(f"{chosen}{text}", *machines, policy_text=policy, **given)


def order(*of: Any, **given: Any) -> list[str]:
    made = planned(*of, **given)
    assert not made.blockers
    return [told(stage) for stage in made.stages]


@pytest.mark.parametrize(
    ("of", "given", "expected"),
    [
        ([WEB, A, B], {}, ["+1>a, +2>b", "route 1 + route 2", "cordon a + cordon b, -a + -b !"]),
        (
            [WEB, A, B],
            {"policy": ASKS},
            ["+1>a, +2>b", "route 1 + route 2", "cordon a + cordon b ?", "-a + -b !"],
        ),
        (
            [SERVED, machine("a", config=PROXIED), machine("b", state="stopped", config=PROXIED)],
            {},
            ["+1>a, +2>b rests", "route 1 + route 2", "cordon a + cordon b, -a + -b !"],
        ),
        (
            [SERVED, machine("a", state="stopped", config=PROXIED), machine("b", config=PROXIED)],
            {},
            ["+1>a rests, +2>b", "route 1 + route 2", "cordon a + cordon b, -a + -b !"],
        ),
        (
            [WEB, machine("a", state="stopped"), machine("b", state="stopped")],
            {},
            ["+1>a then rests, +2>b rests", "route 1 + route 2", "cordon a + cordon b, -a + -b !"],
        ),
        (
            [WEB, machine("a", cordoned=True), B],
            {},
            ["+1>a, +2>b", "route 2", "cordon a + cordon b, -a + -b !"],
        ),
        (
            [WEB, machine("b"), machine("a", state="stopped", config={"standbys": ["b"]})],
            {},
            ["+2>b, +1>a rests for 2", "route 2 + route 1", "cordon b + cordon a, -a + -b !"],
        ),
        (
            [WEB, machine("a", state="stopped"), machine("s", state="stopped", config={"standbys": ["a"]})],
            {},
            ["+1>a then rests, +2>s rests for 1", "route 1 + route 2", "cordon a + cordon s, -a + -s !"],
        ),
        (
            [WEB, machine("a", config={"schedule": "daily"}), B],
            {},
            ["+1>b", "a", "route 1", "cordon b, -b !"],
        ),
        (
            [WEB, A, B],
            {"scale": "web=3"},
            ["+1, +2>a + +3>b", "route 1 + route 2 + route 3", "cordon a + cordon b, -a + -b !"],
        ),
        ([WEB, A, B], {"scale": "web=1", **GO}, ["+1>b", "route 1", "cordon b, (-a) + -b !"]),
        ([WEB, A], {"policy": SINGLETON}, ["a"]),
        (
            [TWO, A, W],
            {"policy": SINGLETON.replace("web", "worker")},
            ["+1>a", "w", "route 1", "cordon a, -a !"],
        ),
        ([TWO, A], {"scale": "worker=1"}, ["(+1)", "+1>a", "route 1", "cordon a, -a !"]),
    ],
    ids=[
        "two",
        "the app is asked",
        "one rests",
        "the first rests",
        "all rest: one boots all the same",
        "one cordoned by hand",
        "a standby follows its primary",
        "a standby shows nothing",
        "a scheduled task must not run twice",
        "grows",
        "shrinks",
        "a singleton",
        "a singleton beside it",
        "a new group is routed at once",
    ],
)
def test_bluegreen(of: list[Any], given: dict[str, Any], expected: list[str]) -> None:
    assert order(*of, strategy="bluegreen", **given) == expected


@pytest.mark.parametrize(
    ("of", "given", "expected"),
    [
        ([WEB, A, B], {}, ["+0, discard 0", "a, b"]),
        ([WEB, A, B], {"scale": "web=3"}, ["+1, route 1", "a, b"]),
        ([WEB, A, B], {"scale": "web=4"}, ["+1, route 1", "(+2), a, b"]),
        ([WEB, A, B], {"scale": "web=1", **GO}, ["+0, discard 0", "b", "(-a)"]),
        ([TWO, A, W], {}, ["+0, discard 0 | +0, discard 0", "a | w"]),
        ([WEB, A], {"policy": SINGLETON}, ["a"]),
        ([WEB, machine("a", config={"schedule": "daily"})], {}, ["a"]),
        ([WEB, machine("a", config={"schedule": "daily"}), B], {}, ["+0, discard 0", "b, a"]),
        ([TWO, A], {"scale": "worker=1"}, ["+0, discard 0", "(+1)", "a"]),
        (
            [WEB, machine("a", host_status=HostStatus.UNREACHABLE), B],
            GO,
            ["+0, discard 0", "(+1>a), b", "(-a) !"],
        ),
    ],
    ids=[
        "two",
        "one is made anyway",
        "two are",
        "shrinks",
        "two groups",
        "a singleton",
        "a task",
        "a task beside others",
        "a new group has none",
        "one that takes another's place is none",
    ],
)
def test_canary(of: list[Any], given: dict[str, Any], expected: list[str]) -> None:
    assert order(*of, strategy="canary", **given) == expected


@pytest.mark.parametrize(
    ("regions", "where"),
    [(["ams", "fra"], "ams"), (["fra", "ams"], "ams"), (["fra", "cdg"], "cdg"), (["fra"], "fra")],
)
def test_a_canary__is_in_the_primary_region_where_machines_are_updated_there(
    regions: list[str], where: str
) -> None:
    machines = [machine(f"m{index}", region=region) for index, region in enumerate(regions)]
    made = planned(WEB, *machines, strategy="canary")
    assert [step.region for _, step in made.steps() if isinstance(step, Create | Discard)] == [where, where]


@pytest.mark.parametrize(("asked", "memory"), [("", 8192), ('[[vm]]\nmemory = "1gb"\n', 1024)])
def test_a_canary__has_the_size_that_fly_toml_sets_and_else_that_of_its_siblings(
    asked: str, memory: int
) -> None:
    size = {"cpu_kind": "performance", "cpus": 4, "memory_mb": 8192}
    made = planned(WEB + asked, machine("a", config={"guest": size}), B, strategy="canary")
    (canary,) = (step for _, step in made.steps() if isinstance(step, Create))
    (guest,) = objects([canary.config["guest"]])
    assert guest["memory_mb"] == memory


@pytest.mark.parametrize(
    ("of", "given", "expected"),
    [
        (
            [SERVED, machine("a", config=PROXIED), machine("b", state="stopped", config=PROXIED)],
            {"policy": DRAIN},
            ["a drained, b"],
        ),
        ([SERVED, machine("a", config=PROXIED)], {}, ["a"]),
        ([WEB, A], {"policy": DRAIN}, ["a"]),
        ([WEB, A, B, machine("c", state="stopped")], {"strategy": "immediate"}, ["a + b, c"]),
        ([SERVED, machine("a", config=PROXIED)], {"policy": DRAIN, "strategy": "immediate"}, ["a"]),
        ([WEB, A, B, C], {}, ["a, b, c"]),
    ],
    ids=["drain", "no drain", "nothing to drain", "immediate", "immediate does not drain", "rolling"],
)
def test_rolling_and_immediate(of: list[Any], given: dict[str, Any], expected: list[str]) -> None:
    assert order(*of, **given) == expected


def resumed(taken: int, *, strategy: str, change: Any = None, ids: tuple[str, ...] = ("a", "b")) -> list[str]:
    """The order of the plan made again after its first steps; `change` is made to each machine then."""
    live = fleet(*(machine(id_) for id_ in ids))
    made = planned(WEB, *live.machines, strategy=strategy)
    then = after(made, live, only=dict.fromkeys(range(taken)))
    machines = [change(m) if change else m for m in then.machines]
    again = planned(WEB, *machines, strategy=strategy, resume=resume_record(record_of(made)))
    assert again.digests.plan == made.digests.plan
    return [told(stage) for stage in again.stages]


GREEN, ROUTES = "+1>a done, +2>b done", "route 1 + route 2"


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (1, ["+1>a done, +2>b", ROUTES, "cordon a + cordon b, -a + -b !"]),
        (2, [GREEN, ROUTES, "cordon a + cordon b, -a + -b !"]),
        (4, [GREEN, "route 1 done + route 2 done", "cordon a + cordon b, -a + -b !"]),
        (5, [GREEN, "route 1 done + route 2 done", "cordon a done + cordon b, -a + -b !"]),
        (6, [GREEN, "route 1 done + route 2 done", "cordon a done + cordon b done, -a + -b !"]),
    ],
)
def test_bluegreen_that_was_interrupted(taken: int, expected: list[str]) -> None:
    assert [
        text.replace("route 1 done + route 2 done", ROUTES) for text in resumed(taken, strategy="bluegreen")
    ] == [text.replace("route 1 done + route 2 done", ROUTES) for text in expected]


def test_bluegreen_that_was_interrupted_between_mark_and_cordon__cordons() -> None:
    def routed(m: Machine) -> Machine:
        return replace(m, cordoned=False) if m.id == "a" else m

    assert resumed(6, strategy="bluegreen", change=routed)[-1] == "cordon a + cordon b done, -a + -b !"


def test_a_persons_cordon__is_not_taken_for_that_of_the_switch() -> None:
    live = fleet(machine("a", cordoned=True), B)
    made = planned(WEB, *live.machines, strategy="bluegreen")
    greens = after(made, live, only={0: None, 1: None})
    again = planned(WEB, *greens.machines, strategy="bluegreen", resume=resume_record(record_of(made)))
    assert [told(stage) for stage in again.stages] == [GREEN, "route 2", "cordon a + cordon b, -a + -b !"]


def test_a_mark_to_retire_without_a_new_machine__is_no_switch() -> None:
    metadata = {**A.metadata, CORDON: Cordoned.RETIRE.value}
    retiring = machine("a", cordoned=True, config={"metadata": metadata})
    assert order(WEB, retiring, B, strategy="bluegreen") == [
        "route a",
        "+1>a, +2>b",
        "route 1 + route 2",
        "cordon a + cordon b, -a + -b !",
    ]


def test_a_standby_that_is_as_planned__is_swapped_with_its_primary_only() -> None:
    standby = machine("s", state="stopped", config={"standbys": ["a"]})
    live = fleet(A, B, standby)
    done = {m.id: m for m in after(planned(WEB, *live.machines), live).machines}
    swapped = planned(WEB, A, done[B.id], done[standby.id], strategy="bluegreen")
    assert told(swapped.stages[0]) == "+1>a, +2>s rests for 1"
    assert [kept.machine.id for group in swapped.groups for kept in group.kept] == ["b"]
    assert order(WEB, done[A.id], B, done[standby.id], strategy="bluegreen")[0] == "+1>b"


def test_a_group_with_a_volume__has_no_canary() -> None:
    mount = {"volume": "v", "name": "data", "path": "/data"}
    mounted = machine("a", config={"mounts": [mount]})
    text = f'{WEB}[mounts]\nsource = "data"\ndestination = "/data"\n'
    assert order(text, mounted, strategy="canary", volumes=(volume("v", attached="a"),)) == ["a"]


def test_what_an_interrupted_deploy_cordoned__is_routed_before_the_canary() -> None:
    metadata = {**A.metadata, CORDON: Cordoned.DRAIN.value}
    cordoned = machine("a", cordoned=True, config={"metadata": metadata})
    assert order(WEB, cordoned, B, strategy="canary")[:2] == ["route a", "+0, discard 0"]


def cordoned(live: Machine, why: Cordoned) -> Machine:
    metadata = {**live.metadata, CORDON: why.value}
    return replace(live, config={**live.config, "metadata": metadata}, cordoned=True)


def back(made: Plan) -> tuple[str, bool, bool]:
    """How the one machine that an interrupted deploy cordoned comes back: its gate, `unproven` and `until_update`."""
    (route,) = (step for _, step in made.steps() if isinstance(step, Route) and step.machine)
    return route.gate.label, route.unproven, route.until_update


def test_what_an_interrupted_deploy_cordoned__comes_back_before_its_update_where_it_passes() -> None:
    resting = machine("a", state="stopped")
    for live, why, expected in [
        (A, Cordoned.DRAIN, ("stays stopped", False, False)),
        (A, Cordoned.UPDATED, ("boot", True, True)),
        (resting, Cordoned.UPDATED, ("stays stopped", True, True)),
    ]:
        assert back(planned(WEB, cordoned(live, why), B)) == expected
    swapped = planned(WEB, cordoned(A, Cordoned.MADE), B, strategy="bluegreen")
    assert back(swapped) == ("boot", True, True), "a swap is its update"


def test_what_an_interrupted_deploy_cordoned_and_updated__comes_back_where_it_passes() -> None:
    made = planned(WEB, A, B)
    updated = after(made, fleet(A, B), only={0: None}).machines
    live = [cordoned(m, Cordoned.UPDATED) if m.id == A.id else m for m in updated]
    assert back(planned(WEB, *live)) == ("boot", True, False), "another plan keeps it"
    again = planned(WEB, *live, resume=resume_record(record_of(made)))
    assert again.digests.plan == made.digests.plan
    assert back(again) == ("boot", True, False)


def test_a_new_standby__names_whom_it_stands_by_for_unless_that_one_is_new_too() -> None:
    env = {"FLY_PROCESS_GROUP": "web", "PRIMARY_REGION": "ams", STANDBY_FOR: "a"}
    standby = machine("s", state="stopped", config={"standbys": ["a"], "env": env})
    done = after(planned(WEB, A), fleet(A)).machines[0]
    for primary, named in ((A, []), (done, ["a"])):
        made = planned(WEB, primary, standby, strategy="bluegreen")
        (config,) = (s.config for _, s in made.steps() if isinstance(s, Create) and s.replaces == standby.id)
        assert config.get("standbys", []) == named
        assert (STANDBY_FOR in str(config["env"])) is bool(named)


def test_a_canary_that_was_interrupted__is_not_made_twice() -> None:
    assert resumed(1, strategy="canary") == ["+0 done, discard 0", "a, b"]
    assert resumed(3, strategy="canary")[-1] == "a done, b"


@pytest.mark.parametrize(("taken", "kept", "ahead"), [(1, 0, 2), (2, 0, 2), (3, 1, 1)])
def test_a_canary_that_stands_from_an_interrupted_run__is_counted_nowhere(
    taken: int, kept: int, ahead: int
) -> None:
    live = fleet(A, B)
    made = planned(WEB, *live.machines, strategy="canary")
    then = after(made, live, only=dict.fromkeys(range(taken))).machines
    again = planned(WEB, *then, strategy="canary", resume=resume_record(record_of(made)))
    (group,) = again.groups
    ((_, counts),) = group.regions
    assert (counts.keep, counts.update, counts.now, counts.after) == (kept, ahead, 2, 2)


def goes(taken: int, change: Any = None) -> set[str]:
    """What another plan takes away after the first steps of a swap of `a` and `b`: "old" machines, or "new" ones."""
    live = fleet(A, B)
    made = planned(WEB, *live.machines, strategy="bluegreen")
    then = after(made, live, only=dict.fromkeys(range(taken))).machines
    another = planned(f'{WEB}[env]\nNEXT = "1"\n', *(change(m) if change else m for m in then))
    gone = {step.id for _, step in another.steps() if isinstance(step, Destroy)}
    assert len(another.groups[0].kept) + len(list(another.steps())) >= 2
    return {"old" if id_ in {"a", "b"} else "new" for id_ in gone}


@pytest.mark.parametrize(
    ("taken", "expected"),
    [(1, {"new"}), (2, {"new"}), (3, {"new"}), (4, {"new"}), (5, {"old"}), (6, {"old"})],
)
def test_a_swap_that_was_interrupted__ends_on_its_side_of_the_switch(taken: int, expected: set[str]) -> None:
    """The switch is the first old machine that is marked to retire while a new one is in routing."""
    assert goes(taken) == expected


def test_an_old_machine_that_retires_while_no_new_one_is_routed__stays() -> None:
    assert goes(6, lambda m: m if m.id in {"a", "b"} else replace(m, cordoned=True)) == {"new"}


def test_a_new_machine_that_a_rollback_took_out_and_could_not_destroy__is_routed_when_its_plan_goes_on() -> (
    None
):
    made = planned(WEB, A, scale="web=2")
    created = after(made, fleet(A), only={0: None}).machines
    live = [cordoned(m, Cordoned.MADE) if m.id != A.id else m for m in created]
    again = planned(WEB, *live, scale="web=2", resume=resume_record(record_of(made)))
    assert again.digests.plan == made.digests.plan
    assert back(again) == ("boot", True, False)
