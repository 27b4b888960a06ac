"""What happens on a terminal: a question before a deploy that no review stands behind. A pseudo-terminal, and a real process."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entrypoint.kernel.errors import ExitCode
from tests.stage import EXAMPLE, TOKEN, Stage, stage

IMAGE = f"registry.fly.io/acme-shop@sha256:{'5' * 64}"
QUESTION = "Deploy this to acme-shop now, without a review? [y/N] "


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    with stage(speed=20) as made:
        yield made


class Terminal:
    """A process on a pseudo-terminal; `text` is what it has printed."""

    def __init__(self, here: Stage, *words: str, **environ: str) -> None:
        self.ours, theirs = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-m",
                "entrypoint",
                "deploy",
                "--config",
                str(EXAMPLE / "fly.toml"),
                "--image",
                IMAGE,
                *words,
            ],
            cwd=here.folder,
            env={
                "FLY_FLAPS_BASE_URL": here.fly,
                "FLY_API_BASE_URL": here.fly,
                "FLY_REGISTRY_HOST": here.fly,
                "FLY_API_TOKEN": TOKEN,
                **environ,
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.ours, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            self.text += data.decode("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in self.text:
            assert time.monotonic() < end, self.text
            assert self.process.poll() is None or text in self.text, self.text
            time.sleep(0.02)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def end(self) -> int:
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        os.close(self.ours)
        return code


@contextmanager
def terminal(here: Stage, *words: str, **environ: str) -> Iterator[Terminal]:
    made = Terminal(here, *words, **environ)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


@pytest.mark.parametrize("answer", ["\n", "n\n", "yep\n", "\x04"])
def test_anything_but_yes__writes_nothing(here: Stage, answer: str) -> None:
    with terminal(here, "--gate", "none") as it:
        it.wait_for(QUESTION)
        assert "mailer" in it.text, "the plan stands above the question"
        it.type(answer)
        assert it.end() == ExitCode.HALTED
    assert "the answer was not yes. Nothing was written." in it.text
    assert here.writes() == []


def test_a_signal_while_it_asks__ends_it_with_nothing_written(here: Stage) -> None:
    with terminal(here, "--gate", "none") as it:
        it.wait_for(QUESTION)
        begun = time.monotonic()
        it.process.send_signal(signal.SIGINT)
        assert it.end() == ExitCode.HALTED
        assert time.monotonic() - begun < 5
    assert here.writes() == []


def test_a_gate__is_not_asked_about(here: Stage) -> None:
    with terminal(here) as it:
        assert it.end() == ExitCode.USAGE
    assert "[y/N]" not in it.text


def test_yes__deploys(here: Stage) -> None:
    with terminal(here, "--gate", "none", "--groups", "mailer") as it:
        it.wait_for(QUESTION)
        it.type("y\n")
        assert it.end() == ExitCode.DONE, it.text
    assert here.writes() != []
    with terminal(here, "--gate", "none", "--groups", "mailer") as it:
        assert it.end() == ExitCode.DONE, it.text
    assert "[y/N]" not in it.text, "there is nothing to do"


@pytest.mark.parametrize(
    ("group", "words", "environ"),
    [("cron", ("--yes",), {}), ("worker", (), {"CI": "true"})],
    ids=["--yes", "CI"],
)
def test_nobody_is_asked(here: Stage, group: str, words: tuple[str, ...], environ: dict[str, str]) -> None:
    before = len(here.writes())
    with terminal(here, "--gate", "none", "--groups", group, *words, **environ) as it:
        assert it.end() == ExitCode.DONE, it.text
    assert "[y/N]" not in it.text
    assert len(here.writes()) > before
