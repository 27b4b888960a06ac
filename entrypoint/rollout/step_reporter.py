"""Reports and records what happens in one step."""

from __future__ import annotations

import anyio

from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Step
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.outcome import Halted, HaltKind, StepResult, StepStatus
from entrypoint.rollout.progress import MachineEvent


class StepReporter:
    """One step: its machine (as soon as it exists), its events, and its result. `forward`: its failure does not stop other steps."""

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
        """Report an event. Nothing is reported before the machine exists."""
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
        """The step is done. `what`: for people."""
        if not self.finished:
            self.say(what, final=True)
        self.record(StepStatus.DONE, "")

    def fail(self, kind: HaltKind, why: str, *, said: tuple[str, ...] = (), hint: str = "") -> None:
        """The step has failed. Halts the rollout, unless the stage is `forward`."""
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
        """Record the result. Only the first counts."""
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
