"""What is reported and recorded of one step while it is executed."""

from __future__ import annotations

import anyio

from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Step
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.outcome import Halted, HaltKind, StepResult, StepStatus
from entrypoint.rollout.progress import MachineEvent


class StepReporter:
    """One step: its machine as soon as there is one, its events, and its one result. `forward`: its failure stops no other step."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int, forward: bool = False) -> None:
        self.rollout = rollout
        self.step = step
        self._wave = wave
        self.is_forward = forward
        self._begun = anyio.current_time()
        self.machine: MachineId | None = None
        self.touched: Touched | None = None
        self.finished = False

    def _seconds(self) -> float:
        return anyio.current_time() - self._begun

    def say(self, what: str, *, final: bool = False, ok: bool = True, note: str = "") -> None:
        """Tell people, once there is a machine to tell of."""
        if self.machine is None:
            return
        self.rollout.progress.machine(
            MachineEvent(
                group=self.step.group,
                machine=self.machine,
                region=self.step.region,
                what=what,
                seconds=self._seconds(),
                final=final,
                ok=ok,
                note=note,
            )
        )

    def finish(self, what: str) -> None:
        """The step is done; `what` for people."""
        if not self.finished:
            self.say(what, final=True)
        self.record(StepStatus.DONE, "")

    def fail(self, kind: HaltKind, why: str, *, said: tuple[str, ...] = (), hint: str = "") -> None:
        """The step has failed, and with it the rollout, unless it goes forward."""
        if self.touched is not None:
            self.touched.up = False
        self.say("failed", final=True, ok=False, note=why)
        self.record(StepStatus.FAILED, why)
        if self.is_forward:
            return
        self.rollout.halting.halt(
            Halted(
                kind=kind, message=why, detail=said, hint=hint, group=self.step.group, machine=self.machine
            )
        )

    def record(self, status: StepStatus, why: str) -> None:
        """Record its one result; the first one counts."""
        if self.finished:
            return
        self.finished = True
        self.rollout.ledger.results.append(
            StepResult(
                step=self.step,
                wave=self._wave,
                machine=self.machine,
                status=status,
                why=why,
                seconds=self._seconds(),
                began=self._begun - self.rollout.job.begun,
            )
        )
