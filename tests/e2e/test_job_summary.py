"""Whoever opens a run that ended badly finds in its job summary what happened and what to do, whatever the exit code."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from entrypoint.app import Process, main
from tests.stage import Stage, stage

IMAGE = "registry.fly.io/acme-shop:v42"
PAGE = "docs/troubleshooting.md#by-exit-code"


def _break_port(here: Stage) -> None:
    file = here.workspace / "fly.toml"
    text = file.read_text("utf-8").replace("internal_port = 8080", 'internal_port = "a"')
    file.write_text(text, "utf-8")


def _no_file(here: Stage) -> None:
    (here.workspace / "fly.toml").unlink()


def _drop_cron(here: Stage) -> None:
    file = here.workspace / "fly.toml"
    lines = [line for line in file.read_text("utf-8").split("\n") if not line.startswith("  cron = ")]
    file.write_text("\n".join(lines).replace('processes = ["cron"]', 'processes = ["mailer"]'), "utf-8")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A push, how it ends, and what its summary says."""

    code: int
    setup: Callable[[Stage], None] = lambda _: None
    inputs: Mapping[str, str] = field(default_factory=dict)
    behaviour: Mapping[str, object] | None = None
    says: tuple[str, ...]


CASES = [
    Case(
        code=1, setup=_break_port, says=("cannot deploy: 1 error", "internal\\_port must be a whole number")
    ),
    Case(
        code=2,
        setup=_no_file,
        says=("There is no file fly.toml.", "check out the repository before this step", PAGE),
    ),
    Case(
        code=3,
        setup=_drop_cron,
        inputs={"gate": "none"},
        says=("not deployed: 1 problem", "To allow it, set `allow-destroy: all`.", "Before you deploy"),
    ),
    Case(code=4, says=("not deployed: 4 things not reviewed", "approve: ")),
    Case(
        code=5,
        inputs={"gate": "none"},
        behaviour={"image": "*v42*", "task_exit_code": 1},
        says=(
            "ended with exit code 1. No machine was changed.",
            "Fix the command, and deploy again.",
        ),
    ),
    Case(
        code=6,
        inputs={"app": "acme-shopp"},
        says=("There is no app acme-shopp", "Create it first (fly apps create)", PAGE),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"exit {case.code}")
def test_the_summary_says_what_happened_and_what_to_do(case: Case, tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"behaviours": [case.behaviour]}), "utf-8")
    with stage(speed=20, faults=faults if case.behaviour else None) as here:
        case.setup(here)
        code, log = here.run("push", image=IMAGE, **case.inputs)
        summary = here.summary()
        assert code == case.code, log
        assert [text for text in case.says if text not in summary] == [], summary
        assert "let the merge" not in summary
        assert "Before you merge" not in summary
        assert "Merging" not in summary


def test_an_event_that_asks_for_nothing__says_so() -> None:
    with stage() as here:
        environ = here.environment("pull_request", image=IMAGE)
        event = Path(environ["GITHUB_EVENT_PATH"])
        event.write_text(json.dumps({**json.loads(event.read_text("utf-8")), "action": "closed"}), "utf-8")
        code = main(Process(arguments=(), environ=environ, out=lambda _: None, err=lambda _: None))
        assert code == 0
        assert here.summary() == "### Flightplan · nothing to do\n\nThe pull request is closed.\n"


def _first(raised: BaseException) -> Callable[[str], None]:
    """Writes nothing; the first time it is asked to, it raises."""
    waiting = [raised]

    def write(_: str) -> None:
        if waiting:
            raise waiting.pop()

    return write


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (RuntimeError("secret"), 70, ("Flightplan has a bug: RuntimeError.", "[Report it](https://")),
        (KeyboardInterrupt(), 5, ("Cancelled. No machine was changed.", "Run the job again")),
    ],
    ids=["a bug", signal.SIGINT.name],
)
def test_a_bug_and_a_signal_before_anything_began(
    raised: BaseException, code: int, says: tuple[str, ...]
) -> None:
    with stage() as here:
        environ, out = here.environment("pull_request", image=IMAGE), _first(raised)
        assert main(Process(arguments=(), environ=environ, out=out, err=lambda _: None)) == code
        text = here.summary()
    assert [part for part in (*says, PAGE) if part not in text] == []
    assert "secret" not in text


def test_a_summary_that_cannot_be_written__changes_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path), "INPUT_COMMAND": "plan"}
    assert main(Process(arguments=(), environ=environ, out=said.append, err=said.append)) == 2
    assert "The environment has no INPUT_CONFIG" in "".join(said)
