"""How many machines, and where."""

from __future__ import annotations

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import normal_config
from entrypoint.kernel.ids import GroupName, MachineId, Region, Version
from entrypoint.planning.model.steps import Destroy
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.targets import target_live_group, target_new_group
from tests.unit.planning.kit import machine, plan

WEB = GroupName("web")
AMS, GRU, IAD = Region("ams"), Region("gru"), Region("iad")


def seen(id_: str, region: Region, *, standbys=None, run=RunClass.RUNNING, volumes=()):
    machine = Machine(
        id=MachineId(id_),
        name=id_,
        version=Version("v"),
        state="started",
        region=region,
        config={"standbys": standbys} if standbys else {},
        image_digest=None,
    )
    return Seen(
        machine=machine,
        group=WEB,
        run=RunClass.STANDBY if standbys else run,
        before="b",
        config=normal_config(machine.config),
        image="i",
        volumes=tuple(volumes),
        marks=None,
        claimed=False,
    )


def new(**kwargs):
    return target_new_group(
        **{
            "group": WEB,
            "count": None,
            "region": AMS,
            "has_mount": False,
            "has_services": False,
            "is_singleton": False,
        }
        | kwargs
    )


def places(target):
    return [(p.slot.region, p.slot.index, p.standby_for is not None) for p in target.places]


def test_new_group_with_services__gets_two():
    assert places(new(has_services=True)) == [(AMS, 1, False), (AMS, 2, False)]


def test_new_group_with_mount__gets_one():
    assert places(new(has_mount=True, has_services=True)) == [(AMS, 1, False)]


def test_new_group_without_either__gets_one_and_a_standby_for_it():
    target = new()

    assert places(target) == [(AMS, 1, False), (AMS, 2, True)]
    assert target.places[1].standby_for == Slot(group=WEB, region=AMS, index=1)


def test_new_singleton__gets_no_second():
    assert places(new(is_singleton=True)) == [(AMS, 1, False)]


def test_new_group_with_declared_counts__gets_exactly_those():
    assert places(new(count={IAD: 2, GRU: 1}, has_services=True)) == [
        (GRU, 1, False),
        (IAD, 1, False),
        (IAD, 2, False),
    ]
    assert places(new(count=0)) == []


def test_live_group_without_a_count__stays():
    target = target_live_group(group=WEB, base=(seen("a", AMS),), count=None, region=AMS)
    assert (target.places, target.surplus) == ((), ())


def test_growing__fills_the_emptier_region():
    base = (seen("a", AMS), seen("b", AMS), seen("c", GRU))
    target = target_live_group(group=WEB, base=base, count=5, region=AMS)
    assert places(target) == [(AMS, 1, False), (GRU, 1, False)]


def test_shrinking__takes_from_the_fullest_region_and_resting_machines_first():
    base = (seen("a", AMS), seen("b", AMS, run=RunClass.RESTING), seen("c", GRU))
    target = target_live_group(group=WEB, base=base, count=2, region=AMS)
    assert [s.seen.machine.id for s in target.surplus] == ["b"]


def test_counts_per_region__make_the_rest_surplus():
    base = (seen("a", AMS), seen("c", GRU))
    target = target_live_group(group=WEB, base=base, count={AMS: 2}, region=AMS)
    assert places(target) == [(AMS, 1, False)]
    assert [s.seen.machine.id for s in target.surplus] == ["c"]


def test_standbys__are_not_counted_and_go_with_their_primary():
    base = (seen("a", AMS), seen("s", AMS, standbys=["a"]))
    assert target_live_group(group=WEB, base=base, count=1, region=AMS).surplus == ()
    gone = target_live_group(group=WEB, base=base, count=0, region=AMS).surplus
    assert {s.seen.machine.id for s in gone} == {"a", "s"}


def test_machines_with_volumes__leave_last():
    base = (seen("a", AMS, volumes=["vol_1"]), seen("b", AMS))
    assert [
        s.seen.machine.id for s in target_live_group(group=WEB, base=base, count=1, region=AMS).surplus
    ] == ["b"]


def going(count: int, *machines: Machine, mount: bool = False) -> dict[str, str]:
    """Who goes where a group of `worker` shrinks, and why."""
    text = (
        '[processes]\nworker = "bin/worker"\n' + '[mounts]\nsource = "data"\ndestination = "/data"\n' * mount
    )
    made = plan(text, *machines, scale=f"worker={count}")
    steps = (step for _, step in made.steps() if isinstance(step, Destroy) and not step.replaced)
    return {step.id: step.reason for step in steps}


def test_the_machine_whose_loss_hurts_least_goes__and_the_plan_says_why_this_one() -> None:
    many = "more than the declared count"
    a, b = machine("a", "worker"), machine("b", "worker")
    standby = machine("s", "worker", state="stopped", config={"standbys": ["a"]})
    asleep = machine("z", "worker", state="stopped")
    assert going(1, a, b) == {"a": many}
    assert going(1, a, asleep) == {"z": f"{many}; it is stopped"}
    assert going(1, a, b, standby) == {"b": f"{many}; it has no standby"}
    mounted = machine(
        "m", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data"}]}, state="stopped"
    )
    assert going(1, a, mounted, mount=True) == {"a": f"{many}; it has no volume"}
    assert going(0, a, standby) == {"a": many, "s": "a standby of destroyed machines"}
