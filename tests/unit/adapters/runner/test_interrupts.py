"""A signal at any moment: before anything is begun, while something runs, and while the end is told."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from entrypoint import app
from entrypoint.adapters.runner.interrupts import SIGNALS, interrupts
from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.modes.result import Result


@pytest.mark.parametrize("number", SIGNALS)
def test_before_anything_is_begun__it_interrupts_once_and_is_kept_from_then_on(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with interrupts() as found:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(number)
        assert found.received == [number]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_is_held__it_interrupts_nothing(number: signal.Signals) -> None:
    with interrupts() as found:
        found.hold()
        signal.raise_signal(number)
        assert found.received == [number]


def test_in_another_thread__nothing_is_changed() -> None:
    before, seen = signal.getsignal(signal.SIGINT), list[object]()

    def story() -> None:
        with interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=story)
    thread.start()
    thread.join()
    assert seen == [before]


def run(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, story: Any, *, out: Any = lambda _text: None
) -> tuple[int, str]:
    """The main program, whose task is `story`."""
    monkeypatch.setattr(app, "_run", lambda _process, signals: story(signals))
    path = tmp_path / "output"
    path.write_text("")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(path)}
    code = app.main(app.Process(arguments=(), environ=environ, out=out, err=out))
    return code, path.read_text().replace("\n", " ")


def interrupted(*_: Any) -> Any:
    signal.raise_signal(signal.SIGINT)


def test_interrupted_before_anything_is_begun__the_outputs_say_cancelled(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, outputs = run(tmp_path, monkeypatch, interrupted)
    assert code == 5
    assert "cancelled" in outputs


def test_interrupted_while_the_end_is_told__it_is_what_it_was(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(signals: Any) -> Result:
        signals.hold()
        signal.raise_signal(signal.SIGTERM)
        return Result(exit_code=ExitCode.DONE, outputs={"result": "deployed"})

    code, outputs = run(tmp_path, monkeypatch, done)
    assert code == 0
    assert "deployed" in outputs


def test_interrupted_while_a_failure_is_told__the_outputs_are_written(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_signals: Any) -> Result:
        raise UsageError("no")

    code, outputs = run(tmp_path, monkeypatch, fails, out=interrupted)
    assert code == 5
    assert "cancelled" in outputs
