"""A machine that an interrupted deploy has cordoned: it shows that it runs, by its own gate and no other, before it gets requests again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio
import pytest

from entrypoint.fleet.extras import Cordoned
from entrypoint.fleet.marks import CORDON
from entrypoint.fleet.model import CheckStatus, Machine
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.planning.model.steps import Route
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.steps.route import route
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Lessor, virtual

BOOTS = '[processes]\nweb = "bin/web"\n[[services]]\ninternal_port = 80\nprotocol = "tcp"\n'
CHECKED = f'{BOOTS}[[services.tcp_checks]]\ninterval = "5s"\n'
A = MachineId("a")


@dataclass(slots=True, kw_only=True)
class Proxy(Lessor):
    """One machine, which is as it is. `done`: when it got requests again."""

    live: Machine
    done: list[float] = field(default_factory=list)

    async def get(self, machine: MachineId) -> Machine:
        assert machine == A
        return self.live

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        assert machine == A
        self.live = replace(self.live, cordoned=False)
        self.done.append(self.now())

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        assert (machine, key) == (A, CORDON)


def cordoned(text: str, state: str) -> Machine:
    """As an interrupted update left it, unproven, in the version that fly.toml asks for."""
    (step,) = (step for _, step in plan(text, machine(A)).steps())
    made = machine(A, state=state, config=dict(step.config))  # type: ignore[union-attr]
    marks = {**made.metadata, CORDON: Cordoned.UPDATED.value}
    return replace(
        made,
        cordoned=True,
        config={**made.config, "metadata": marks},
        checks=(CheckStatus(name="servicecheck-00-tcp-80", status="passing", updated_at=6001),)
        if "checks" in text
        else (),
        last_start=5001,
    )


@pytest.mark.parametrize(
    ("text", "state", "seconds"),
    [(CHECKED, "started", 0), (BOOTS, "started", 10), (BOOTS, "suspended", 0)],
    ids=["its checks pass", "it has none: it must stay up", "it rests"],
)
def test_it_shows_what_its_gate_asks_for__and_no_more(text: str, state: str, seconds: float) -> None:
    server = Proxy(live=cordoned(text, state), waits="at once")

    async def story() -> None:
        made = plan(text, server.live)
        (step,) = (step for _, step in made.steps() if isinstance(step, Route))
        rollout = begin(made, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        server.now()
        with anyio.fail_after(100):
            await route(GatedStep(rollout, step, wave=1), step)

    virtual(story)
    assert [round(when) for when in server.done] == [seconds]
