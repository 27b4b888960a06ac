"""Any fleet × any fly.toml × any policy: what must hold for every plan.

Everything is drawn small and mean: machines moved by hand, in odd states, with volumes, standbys and marks, groups that are gone.
HYPOTHESIS_MAX_EXAMPLES asks for more of them.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrypoint.fleet.extras import cordon_of
from entrypoint.fleet.managed import is_managed
from entrypoint.fleet.model import Fleet, HostStatus, Machine, Volume
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.sharing import Shared
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.make import Resume, make_plan, resume_record
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.selection import Selection
from entrypoint.planning.model.steps import Create, Destroy, Start, Swap, Update, is_done, machine_of
from entrypoint.planning.settings import Overrides, resolve_settings
from entrypoint.report.plan.as_json import plan_object, totals
from entrypoint.report.plan.verbs import verb_of
from tests.unit.planning.kit import (
    NEW,
    OLD,
    after,
    fleet,
    image,
    machine,
    manifest,
    overrides,
    policy,
    record_of,
    step_name,
    volume,
)

EXAMPLES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "60"))
GROUPS = ("app", "cron", "web", "worker")
REGIONS = ("ams", "gru")

quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="HYPOTHESIS_MAX_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A fly.toml, valid or not executable, never unreadable."""
    groups = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=3))
    groups = list(dict.fromkeys(["web", *groups])) if draw(st.integers(0, 4)) else groups
    lines = ["[deploy]", f"max_unavailable = {draw(st.sampled_from(['0.33', '1.0', '2.0', '0.5']))}"]
    if draw(st.booleans()):
        lines.append('release_command = "bin/migrate"')
    if groups:
        lines += [
            "[processes]",
            *(f'{name} = "bin/{name}{draw(st.sampled_from(["", " -v"]))}"' for name in groups),
        ]
    for name in groups or ["app"]:
        kind = draw(st.sampled_from(["", "", "", "service", "autostop", "mount"]))
        if kind in ("service", "autostop"):
            lines += ["[[services]]", "internal_port = 80", 'protocol = "tcp"', f'processes = ["{name}"]']
            lines += ['auto_stop_machines = "stop"'] if kind == "autostop" else []
            lines += ["[[services.tcp_checks]]", 'interval = "10s"'] if draw(st.booleans()) else []
        elif kind == "mount":
            lines += ["[[mounts]]", 'source = "data"', 'destination = "/data"', f'processes = ["{name}"]']
    return "\n".join(lines) + "\n"


@st.composite
def policies(draw: st.DrawFn) -> str:
    lines = []
    for name in draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=2)):
        lines.append(f"[groups.{name}]")
        lines += draw(
            st.lists(
                st.sampled_from(["start = true", "max_unavailable = 1", "drain = true"]),
                unique=True,
                max_size=2,
            )
        )
        count = draw(st.sampled_from(["", "count = 0", "count = 2", "count = {ams = 1, gru = 1}"]))
        lines += [count] if count else ['when_empty = "leave"'] if draw(st.booleans()) else []
    if draw(st.booleans()):
        lines += ["[rollout]", 'order = [["worker"], ["web"]]']
    return "\n".join(lines) + "\n"


@st.composite
def machines(draw: st.DrawFn, *, index: int) -> Machine:
    group = draw(st.sampled_from(("web", "web", "web", "worker", "worker", "cron", "app", "gone")))
    config: dict[str, Any] = {"image": draw(st.sampled_from([OLD, NEW]))}
    kind = draw(st.sampled_from(["", "", "", "service", "autostop", "mount", "standby", "patched", "moved"]))
    if kind in ("service", "autostop"):
        config["services"] = [{"protocol": "tcp", "internal_port": 80, "autostop": kind == "autostop"}]
    elif kind == "mount":
        config["mounts"] = [{"path": "/data", "volume": f"vol_{index}", "name": "data"}]
    elif kind == "standby":
        config["standbys"] = ["m0"]
    elif kind == "patched":
        config["restart"] = {"policy": "always"}
    elif kind == "moved":
        config["env"] = {"FLY_PROCESS_GROUP": "elsewhere"}
    platform = draw(st.sampled_from(["v2", "v2", "v2", "v2", "v1"]))
    config["metadata"] = {"fly_platform_version": platform, "fly_process_group": group}
    states = (
        "started",
        "started",
        "started",
        "stopped",
        "suspended",
        "failed",
        "created",
        "replacing",
        "destroyed",
        "new",
    )
    return machine(
        f"m{index}",
        group,
        region=draw(st.sampled_from(REGIONS)),
        state=draw(st.sampled_from(states)),
        config=config,
        cordoned=draw(st.booleans()),
        host_status=draw(st.sampled_from([HostStatus.OK] * 30 + [HostStatus.UNREACHABLE])),
    )


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Mostly of everything."""
    groups = draw(st.sampled_from([(), (), (), ("web",), ("web", "worker"), ("nobody",)]))
    regions = draw(st.sampled_from([(), (), (), ("ams",), ("gru",)]))
    return Selection(groups=frozenset(map(GroupName, groups)), regions=frozenset(map(Region, regions)))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, str, Overrides, Fleet, Any]:
    members = tuple(draw(machines(index=index)) for index in range(draw(st.integers(0, 7))))
    volumes = [
        volume(f"vol_{m.id[1:]}", attached=m.id, region=m.region) for m in members if m.config.get("mounts")
    ]
    volumes += [volume(f"vol_free{index}") for index in range(draw(st.integers(0, 2)))]
    inputs = overrides(
        scale=draw(st.sampled_from(["", "", "", "web=1", "web=ams:2,gru:1"])),
        allow_destroy=draw(st.sampled_from([*AllowDestroy, *[AllowDestroy.ALL] * 5])),
        strategy=draw(st.sampled_from([None, None, *Strategy])),
        selection=draw(selections()),
    )
    return (
        draw(files()),
        draw(policies()),
        inputs,
        fleet(*members, volumes=tuple(volumes)),
        image(draw(st.sampled_from([NEW, None]))),
    )


def make(
    world: tuple[str, str, Overrides, Fleet, Any], *, live: Fleet | None = None, resume: Resume | None = None
) -> Plan:
    text, rules, inputs, observed, ref = world
    return make_plan(
        manifest(text),
        policy=policy(rules),
        overrides=inputs,
        fleet=live or observed,
        image=ref,
        resume=resume,
    )


@quick
@given(worlds(), st.randoms(use_true_random=False))
def test_a_plan__is_the_same_in_whatever_order_the_fleet_is_listed(world: Any, dice: Any) -> None:
    text, rules, inputs, observed, ref = world
    members, volumes = list(observed.machines), list(observed.volumes)
    dice.shuffle(members)
    dice.shuffle(volumes)
    shuffled = replace(observed, machines=tuple(members), volumes=tuple(volumes))
    assert make((text, rules, inputs, shuffled, ref)) == make(world)


def shared(observed: Fleet) -> Fleet:
    """The fleet as it is read from Fly: equal configs are one object."""
    configs = Shared()
    return replace(
        observed, machines=tuple(replace(m, config=configs.share(m.config)) for m in observed.machines)
    )


@quick
@given(worlds(), st.randoms(use_true_random=False))
def test_a_plan__is_the_same_whether_equal_configs_are_one_object_or_many(world: Any, dice: Any) -> None:
    text, rules, inputs, observed, ref = world
    resolved = [
        replace(m, image_digest=dice.choice([m.image_digest, None, f"sha256:{'9' * 64}"]))
        for m in observed.machines
    ]
    observed = replace(observed, machines=tuple(resolved))
    made = make((text, rules, inputs, observed, ref))
    assert make((text, rules, inputs, shared(observed), ref)) == made
    done = dice.randint(0, sum(1 for _ in made.steps()))
    halfway = after(made, observed, only=dict.fromkeys(range(done)))
    for resume in (resume_record(record_of(made)), None):
        assert make(world, live=shared(halfway), resume=resume) == make(world, live=halfway, resume=resume)


@quick
@given(worlds())
def test_every_machine_of_ours__is_in_exactly_one_step_or_kept(world: Any) -> None:
    made = make(world)
    steps = [step for _, step in made.steps() if isinstance(step, Update | Start | Destroy)]
    touched = [found.id for step in steps if (found := machine_of(step)) is not None]
    kept = [kept.machine.id for group in made.groups for kept in group.kept]
    ours = [m.id for m in world[3].machines if is_managed(m)]
    assert Counter(touched) + Counter(kept) == Counter(ours)
    assert Counter(id(step) for _, step in made.steps()) == Counter(
        id(s) for g in made.groups for s in g.steps
    )


@quick
@given(worlds())
def test_nothing_outside_of_the_selection_is_touched__and_what_is_left_out_is_said(world: Any) -> None:
    text, rules, inputs, observed, ref = world
    made = make(world)
    whole = make((text, rules, replace(inputs, selection=Selection()), observed, ref))
    assert all(inputs.selection.has(step.group, step.region) for _, step in made.steps())
    ahead = {step_name(step) for _, step in whole.steps() if not is_done(step)}
    inside = {step_name(step) for _, step in made.steps() if not is_done(step)}
    assert inside <= ahead
    assert made.leaves_out or len(inside) == len(ahead)
    assert not whole.leaves_out


@quick
@given(worlds())
def test_what_is_counted__is_what_is_done(world: Any) -> None:
    made = make(world)
    said = plan_object(made, ())
    steps = said["steps"]
    assert isinstance(steps, list)
    verbs = Counter(step["verb"] for step in steps) + Counter("start" for step in steps if step.get("starts"))
    counted = {verb: n for verb, n in totals(made).items() if n and verb != "keep"}
    assert counted == dict(verbs)
    for group in made.groups:
        for _, counts in group.regions:
            assert counts.after == counts.now + counts.create - counts.destroy - counts.remove
            assert min(counts.now, counts.after) >= 0


@quick
@given(worlds())
def test_every_volume__is_in_one_place_of_the_ledger_and_no_machines_but_its_own(world: Any) -> None:
    made = make(world)
    places = Counter(
        id_
        for row in made.volumes
        for part in (row.attached, row.attach, row.left, row.unused)
        for id_ in part
    )
    assert places == Counter(volume.id for volume in world[3].volumes)
    creates = [step for _, step in made.steps() if isinstance(step, Create) and step.done is None]
    given_away = Counter(step.volume for step in creates if step.volume is not None)
    assert given_away == Counter(id_ for row in made.volumes for id_ in row.attach), "each at most once"
    assert sum(row.create for row in made.volumes) == sum(step.new_volume is not None for step in creates)
    assert not any(step.volume and step.new_volume for step in creates)
    taken = {volume.id for volume in world[3].volumes if volume.attached_machine is not None}
    assert not taken & set(given_away), "what is attached is nobody else's"


@quick
@given(worlds())
def test_nothing_is_destroyed_without_consent(world: Any) -> None:
    """What bluegreen swaps for a new machine is no destruction: it has no volume, and another one is made for it."""
    made, allowed = make(world), world[2].allow_destroy
    replaced = {step.replaces for _, step in made.steps() if isinstance(step, Create)}
    for _, step in made.steps():
        if isinstance(step, Destroy) and step.swap is Swap.TAKEN_OVER:
            assert not step.volumes
            assert step.id in replaced
        elif isinstance(step, Destroy) and (
            allowed is AllowDestroy.NONE
            or ((step.volumes or step.replaced) and allowed is AllowDestroy.SURPLUS)
        ):
            needed = "would-replace" if step.replaced else "would-destroy"
            assert needed in {finding.rule for finding in made.blockers}


@quick
@given(worlds())
def test_no_wave_takes_more_than_max_unavailable(world: Any) -> None:
    text, rules, inputs, _, _ = world
    made = make(world)
    asked = resolve_settings(manifest(text), policy=policy(rules), overrides=inputs)
    if made.strategy is Strategy.IMMEDIATE:
        return
    for stage in made.stages:
        for lane in stage.lanes:
            group = next(group for group in made.groups if group.name == lane.group)
            most = asked.width(lane.group, running=group.running)
            serving = [[s for s in w.steps if isinstance(s, Update) and s.serves] for w in lane.waves]
            assert all(len(wave) <= most for wave in serving)
            assert len(next((wave for wave in serving if wave), [])) <= 1, "one goes first and alone"


@pytest.mark.parametrize("strategy", list(Strategy))
@quick
@given(worlds())
def test_executed__a_plan_leaves_nothing_to_do(strategy: Strategy, world: Any) -> None:
    """Of every strategy."""
    world = (*world[:2], replace(world[2], strategy=strategy), *world[3:])
    made = make(world)
    if made.blockers:
        return
    then = after(made, world[3])
    assert _volumes(then) >= _volumes(world[3]), "volumes are never destroyed"
    assert len(_volumes(then) - _volumes(world[3])) == sum(row.create for row in made.volumes)
    again = make(world, live=then)
    assert not again.has_changes, [step for _, step in again.steps()]


@quick
@given(worlds(), st.data())
def test_executed_in_part__it_is_the_same_plan_again(world: Any, data: st.DataObject) -> None:
    """Any steps may have been taken when a run is killed, except that a standby follows the machine it stands by for, and what is
    replaced goes after its successor has come. A standby that is replaced and gone makes another plan of what is left."""
    made = make(world)
    if made.blockers or not made.has_changes or made.strategy in (Strategy.CANARY, Strategy.BLUEGREEN):
        return
    steps = [step for _, step in made.steps()]
    only = dict.fromkeys(data.draw(st.sets(st.sampled_from(range(len(steps))))))
    swapped = {
        step.replaces for place in only if isinstance(step := steps[place], Create) and not step.standby_for
    }
    only = {
        place: None
        for place in only
        if not isinstance(step := steps[place], Destroy) or not step.replaced or step.id in swapped
    }
    slots = {step.slot for place, step in enumerate(steps) if place in only and isinstance(step, Create)}
    only = {
        place: None
        for place in only
        if not isinstance(step := steps[place], Create)
        or step.standby_for is None
        or step.standby_for in slots
    }
    resumed = make(world, live=after(made, world[3], only=only), resume=resume_record(record_of(made)))
    assert _identities(resumed) == _identities(made)
    assert resumed.digests == made.digests
    assert sum(is_done(step) for _, step in resumed.steps()) == len(only)


@quick
@given(worlds(), st.sampled_from([Strategy.CANARY, Strategy.BLUEGREEN]), st.integers(0, 40), st.booleans())
def test_killed_at_any_step_of_a_strategy__the_next_run_ends_in_the_same_fleet(
    world: Any, strategy: Strategy, killed_at: int, same: bool
) -> None:
    """Steps in their order: until nothing is rolled back any more it is the same plan again, and whatever it is, it leaves no machine
    that nobody wants, and none out of routing. `same`: the same deploy once more, or one that asks for something else."""
    world = (*world[:2], replace(world[2], strategy=strategy), *world[3:])
    made = make(world)
    if made.blockers or not made.has_changes:
        return
    steps = [step for _, step in made.steps()]
    forward = sum(len(w.steps) for s in made.stages if not s.forward for lane in s.lanes for w in lane.waves)
    live = after(made, world[3], only=dict.fromkeys(range(min(killed_at, len(steps)))))
    if not same:
        world = (world[0].replace('"bin/', '"bin/other-'), *world[1:])
    resumed = make(world, live=live, resume=resume_record(record_of(made)))
    if same and killed_at <= forward:
        assert resumed.digests == made.digests
    then = resumed if same and resumed.digests == made.digests else make(world, live=live)
    if then.blockers:  # what is counted by hand moved
        return
    end = after(then, live)
    assert not make(world, live=end).has_changes
    if same or all(
        step.extra for step in steps if isinstance(step, Create)
    ):  # what a new group has is its own
        assert places(end) == places(after(made, world[3]))
    assert not [m.id for m in end.machines if cordon_of(m) is not None]
    by_hand = sum(m.cordoned for m in world[3].machines if m.state != "destroyed")
    assert sum(m.cordoned for m in end.machines if m.state != "destroyed") <= by_hand


def places(live: Fleet) -> Counter[tuple[str, str, bool]]:
    """Machines of ours by group and region, standbys apart."""
    return Counter(
        (m.metadata.get("fly_process_group", ""), m.region, bool(m.config.get("standbys")))
        for m in live.machines
        if is_managed(m)
    )


@quick
@given(worlds())
def test_a_group_without_a_change__is_not_touched(world: Any) -> None:
    """Asking for the very configs that are live touches no machine but those whose group is scaled, gone, or patched by hand."""
    made = make(world)
    if made.blockers:
        return
    then = after(made, world[3])
    other = world[0].replace('"bin/worker"', '"bin/worker --more"')
    changed = make((other, *world[1:]), live=then)
    touched = {step.group for _, step in changed.steps()}
    assert touched <= {"worker"}


def _identities(made: Plan) -> list[str]:
    """What enters the plan's digest, readable when it differs."""
    return sorted(f"{wave} {verb_of(step)} {step_name(step)}" for wave, step in made.steps())


def _volumes(live: Fleet) -> set[str]:
    found: tuple[Volume, ...] = live.volumes
    return {volume.id for volume in found}
