"""What an end before the first machine says has happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entrypoint.kernel.ids import GroupName, MachineId, VolumeId
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.outcome import GrownVolume, ReleaseResult, TakenSnapshot
from entrypoint.rollout.ports import Release
from entrypoint.rollout.so_far import so_far
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

WEB, VOLUME = GroupName("web"), VolumeId("vol_1")


def released(rollout: Rollout, *, adopted: bool) -> None:
    rollout.release.row = Release(id="r", version=2)
    rollout.release.result = ReleaseResult(command="migrate", exit_code=0, seconds=1, adopted=adopted)


def saved(rollout: Rollout, *ids: str | None) -> None:
    rollout.volumes.snapshots += [TakenSnapshot(volume=VOLUME, group=WEB, id=id_) for id_ in ids]


def grown(rollout: Rollout) -> None:
    rollout.volumes.grown.append(GrownVolume(volume=VOLUME, group=WEB, size_gb=2, restarted=None))


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda _: None, "Nothing was written."),
        (lambda r: setattr(r.release, "row", Release(id="r", version=2)), "No machine was changed."),
        (lambda r: setattr(r.release, "running_on", MachineId("t")), "the release command may have run."),
        (lambda r: released(r, adopted=False), "the release command has run, and is not undone."),
        (lambda r: released(r, adopted=True), "No machine was changed."),
        (lambda r: saved(r, "vs_1", None), "No machine was changed; 1 snapshot of a volume was taken."),
        (lambda r: saved(r, "vs_1", "vs_2"), "No machine was changed; 2 snapshots of volumes were taken."),
        (lambda r: saved(r, None), "Nothing was written."),
        (grown, "volumes were made larger, and stay so."),
    ],
    ids=[
        "nothing",
        "row",
        "command began",
        "command",
        "adopted",
        "snapshot",
        "snapshots",
        "skipped",
        "grown",
    ],
)
def test_so_far(happens: Callable[[Rollout], None], said: str) -> None:
    async def story() -> str:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        happens(rollout)
        return so_far(rollout)

    assert virtual(story).endswith(said)
