"""The Console port on a runner or a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from entrypoint.adapters.runner.outputs import write_summary
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.report.findings.annotations import annotation_lines, complaint, escape_data, neutral, said


class RunnerConsole:
    """Results go to standard output. In a workflow the log gets annotations, the summary file Markdown."""

    def __init__(
        self,
        *,
        write: Callable[[str], None],
        log: Callable[[str], None],
        in_actions: bool,
        summary: str,
        temp: str,
        workspace: str,
        answers: int | None = None,
    ) -> None:
        """`answers` is the file descriptor that a person answers on; None: nobody is asked."""
        self._write = write
        self._log = log
        self._in_actions = in_actions
        self._summary = summary
        self._temp = temp
        self._workspace = workspace
        self._in_section = False
        self._answers = answers

    def show(self, text: str) -> None:
        """JSON and Markdown go out as they are on a laptop; in a workflow's log nothing may become a command."""
        self._write((neutral(text) if self._in_actions else text).rstrip("\n") + "\n")

    def note(self, text: str) -> None:
        """A line of the log: standard error on a laptop, so that a result can be piped."""
        self._log(neutral(text) + "\n")

    def section(self, title: str) -> None:
        """`::group::` for GitHub's log; a terminal shows all of it anyhow."""
        if self._in_section:
            self._log("::endgroup::\n")
        self._in_section = self._in_actions and bool(title)
        if self._in_section:
            self._log(f"::group::{escape_data(neutral(title))}\n")

    def notice(self, text: str) -> None:
        """On top of the run's page."""
        self.section("")
        self._log(said(text, kind=Severity.NOTICE, in_actions=self._in_actions) + "\n")

    def warn(self, text: str) -> None:
        """On top of the run's page."""
        self.section("")
        self._log(said(text, kind=Severity.WARNING, in_actions=self._in_actions) + "\n")

    def fail(self, message: str, *, hint: str = "") -> None:
        """An error without a line of a file. Never in a section: nobody opens one to find out what went wrong."""
        self.section("")
        self._log(complaint(message, hint=hint, in_actions=self._in_actions) + "\n")

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Only where a runner reads them."""
        if self._in_actions:
            for command in annotation_lines(findings):
                self._log(command + "\n")

    def summarise(self, markdown: str) -> None:
        """Into GITHUB_STEP_SUMMARY, if there is one."""
        if self._summary:
            write_summary(self._summary, markdown)

    def save(self, name: str, text: str) -> str:
        """Into the workspace's folder `.flightplan`, owned as the workspace is: a later step runs as another user, outside the container.

        Outside a workflow into the working folder's. Raises OutsideError.
        """
        folder = Path(self._workspace if self._in_actions else self._temp) / ".flightplan"
        file = folder / name
        try:
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
            folder.mkdir(exist_ok=True)
            owner = Path(self._workspace).stat()
            for path, content in ((folder / ".gitignore", "*\n"), (file, text)):
                _write_new(path, content)
                _give(path, owner.st_uid, owner.st_gid)
            _give(folder, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise OutsideError(f"{name} cannot be written: {error}") from error
        return f".flightplan/{name}" if self._in_actions else str(file)

    async def confirm(self, question: Callable[[], str]) -> bool:
        """Only `y` and `yes` are a yes."""
        if self._answers is None:
            return True
        import os

        import anyio

        self._log(f"{question()} [y/N] ")  # made of words that are plain already
        await anyio.wait_readable(self._answers)  # not a thread that reads: no signal would end it
        return os.read(self._answers, 1024).decode("utf-8", "replace").strip().lower() in ("y", "yes")


def _write_new(path: Path, content: str) -> None:
    """Write beside and move into place: whatever the checkout put there, a link included, is replaced and never followed.

    Half a character (a live config may hold one) is written as JSON spells it.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(content)
    fresh.replace(path)


def _give(path: Path, uid: int, gid: int) -> None:
    """Hand a file to the workspace's owner; only root can, and only root needs to."""
    import os

    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)
