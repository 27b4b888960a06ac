"""init: write the workflow for this repository, and say what to do next. It asks nothing, and overwrites a file only with `--force`."""

from __future__ import annotations

from collections.abc import Callable

from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.modes.ports import Repository
from entrypoint.modes.result import Result
from entrypoint.modes.survey import survey
from entrypoint.report.setup.workflow import workflow
from entrypoint.report.setup.workflow_words import next_steps

PATH = ".github/workflows/flightplan.yml"


def init(
    repository: Repository,
    *,
    force: bool,
    prints: bool,
    show: Callable[[str], None],
    note: Callable[[str], None],
) -> Result:
    """`show` writes the result, `note` the log. Raises UsageError where there is no app to write a workflow for, or a workflow exists."""
    found = survey(repository)
    if not found.layout.apps:
        raise UsageError(
            "There is no fly.toml in this repository.",
            hint="fly launch --no-deploy writes one. Then run this again.",
        )
    text = workflow(found.layout)
    if prints:
        show(text)
        return Result(exit_code=ExitCode.DONE, outputs={})
    if not force and repository.read(PATH) is not None:
        raise UsageError(
            f"{PATH} is there already. Nothing was written.",
            hint="flightplan init --print shows the new one, flightplan init --force replaces it.",
        )
    repository.write(PATH, text)
    note(next_steps(found.layout, found.remarks, path=PATH, is_git=repository.is_git))
    return Result(exit_code=ExitCode.DONE, outputs={})
