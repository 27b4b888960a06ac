"""A partial result has the plan's own digest (docs/decisions/002): the cases that are easily got wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.make import make_plan, resume_digest, resume_record
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, Update, is_done
from tests.unit.planning.kit import (
    OLD,
    after,
    fleet,
    image,
    machine,
    manifest,
    overrides,
    plan,
    policy,
    record_of,
    volume,
)

WEB = '[processes]\nweb = "bin/web"\n'
MOUNTED = WEB + '[[mounts]]\nsource = "data"\ndestination = "/data"\nprocesses = ["web"]\n'


def resumed(text: str, live: Fleet, taken: Callable[[Any], bool], **given: Any) -> tuple[Plan, Plan]:
    """The plan, and the plan made from the fleet as a run left it that took the steps of `taken`."""
    asked = {"primary": "ams", "policy_text": "", "scale": "", "allow_destroy": AllowDestroy.ALL, **given}

    def make(seen: Fleet, **resume: Any) -> Plan:
        inputs = overrides(scale=asked["scale"], allow_destroy=asked["allow_destroy"])
        return make_plan(
            manifest(text, primary=asked["primary"]),
            policy=policy(asked["policy_text"]),
            overrides=inputs,
            fleet=seen,
            image=image(),
            **resume,
        )

    made = make(live)
    assert not made.blockers
    only = {place: step for place, (_, step) in enumerate(made.steps()) if taken(step)}
    assert only
    then = make(after(made, live, only=only), resume=resume_record(record_of(made)))
    assert sum(is_done(step) for _, step in then.steps()) == len(only)
    return made, then


def updates(*ids: str) -> Callable[[Any], bool]:
    return lambda step: isinstance(step, Update) and (not ids or step.machine.id in ids)


def test_machines_that_are_gone_already__change_no_wave() -> None:
    live = [machine(f"m{index:02}") for index in range(24)]
    gone = {f"m{index:02}" for index in range(6)}
    made, then = resumed(
        WEB,
        fleet(*live),
        lambda step: isinstance(step, Update) or (isinstance(step, Destroy) and step.id in gone),
        scale="web=12",
    )
    assert then.digests == made.digests


def test_sizes_that_grow__change_not_what_was_asked_of_the_release_command() -> None:
    text = f'[deploy]\nrelease_command = "bin/migrate"\n{WEB}[[vm]]\nsize = "shared-cpu-2x"\n'
    made, then = resumed(text, fleet(machine("a"), machine("b")), updates("a"))
    assert then.digests == made.digests
    assert made.release is not None


def test_new_machines_elsewhere__do_not_move_where_new_ones_go() -> None:
    text = WEB + 'worker = "bin/worker"\n'
    live = fleet(machine("a", region="iad"), status="deployed")
    made, then = resumed(
        text,
        live,
        lambda step: isinstance(step, Create) and step.group == "web",
        scale="web=iad:1,gru:4",
        primary="",
    )
    assert then.digests == made.digests


def test_a_volume_that_a_destroyed_machine_left__is_not_given_to_the_next() -> None:
    disk = {"mounts": [{"path": "/data", "volume": "vol_0", "name": "data"}]}
    live = fleet(
        machine("gone", "old", config=disk),
        machine("m", config={"mounts": [{"path": "/data", "volume": "vol_1", "name": "data"}]}),
        volumes=(volume("vol_0", attached="gone"), volume("vol_1", attached="m"), volume("vol_2")),
    )
    made, then = resumed(MOUNTED, live, lambda step: isinstance(step, Destroy), scale="web=2")
    assert then.digests == made.digests
    (create,) = [step for _, step in then.steps() if isinstance(step, Create)]
    assert create.volume == "vol_2"


def test_what_somebody_changed_on_a_written_machine__is_another_plan() -> None:
    made = plan(WEB, machine("a"), machine("b"))
    live = after(made, fleet(machine("a"), machine("b")), only={0: None})
    (first,) = [m for m in live.machines if m.id == "a"]
    by_hand = machine("a", config={**first.config, "env": {"BY": "HAND"}})
    record = record_of(made)
    again = plan(WEB, by_hand, machine("b"), resume=resume_record(record))
    assert again.digests.base != made.digests.base
    assert not again.resumes
    same = plan(WEB, first, machine("b"), resume=resume_record(record))
    assert (same.digests, same.resumes) == (made.digests, True)


def test_marks_of_another_plan__prove_nothing() -> None:
    made = plan(WEB, machine("a"), machine("b"))
    live = after(made, fleet(machine("a"), machine("b")), only={0: None})
    other = plan(WEB + 'worker = "x"\n', machine("a"), machine("b"))
    again = plan(WEB, *live.machines, resume=resume_digest(other.digests.plan))
    assert not again.resumes
    assert again.digests.plan != made.digests.plan


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_a_start_leaves_no_mark__and_the_record_tells_what_was_there(state: str) -> None:
    text = "[groups.web]\nstart = true\n"
    live = fleet(machine("a", state=state, config={"image": image().ref}), machine("b"))
    made, then = resumed(WEB, live, lambda step: type(step).__name__ == "Start", policy_text=text)
    assert then.digests == made.digests
    by_hand = plan(
        WEB,
        machine("a", config={"image": image().ref}),
        machine("b"),
        resume=resume_record(record_of(made)),
    )
    assert by_hand.digests != made.digests, "without the policy nobody asked for the start"


def test_what_somebody_changed_on_a_created_machine__is_another_plan() -> None:
    text = WEB + 'mailer = "bin/mailer"\n'
    made = plan(text, machine("a"))
    record = resume_record(record_of(made))
    live = after(made, fleet(machine("a")), only={0: None, 1: None})
    assert plan(text, *live.machines, resume=record).digests == made.digests
    for changed in ({"env": {"BY": "HAND"}}, {"image": OLD}, {"restart": {"policy": "always"}}):
        machines = [
            machine(m.id, state=m.state, config={**m.config, **changed}) if m.id.startswith("new000") else m
            for m in live.machines
        ]
        again = plan(text, *machines, resume=record)
        assert again.digests != made.digests
        assert any(id_.startswith("new000") for id_ in again.base)


def test_a_standby_for_a_machine_of_another_group__stays_when_that_one_has_gone() -> None:
    """A standby goes with the machines of its own group: those of others that went are no reason, resumed or not."""
    standby = machine("s", config={"standbys": ["w"]}, state="stopped")
    live = fleet(machine("a"), standby, machine("w", "worker"))
    made, then = resumed(WEB, live, lambda step: isinstance(step, Destroy), scale="web=1")
    assert then.digests == made.digests
