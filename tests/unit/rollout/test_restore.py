"""A machine that is to be as recorded again: written where it is not, and left alone where it is already."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from entrypoint.fleet.extras import Cordoned
from entrypoint.fleet.marks import CORDON, PLAN
from entrypoint.fleet.model import CheckStatus, Machine
from entrypoint.kernel.ids import MachineId, Nonce, Version
from entrypoint.kernel.json import Json
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Update
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.expectation import Expectation, HealthGateFailed
from entrypoint.rollout.restore import NotHealthy, restore
from tests.unit.planning.kit import NEW, machine, plan
from tests.unit.rollout.strange import Lessor, rows, virtual

V1, V2 = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@dataclass(slots=True, kw_only=True)
class One(Lessor):
    """A fleet of one machine, that takes what is written."""

    live: Machine
    wrote: list[Mapping[str, Json]] = field(default_factory=list)

    async def get(self, machine: MachineId) -> Machine:
        assert machine == self.live.id
        return self.live

    async def update(self, machine: MachineId, *, config: Mapping[str, Json], **_: Any) -> Machine:
        assert machine == self.live.id
        self.wrote.append(config)
        digest = str(config["image"]).partition("@")[2] or None
        self.live = replace(self.live, version=Version("back"), config=config, image_digest=digest)
        return self.live


@dataclass(slots=True, kw_only=True)
class Routed(One):
    """It is in routing or out of it. `did`: what was asked before it was written, in order."""

    did: list[str] = field(default_factory=list)
    stays_well: bool = True
    """Else its checks fail from the removal of the mark on."""

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        assert not self.wrote
        self.did.append("cordon")
        self.live = replace(self.live, cordoned=True)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        self.live = replace(self.live, cordoned=False)

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        assert key == CORDON

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        assert key == CORDON
        if not self.stays_well:
            self.live = replace(self.live, checks=rows("critical"))

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        self.live = replace(self.live, state="started")


def resting(image: str, digest: str | None) -> Machine:
    return machine("a", state="stopped", config={"image": image}, image_digest=digest)


@pytest.mark.parametrize(
    ("recorded", "live", "writes"),
    [
        (resting("shop:v1", None), resting("shop:v1", None), 0),
        (resting("shop:v1", None), resting("shop:v2", None), 1),
        (resting("shop:v1", V1), resting(f"shop:v1@{V1}", V1), 0),
        (resting("shop:v1", V1), resting("shop:v1", V2), 1),
    ],
    ids=["the same tag", "another tag", "the same digest", "a tag that has moved"],
)
def test_what_runs_another_image__is_written_back(recorded: Machine, live: Machine, writes: int) -> None:
    made = plan('[processes]\nweb = "bin/web"\n', recorded)
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    server = One(live=replace(live, version=Version("ours")))
    ours = Expectation(machine=live.id, version=Version("ours"))

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        return await restore(rollout, step, ours, on_written=lambda: None)

    assert virtual(story) == "restored"
    assert len(server.wrote) == writes


def test_a_machine_that_a_killed_run_had_drained__keeps_all_metadata_but_that_mark() -> None:
    others = {**machine("a").metadata, "team": "shop"}
    recorded = machine(
        "a",
        state="stopped",
        config={"image": "shop:v1", "metadata": {**others, CORDON: Cordoned.DRAIN.value}},
    )
    made = plan('[processes]\nweb = "bin/web"\n', recorded)
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    server = One(live=replace(recorded, version=Version("ours"), config={"image": "shop:v2"}))
    ours = Expectation(machine=recorded.id, version=Version("ours"))

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        return await restore(rollout, step, ours, on_written=lambda: None)

    assert virtual(story) == "restored"
    (wrote,) = server.wrote
    assert wrote["metadata"] == others


@pytest.mark.parametrize(
    ("version", "mark", "answered", "told", "writes"),
    [
        ("a-1", "", False, "", 0),
        ("ours", "ours", False, "restored", 1),
        ("theirs", "", False, "", 0),
        ("theirs", "theirs", False, "", 0),
        ("a-1", "", True, "", 0),
        ("theirs", "theirs", True, "somebody else changed it meanwhile", 0),
    ],
    ids=[
        "the write never arrived",
        "it arrived, and its answer was lost",
        "a person wrote",
        "another deploy wrote",
        "the answer was wrong",
        "another deploy wrote after us",
    ],
)
def test_what_others_wrote__is_left_as_it_is(
    version: str, mark: str, answered: bool, told: str, writes: int
) -> None:
    recorded = machine("a", state="stopped")
    made = plan('[processes]\nweb = "bin/web"\n', recorded)
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    marks = {PLAN: made.digests.plan if mark == "ours" else mark} if mark else {}
    config = {"image": NEW, "metadata": {**recorded.metadata, **marks}}
    server = One(live=machine("a", state="stopped", version=Version(version), config=config))
    ours = Expectation(machine=recorded.id, version=Version("ours")) if answered else None

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        try:
            return await restore(rollout, step, ours, on_written=lambda: None)
        except HealthGateFailed as error:
            return str(error)

    found = virtual(story)
    assert found.startswith(told)
    assert bool(found) is bool(told)
    assert len(server.wrote) == writes


def test_a_machine_that_was_down_before__is_written_back_and_not_woken() -> None:
    recorded = machine("a", state="failed")
    made = plan('[processes]\nweb = "bin/web"\n', recorded)
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    server = One(live=machine("a", state="failed", version=Version("ours"), config={"image": NEW}))
    ours = Expectation(machine=recorded.id, version=Version("ours"))

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        return await restore(rollout, step, ours, on_written=lambda: None)

    assert virtual(story) == "restored"
    assert len(server.wrote) == 1


@pytest.mark.parametrize(
    ("state", "checks", "drains"),
    [
        ("started", rows("passing"), True),
        ("started", (), True),
        ("started", rows("passing", "critical"), False),
        ("stopped", (), False),
        ("stopped", rows("passing"), False),
    ],
    ids=["passes", "has no check", "fails one", "stopped, without checks", "stopped, its checks passed last"],
)
def test_a_machine_that_may_be_serving__ends_its_requests_before_it_is_written_back(
    state: str, checks: tuple[CheckStatus, ...], drains: bool
) -> None:
    text = '[processes]\nweb = "bin/web"\n[[services]]\ninternal_port = 80\nprotocol = "tcp"\n'
    recorded = machine("a", config={"services": [{"internal_port": 80, "protocol": "tcp"}]})
    made = plan(text, recorded, policy_text="[groups.web]\ndrain = true\n")
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    assert step.drain
    server = Routed(
        live=machine("a", state=state, checks=checks, version=Version("ours"), config={"image": NEW})
    )
    ours = Expectation(machine=recorded.id, version=Version("ours"))

    async def story() -> None:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        with suppress(HealthGateFailed):  # what does not run again is another test's
            await restore(rollout, step, ours, on_written=lambda: None)

    virtual(story)
    assert len(server.wrote) == 1
    assert ("cordon" in server.did) is drains


SERVED = """[processes]
web = "bin/web"
[[services]]
internal_port = 80
protocol = "tcp"
tcp_checks = [{}]
"""
SERVICES: Json = [{"internal_port": 80, "protocol": "tcp", "checks": [{"type": "tcp", "port": 80}]}]


def draining() -> tuple[Plan, Update]:
    recorded = machine("a", checks=rows("passing"), config={"services": SERVICES})
    made = plan(SERVED, recorded, policy_text="[groups.web]\ndrain = true\n")
    (step,) = (step for _, step in made.steps() if isinstance(step, Update))
    return made, step


@pytest.mark.parametrize("stays_well", [True, False])
def test_a_drained_machine__is_judged_again_when_it_gets_requests(stays_well: bool) -> None:
    """The metadata write that removes the mark may let its checks begin anew."""
    made, step = draining()
    recorded = step.machine
    live = replace(recorded, version=Version("ours"), config={**recorded.config, "image": NEW}, cordoned=True)
    server = Routed(live=live, stays_well=stays_well)
    ours = Expectation(machine=recorded.id, version=Version("ours"))

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        rollout.ledger.drained.add(recorded.id)
        try:
            return await restore(rollout, step, ours, on_written=lambda: None)
        except NotHealthy:
            return "not healthy"

    assert virtual(story) == ("restored" if stays_well else "not healthy")


def test_a_drained_machine_that_was_never_updated__gets_requests_at_once() -> None:
    made, step = draining()
    server = Routed(live=replace(step.machine, cordoned=True))

    async def story() -> str:
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        rollout.ledger.drained.add(step.machine.id)
        return await restore(rollout, step, None, on_written=lambda: None)

    assert virtual(story) == ""
    assert (server.live.cordoned, server.wrote) == (False, [])
