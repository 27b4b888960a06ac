"""Links to commits, files, the workflow and its run, on the server that the run is on; to machines on Fly's dashboard; to our pages."""

from __future__ import annotations

from entrypoint.kernel.run import RunContext
from entrypoint.report.findings.rule_pages import REPOSITORY
from entrypoint.report.text.escape import Md, code


def to_commit(sha: str, run: RunContext) -> Md:
    """A commit, by seven of its characters."""
    label = code(sha[:7])
    return Md(f"[{label}]({_repository(run)}/commit/{sha})") if run.repository and sha.isalnum() else label


def to_file(path: str, line: int | None, run: RunContext) -> Md:
    """A file of the commit that this run is about, at a line."""
    path = path.removeprefix("./")
    label = code(f"{path}:{line}" if line else path)
    if not run.repository or not run.sha:
        return label
    anchor = f"#L{line}" if line else ""
    return Md(f"[{label}]({_repository(run)}/blob/{run.sha}/{_quoted(path)}{anchor})")


def to_machine(app: str, machine: str) -> Md:
    """A machine on Fly's dashboard."""
    return Md(f"[{code(machine)}](https://fly.io/apps/{_quoted(app)}/machines/{_quoted(machine)})")


def to_page(page: str, words: str) -> Md:
    """A page of our documentation."""
    return Md(f"[{words}]({REPOSITORY}/blob/main/docs/{page})")


def to_workflow(run: RunContext) -> Md:
    """The page where a person starts this workflow by hand."""
    if not run.repository:
        return Md("run this workflow by hand (workflow_dispatch)")
    page = f"/workflows/{run.workflow}" if run.workflow else ""
    return Md(f"[run this workflow by hand]({_repository(run)}/actions{page})")


def run_line(run: RunContext) -> Md:
    """A link to the run's page, in small print."""
    return Md(f"<sub>[run]({run.run_url})</sub>" if run.run_url else "")


def _repository(run: RunContext) -> str:
    return f"{run.server_url}/{run.repository}"


def _quoted(path: str) -> str:
    """Percent-encoded, byte by byte."""
    return "".join(
        ch
        if ch.isascii() and (ch.isalnum() or ch in "/._-")
        else "".join(f"%{b:02X}" for b in ch.encode("utf-8", "replace"))
        for ch in path
    )
