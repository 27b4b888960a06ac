"""Which volume that is there already was made for this: anything else is made anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest

from entrypoint.fleet.model import HostStatus, Machine, Volume
from entrypoint.kernel.ids import VolumeId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, NewVolume
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.volumes import volume_for
from tests.unit.planning.kit import plan, volume
from tests.unit.rollout.strange import Strange, halt_during, virtual

TEXT = '[processes]\ndb = "bin/db"\n[[mounts]]\nsource = "data"\ndestination = "/data"\n'
FREE = volume("vol_free")


@dataclass(slots=True, kw_only=True)
class Disks(Strange):
    """Volumes that are there, and the one that is made."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    there: tuple[Volume, ...]

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        self.calls.append(f"extend {volume} {size_gb}")
        return False

    async def list_volumes(self) -> tuple[Volume, ...]:
        return self.there

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        assert {v.id for v in self.there} <= set(known)
        return volume("vol_made", name=wanted.name)


@dataclass(slots=True, kw_only=True)
class SlowToList(Disks):
    """A list takes a second."""

    async def list_volumes(self) -> tuple[Volume, ...]:
        await anyio.sleep(1.0)
        return self.there

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        self.calls.append("create")
        return await Disks.create_volume(self, wanted, known=known)


def growing() -> tuple[Plan, Create]:
    """A plan that makes a machine with a new volume."""
    made = plan(TEXT, scale="db=1")
    (create,) = (step for _, step in made.steps() if isinstance(step, Create))
    assert create.new_volume is not None
    return made, create


def rolling(server: Disks, made: Plan) -> Rollout:
    server.now()
    return begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))


@pytest.mark.parametrize(
    ("found", "used"),
    [
        (FREE, "vol_free"),
        (replace(FREE, name="other"), "vol_made"),
        (volume("vol_free", region="fra"), "vol_made"),
        (volume("vol_free", attached="a"), "vol_made"),
        (replace(FREE, host_status=HostStatus.UNREACHABLE), "vol_made"),
    ],
    ids=["free", "another name", "another region", "attached", "its host does not answer"],
)
def test_which_one_is_used(found: Volume, used: str) -> None:
    made, create = growing()

    async def story() -> Any:
        rollout = rolling(Disks(there=(found,)), made)
        return await volume_for(rollout, create), rollout.volumes.made

    taken, account = virtual(story)
    assert taken.id == used
    assert [v.found for v in account] == [used == "vol_free"]


def test_one_that_was_used_before__is_used_once() -> None:
    made, create = growing()

    async def story() -> list[str]:
        rollout = rolling(Disks(there=(FREE,)), made)
        volumes = [await volume_for(rollout, create) for _ in range(2)]
        return [v.id for v in volumes if v is not None]

    assert virtual(story) == ["vol_free", "vol_made"]


@pytest.mark.parametrize(("size", "calls"), [(1, ["extend vol_free 2"]), (2, []), (3, [])])
def test_one_that_is_too_small__is_extended(size: int, calls: list[str]) -> None:
    made, create = growing()
    assert create.new_volume is not None
    create = replace(create, new_volume=replace(create.new_volume, size_gb=2))
    server = Disks(there=(replace(FREE, size_gb=size),))

    async def story() -> Volume | None:
        return await volume_for(rolling(server, made), create)

    used = virtual(story)
    assert used is not None
    assert used.size_gb == max(size, 2)
    assert server.calls == calls


@pytest.mark.parametrize(("halted_after", "made_after_all"), [(0.5, []), (1.5, ["create"])])
def test_a_rollout_that_is_stopped_while_volumes_are_listed__creates_none(
    halted_after: float, made_after_all: list[str]
) -> None:
    made, create = growing()
    server = SlowToList(there=())

    async def story() -> None:
        rollout = rolling(server, made)
        await halt_during(rollout, lambda: volume_for(rollout, create), after=halted_after)

    virtual(story)
    assert server.calls == made_after_all
