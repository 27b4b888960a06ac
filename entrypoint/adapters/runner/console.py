"""Implements the port Console, on a runner or a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from entrypoint.adapters.runner.outputs import write_summary
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.report.findings.annotations import annotation_lines, complaint, escape_data, neutral, said


class RunnerConsole:
    """Results go to standard output. In a workflow, annotations go to the log, and Markdown to the summary file."""

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
        """`answers`: the file descriptor from which a person's answer is read; None: nobody is asked."""
        self._write = write
        self._log = log
        self._in_actions = in_actions
        self._summary = summary
        self._temp = temp
        self._workspace = workspace
        self._in_section = False
        self._answers = answers

    def show(self, text: str) -> None:
        """Print a result: unchanged on a laptop; in a workflow's log, so that no text becomes a workflow command."""
        self._write((neutral(text) if self._in_actions else text).rstrip("\n") + "\n")

    def note(self, text: str) -> None:
        """Write a line to the log. On a laptop that is standard error, so that the result can be piped."""
        self._log(neutral(text) + "\n")

    def section(self, title: str) -> None:
        """Begin a section, with `::group::` in GitHub's log; an empty title ends it. Nothing on a terminal."""
        if self._in_section:
            self._log("::endgroup::\n")
        self._in_section = self._in_actions and bool(title)
        if self._in_section:
            self._log(f"::group::{escape_data(neutral(title))}\n")

    def notice(self, text: str) -> None:
        """Write a notice, which GitHub shows at the top of the run's page."""
        self.section("")
        self._log(said(text, kind=Severity.NOTICE, in_actions=self._in_actions) + "\n")

    def warn(self, text: str) -> None:
        """Write a warning, which GitHub shows at the top of the run's page."""
        self.section("")
        self._log(said(text, kind=Severity.WARNING, in_actions=self._in_actions) + "\n")

    def fail(self, message: str, *, hint: str = "") -> None:
        """Write an error that belongs to no line of a file. Never in a section, which people would have to open."""
        self.section("")
        self._log(complaint(message, hint=hint, in_actions=self._in_actions) + "\n")

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Write annotations of findings, in a workflow only."""
        if self._in_actions:
            for command in annotation_lines(findings):
                self._log(command + "\n")

    def summarise(self, markdown: str) -> None:
        """Append to GITHUB_STEP_SUMMARY, if there is one."""
        if self._summary:
            write_summary(self._summary, markdown)

    def save(self, name: str, text: str) -> str:
        """Write a file into the folder `.flightplan` of the workspace, with the workspace's owner: later steps run as another user, outside
        the container. Outside a workflow: into the working folder's. Returns the path. Raises OutsideError.
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
        """Ask a person. Only `y` and `yes` mean yes."""
        if self._answers is None:
            return True
        import os

        import anyio

        self._log(f"{question()} [y/N] ")  # made of words that are plain already
        await anyio.wait_readable(self._answers)  # not a thread that reads: no signal would end it
        return os.read(self._answers, 1024).decode("utf-8", "replace").strip().lower() in ("y", "yes")


def _write_new(path: Path, content: str) -> None:
    """Write to a new file and move it into place. So a link that the checkout has put there is replaced, not followed.

    A lone surrogate, which a live config may have, is written as an escape.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with new.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(content)
    new.replace(path)


def _give(path: Path, uid: int, gid: int) -> None:
    """Give a file to the workspace's owner. Only root can, and only root needs to."""
    import os

    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)
