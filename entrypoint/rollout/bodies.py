"""Completes request bodies with what was not known while planning: the marks (fleet/stamp.py), the release's id, and a standby's primary."""

from __future__ import annotations

from collections.abc import Container, Mapping
from itertools import count

from entrypoint.fleet import marks
from entrypoint.fleet.extras import Cordoned
from entrypoint.fleet.marks import Slot
from entrypoint.fleet.names import unique_name
from entrypoint.fleet.stamp import RunMarks, stamp
from entrypoint.kernel.ids import Digest, MachineId, VolumeId
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.planning.model.mounts import with_volume
from entrypoint.planning.model.steps import Create, MachineTest, Update
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.ports import Release


def update_body(
    step: Update,
    *,
    plan: Digest,
    release: Release | None,
    released: str | None = None,
    run: RunMarks | None = None,
    cordoned: Cordoned | None = None,
) -> JsonObject:
    """The config that an update sends.

    `released`: the mark of this deploy's release command, if it has one; else the machine keeps the mark that it has. `cordoned`: why we
    have cordoned the machine, if it is.
    """
    own = {marks.PLAN: plan, marks.BEFORE: step.before, marks.AFTER: step.after}
    own |= {marks.CORDON: cordoned.value} if cordoned else {}
    carried = released or step.machine.metadata.get(marks.RELEASED)
    return _stamp(step.config, own | ({marks.RELEASED: carried} if carried else {}), release, run)


def create_body(
    step: Create,
    *,
    plan: Digest,
    release: Release | None,
    made: Mapping[Slot, MachineId],
    volume: VolumeId | None = None,
    released: str | None = None,
    run: RunMarks | None = None,
) -> JsonObject:
    """The config that a create sends. `made`: the machines that earlier waves created. `volume`: created for this machine."""
    own = {marks.PLAN: plan, marks.BEFORE: marks.NEW, marks.AFTER: step.after, marks.SLOT: str(step.slot)}
    own |= {marks.EXTRA: step.extra} if step.extra else {}
    own |= {marks.REPLACES: step.replaces} if step.replaces and not step.extra else {}
    own |= {marks.CORDON: Cordoned.MADE.value} if not (step.routed or step.extra) else {}
    body = _stamp(step.config, own | ({marks.RELEASED: released} if released else {}), release, run)
    if step.standby_for is not None:
        primary = made[step.standby_for]
        env = body.get("env")
        body["standbys"] = [primary]
        body["env"] = {**(env if isinstance(env, Mapping) else {}), "FLY_STANDBY_FOR": primary}
    return body if volume is None else with_volume(body, volume)


def release_body(
    config: Mapping[str, Json], *, plan: Digest, release: Release | None, run: RunMarks | None = None
) -> JsonObject:
    """The config of the release machine."""
    return _stamp(config, {marks.PLAN: plan}, release, run)


def test_body(
    test: MachineTest, *, address: str, plan: Digest, release: Release | None, run: RunMarks | None
) -> JsonObject:
    """The config of a machine that tests the one at `address`."""
    body = _stamp(test.config, {marks.PLAN: plan}, release, run)
    env = body.get("env")
    body["env"] = {**(env if isinstance(env, Mapping) else {}), "FLY_TEST_MACHINE_IP": address}
    return body


def machine_name(slot: Slot, *, plan: Digest, taken: Container[str] = ()) -> str:
    """The name for this plan and place. Fly refuses a second machine of the same name (HTTP 409), so a repeated create makes no second.

    `taken`: names of machines that the plan knows. One that a killed run made for this place, and that somebody has changed since, belongs
    to the fleet and keeps its name.
    """
    names = (f"{plan}/{slot}{f'/{again}' if again else ''}" for again in count())
    words = f"{slot.group}-{slot.region}-{slot.index}"
    return next(name for name in (unique_name(words, identity) for identity in names) if name not in taken)


def release_name(identity: str, *, attempt: int) -> str:
    """The name of a deploy's release machine. After a failure, the next attempt has another name."""
    return unique_name("release-command", f"{identity}/release/{attempt}")


def test_name(tested: Expectation, place: int, *, plan: Digest, attempt: int) -> str:
    """The name of the machine that runs one test of one machine's version. After a failure, the next attempt has another name."""
    return unique_name("machine-check", f"{plan}/{tested.machine}/{tested.version}/test/{place}/{attempt}")


def _stamp(
    config: Mapping[str, Json], own: Mapping[str, str], release: Release | None, run: RunMarks | None
) -> JsonObject:
    body = stamp(config, own=own, run=run)
    metadata = body["metadata"]
    assert isinstance(metadata, Mapping)
    if release is not None:
        body["metadata"] = {
            **metadata,
            "fly_release_id": release.id,
            "fly_release_version": str(release.version),
        }
    return body
