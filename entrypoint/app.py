"""The composition root: reads arguments and environment, runs a command, and turns results and errors into an exit code.

It has the only broad `except`: a bug of ours ends with exit 70 and a message, not with a bare traceback.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, assert_never

from entrypoint.adapters.runner.console import RunnerConsole
from entrypoint.adapters.runner.context import read_context
from entrypoint.adapters.runner.inputs import SECRETS, is_a_step, parse_inputs, runner_values
from entrypoint.adapters.runner.interrupts import SIGNALS, Interrupts, interrupts
from entrypoint.adapters.runner.masks import mask
from entrypoint.adapters.runner.outputs import write_outputs, write_summary
from entrypoint.adapters.workspace import Workspace
from entrypoint.kernel.errors import ActionError, ExitCode
from entrypoint.kernel.run import Color, Format, Inputs, Look, RunContext
from entrypoint.modes.choose import Task, choose_task
from entrypoint.modes.result import OUTPUTS, Result
from entrypoint.report.findings.annotations import complaint, neutral

if TYPE_CHECKING:
    from entrypoint.adapters.runner.cli.parse import Init, Invocation

REPORT_BUGS = "https://github.com/flightplan-dev/flightplan/issues"


class Process(NamedTuple):
    """What the process was given."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    out: Callable[[str], None]
    err: Callable[[str], None]
    is_terminal: bool = False
    """Whether standard output is a terminal."""
    answers: int | None = None
    """The file descriptor from which a person's answer is read; None where nobody can answer."""

    @property
    def in_actions(self) -> bool:
        """Whether a runner of GitHub Actions reads the output."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def log(self) -> Callable[[str], None]:
        """Writes everything except the result. A command, also one in a workflow's script, writes only the result to standard output."""
        return self.out if self.in_actions and not self.arguments else self.err


def main(process: Process) -> int:
    """Run once; returns an ExitCode. After a signal the outputs are written too, and a signal never changes how a finished task ended."""
    with interrupts() as signals:
        try:
            result = _end(process, signals)
            signals.hold()
        except KeyboardInterrupt:
            process.log("Cancelled. Nothing was written.\n")
            result = _cancelled(process)
        return _finish(process, result)


def _end(process: Process, signals: Interrupts) -> Result:
    try:
        return _run(process, signals)
    except ActionError as error:
        return _fail(process, str(error), error.hint, error.exit_code)
    except Exception as error:  # noqa: BLE001  # the one place
        return _tell_bug(process, error)


def _tell_bug(process: Process, error: Exception) -> Result:
    if process.environ.get("RUNNER_DEBUG") == "1" or not process.in_actions:
        import traceback

        process.err(neutral(traceback.format_exc()))
    message = f"Flightplan has a bug: {type(error).__name__}."
    return _fail(
        process, message, f"Please report it: {REPORT_BUGS}. RUNNER_DEBUG=1 shows where.", ExitCode.BUG
    )


def _fail(process: Process, message: str, hint: str, code: ExitCode) -> Result:
    """Say it in the log and in the job summary."""
    from entrypoint.report.failure import failure_markdown

    _complain(process, message, hint)
    _summarise(process, failure_markdown(message, hint=hint, code=code))
    return Result(exit_code=code, outputs={"result": "failed"})


def _cancelled(process: Process) -> Result:
    """By a signal, before any machine was changed."""
    from entrypoint.report.failure import failure_markdown

    hint = "Run the job again to go on."
    _summarise(
        process, failure_markdown("Cancelled. No machine was changed.", hint=hint, code=ExitCode.HALTED)
    )
    return Result(exit_code=ExitCode.HALTED, outputs={"result": "cancelled"})


def _summarise(process: Process, markdown: str) -> None:
    """Append to the job summary, if there is one. Where it cannot be written, the log has it."""
    if path := process.environ.get("GITHUB_STEP_SUMMARY", ""):
        with suppress(ActionError):
            write_summary(path, markdown)


def _run(process: Process, signals: Interrupts) -> Result:
    if not process.arguments and (process.in_actions or is_a_step(process.environ)):
        return _work(process, signals, None)
    from entrypoint.adapters.runner.cli.parse import Init, parse_arguments

    asked = parse_arguments(process.arguments, environ=process.environ)
    match asked:
        case str():
            process.out(f"{asked}\n")
            return Result(exit_code=ExitCode.DONE, outputs={})
        case Init():
            return _init(process, asked)
        case list():
            results = [_work(process, signals, invocation) for invocation in asked]
            return max(results, key=lambda result: result.exit_code)
        case _:
            assert_never(asked)


def _init(process: Process, asked: Init) -> Result:
    from entrypoint.adapters.repository import Repository
    from entrypoint.modes.init import init

    repository = Repository(process.environ.get("GITHUB_WORKSPACE") or ".")
    return init(repository, force=asked.force, prints=asked.prints, show=process.out, note=process.log)


def _work(process: Process, signals: Interrupts, invocation: Invocation | None) -> Result:
    """Run a command with the action's inputs, from the runner or from the command line."""
    environ = process.environ
    format_, look = Format.TEXT, Look()
    if invocation is not None:
        values, format_ = invocation.values, invocation.format
        look = Look(color=_is_coloured(process, invocation.color), detail=invocation.detail)
    else:
        values = runner_values(environ)
    run = read_context(environ)
    if values["command"] == Task.DOCTOR and not run.repository:
        run = _at_hand(run)
    if run.in_actions:
        for name in sorted(SECRETS):
            for line in mask(values[name].strip()) if values[name].strip() else ():
                process.log(line + "\n")
    inputs = parse_inputs(values, environ=environ, format_=format_, look=look)
    console = RunnerConsole(
        write=process.out,
        log=process.log,
        in_actions=run.in_actions,
        summary=environ.get("GITHUB_STEP_SUMMARY", ""),
        temp=run.temp,
        workspace=run.workspace,
        answers=None if invocation is None or invocation.yes or environ.get("CI") else process.answers,
    )
    choice = choose_task(inputs, run)
    match choice.task:
        case Task.NOTHING:
            return _skip(console, choice.why)
        case Task.VALIDATE:
            from entrypoint.modes.validate import validate

            files = Workspace(run.workspace, is_fence=run.in_actions)
            return validate(inputs, run, files=files, console=console, why=choice.why)
        case Task.PLAN | Task.CHECK | Task.DEPLOY | Task.DOCTOR:
            from entrypoint.adapters.proxies import check_proxies

            check_proxies()
            return _run_on_trio(choice.task, inputs, run, console, signals) or _cancelled(process)


def _skip(console: RunnerConsole, why: str) -> Result:
    from entrypoint.report.failure import skipped_markdown

    console.note(f"Nothing to do: {why}.")
    console.summarise(skipped_markdown(why))
    return Result(exit_code=ExitCode.DONE, outputs={"result": "skipped", "changes": "false"})


def _at_hand(run: RunContext) -> RunContext:
    """The run context outside a workflow, with the repository that the checkout came from."""
    from entrypoint.adapters.repository import Repository

    found = Repository(run.workspace)
    return run._replace(repository=found.origin(), default_branch=found.default_branch() or "")


def _is_coloured(process: Process, color: Color) -> bool:
    match color:
        case Color.ALWAYS:
            return True
        case Color.NEVER:
            return False
        case Color.AUTO:
            plain = process.environ.get("NO_COLOR") or process.environ.get("TERM") == "dumb"
            return process.is_terminal and not plain and not process.in_actions
        case _:
            assert_never(color)


class _Ended:
    """How a task ended, known before its event loop is closed. `timers` holds the clock that a signal started.

    `signals` holds those that came while nothing listened.
    """

    def __init__(self, signals: Interrupts) -> None:
        self.signals = signals
        self.timers: list[threading.Timer] = []
        self.result: Result | None = None
        self.failure: ActionError | None = None


def _run_on_trio(
    task: Task, inputs: Inputs, run: RunContext, console: RunnerConsole, signals: Interrupts
) -> Result | None:
    """None: a signal ended a task that changes no machine."""
    import anyio

    ended = _Ended(signals)
    signals.hold()
    try:
        anyio.run(_with_signals, task, inputs, run, console, ended, backend="trio")
    finally:
        for timer in ended.timers:
            timer.cancel()
    if ended.failure is not None:
        raise ended.failure
    return ended.result


async def _with_signals(
    task: Task, inputs: Inputs, run: RunContext, console: RunnerConsole, ended: _Ended
) -> None:
    """Run the task. The first signal asks it to stop, and starts the clock that ends the process."""
    import anyio
    import anyio.abc

    from entrypoint.adapters.runner.deadline import arm
    from entrypoint.modes.commands import command
    from entrypoint.wiring import make_world

    stop = anyio.Event()
    world = make_world(task, inputs, run, console=console, stop=stop)
    async with anyio.create_task_group() as group:

        def begin_to_stop(received: signal.Signals) -> None:
            if not ended.timers:
                ended.timers.append(arm())
                console.note(f"{received.name}: stopping. Nothing new is begun.")
                stop.set()
                if task is not Task.DEPLOY:
                    group.cancel_scope.cancel()

        async def listen(*, task_status: anyio.abc.TaskStatus[None]) -> None:
            with anyio.open_signal_receiver(*SIGNALS) as signals:
                task_status.started()
                for early in ended.signals.received:
                    begin_to_stop(early)
                async for received in signals:
                    begin_to_stop(received)

        await group.start(listen)
        try:
            ended.result = await command(task)(inputs, run, world)
        except ActionError as error:
            ended.failure = error  # raised in here, the task group would wrap it
        group.cancel_scope.cancel()


def _complain(process: Process, message: str, hint: str) -> None:
    process.log(complaint(message, hint=hint, in_actions=process.in_actions) + "\n")


def _finish(process: Process, result: Result) -> int:
    """Write the outputs, whatever happened before."""
    path = process.environ.get("GITHUB_OUTPUT", "")
    if process.in_actions and path:
        values = dict.fromkeys(OUTPUTS, "") | dict(result.outputs)
        values["failure-reason"] = result.exit_code.reason
        try:
            write_outputs(path, values)
        except ActionError as error:
            _complain(process, str(error), error.hint)
            return result.exit_code or ExitCode.OUTSIDE
    if process.in_actions and result.exit_code not in (ExitCode.DONE, ExitCode.BUG):
        process.log(f"Ended with exit code {int(result.exit_code)}: {result.exit_code.reason}.\n")
    return int(result.exit_code)
