"""Machines that have one config object, and differ otherwise: nothing that was worked out for one may pass for the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.fleet.fingerprints import Fingerprints
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.forecast import forecast
from entrypoint.planning.model.plan import Stage
from entrypoint.planning.model.steps import Update
from entrypoint.planning.observed import see_machines
from tests.unit.planning.kit import NEW, fleet, machine, plan, volume

TAG, OTHER = NEW.partition("@")[0], f"sha256:{'9' * 64}"
WORKER = '[processes]\nworker = "bin/worker"\n'


def twins(**differs: Any) -> tuple[Machine, Machine]:
    """Two machines with one config; the second differs in that."""
    one = machine("a", "worker", config={"image": TAG})
    return one, machine("b", "worker", **differs | {"config": {"image": TAG}})


def alike(**differs: Any) -> tuple[Machine, Machine]:
    """`twins`, with one config object."""
    one, other = twins(**differs)
    return one, replace(other, config=one.config)


@pytest.mark.parametrize(
    "differs",
    [
        {"region": "gru"},
        {"state": "stopped"},
        {"host_status": HostStatus.UNREACHABLE},
        {"image_digest": OTHER},
    ],
)
def test_a_base_fingerprint__is_that_of_the_machine(differs: dict[str, Any]) -> None:
    one, other = (s.before for s in see(*alike(**differs)))
    assert one != other
    assert [one, other] == [s.before for s in see(*twins(**differs))]


def test_a_base_fingerprint__has_the_volumes_that_are_attached() -> None:
    seen = see(*alike(), attached="b")
    assert seen[0].before != seen[1].before
    assert [s.before for s in seen] == [s.before for s in see(*twins(), attached="b")]


def see(*machines: Machine, attached: str = "") -> Any:
    volumes = (volume("vol_1", attached=attached),) if attached else ()
    return see_machines(fleet(*machines, volumes=volumes), default_group=GroupName("worker"), resuming=None)


def test_the_identity_of_an_image__is_that_of_the_machine() -> None:
    assert [s.image for s in see(*alike(image_digest=OTHER))] == [TAG, OTHER]


def test_the_fingerprints_of_a_tag__are_those_of_what_it_was_for_the_machine() -> None:
    one, other = alike(image_digest=OTHER)
    known = Fingerprints(secret=None)
    assert (known.of(one), known.of(other)) == (
        Fingerprints(secret=None).of(one),
        Fingerprints(secret=None).of(other),
    )
    assert known.of(one) != known.of(other)
    assert known.spellings(one) == Fingerprints(secret=None).spellings(one)
    assert known.spellings(other) == Fingerprints(secret=None).spellings(other)


def test_only_the_machine_that_does_not_run_the_image_gets_it() -> None:
    """Both have the same tag in their config; Fly resolved it at different times."""
    one, other = alike(image_digest=NEW.partition("@")[2])
    updates = [step for _, step in plan(WORKER, one, other, ref=NEW).steps() if isinstance(step, Update)]
    assert [(u.machine.id, u.image_changes) for u in updates if u.image_changes] == [("a", True)]


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ({"drain": True}, {"drain": False}),
        ({"launch": True}, {"launch": False}),
        ({"launch": False, "start": True}, {"launch": False, "start": False}),
    ],
)
def test_a_forecast__waits_for_the_slower_of_two(long: dict[str, Any], short: dict[str, Any]) -> None:
    stage = plan(WORKER, *alike(), strategy=Strategy.IMMEDIATE).stages[0]

    def seconds(*changes: dict[str, Any]) -> float:
        return forecast([changed(stage, *changes)], seen=(), verify=None).stages[0].likely

    assert seconds(long, short) == seconds(short, long) == seconds(long, long) > seconds(short, short)


def changed(stage: Stage, *changes: dict[str, Any]) -> Stage:
    """The stage with its steps changed, in order."""
    (lane,) = stage.lanes
    (wave,) = lane.waves
    steps = []
    for step, change in zip(wave.steps, changes, strict=True):
        assert isinstance(step, Update)
        steps.append(replace(step, **change))
    return replace(stage, lanes=(replace(lane, waves=(replace(wave, steps=tuple(steps)),)),))
