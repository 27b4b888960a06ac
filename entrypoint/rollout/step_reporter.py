"""What is told of one step while it is taken, and what is written down of it."""

from __future__ import annotations

import anyio

from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Step
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.outcome import Halted, HaltKind, StepResult, StepStatus
from entrypoint.rollout.progress import MachineEvent


class StepReporter:
    """One step: its machine as soon as there is one, its events, and its one result."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int) -> None:
        self._rollout = rollout
        self._step = step
        self._wave = wave
        self._begun = anyio.current_time()
        self._machine: MachineId | None = None
        self._touched: Touched | None = None
        self._finished = False

    def _seconds(self) -> float:
        return anyio.current_time() - self._begun

    def _say(self, what: str, *, final: bool = False, ok: bool = True, note: str = "") -> None:
        if self._machine is None:
            return
        self._rollout.progress.machine(
            MachineEvent(
                group=self._step.group,
                machine=self._machine,
                region=self._step.region,
                what=what,
                seconds=self._seconds(),
                final=final,
                ok=ok,
                note=note,
            )
        )

    def _pass(self, what: str) -> None:
        if not self._finished:
            self._say(what, final=True)
        self._record(StepStatus.DONE, "")

    def _fail(self, kind: HaltKind, why: str, *, said: tuple[str, ...] = (), hint: str = "") -> None:
        if self._touched is not None:
            self._touched.up = False
        self._say("failed", final=True, ok=False, note=why)
        self._record(StepStatus.FAILED, why)
        self._rollout.halting.halt(
            Halted(
                kind=kind, message=why, detail=said, hint=hint, group=self._step.group, machine=self._machine
            )
        )

    def _record(self, status: StepStatus, why: str) -> None:
        if self._finished:
            return
        self._finished = True
        self._rollout.ledger.results.append(
            StepResult(
                step=self._step,
                wave=self._wave,
                machine=self._machine,
                status=status,
                why=why,
                seconds=self._seconds(),
            )
        )
