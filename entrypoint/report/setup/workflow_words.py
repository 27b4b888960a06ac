"""What `flightplan init` prints: what it wrote, and the next three steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.kernel.layout import App, Builder, Layout
from entrypoint.report.setup.workflow import UNNAMED, secret_of, token_command
from entrypoint.report.text.escape import plain
from entrypoint.report.text.words import count


def next_steps(layout: Layout, remarks: Sequence[str], *, path: str, is_git: bool) -> str:
    """Plain text for a terminal."""
    return "\n".join(_lines(layout, remarks, path=path, is_git=is_git)) + "\n"


def _lines(layout: Layout, remarks: Sequence[str], *, path: str, is_git: bool) -> Iterator[str]:
    yield f"Wrote {path} for {count(len(layout.apps), 'app')}, deployed on a push to {plain(layout.branch)}:"
    for app in layout.apps:
        yield f"  {plain(app.name or UNNAMED)} ({plain(app.config)}): {_built(app)}{_after(app)}"
    for remark in remarks:
        yield f"note: {plain(remark)}"
    if not is_git:
        yield "note: this folder is not a git repository; put the file into the repository on GitHub."
    yield ""
    yield "Next:"
    yield "  1. Make a token for each app, and store it as a secret of the GitHub repository:"
    for app in layout.apps:
        yield f"       {plain(token_command(app))} | gh secret set {secret_of(app, layout)}"
    yield f"  2. Commit {path} on a branch, and open a pull request. Its plan is posted as a comment."
    yield "  3. Merge it. A change of fly.toml is then planned in its pull request, and deployed when it is merged."
    yield "To see whether all is in place: flightplan doctor"


def _built(app: App) -> str:
    if app.image_of:
        return f"runs the image of {app.image_of}"
    match app.builder:
        case Builder.NOTHING:
            return "runs the image that fly.toml names"
        case Builder.DOCKERFILE:
            where = "" if app.context == "." else f" in the folder {plain(app.context)}"
            return f"its image is built from {plain(app.dockerfile)}{where} when a pull request is merged"
        case Builder.FLYCTL:
            return "its image is built by flyctl on Fly's remote builder when a pull request is merged"


def _after(app: App) -> str:
    return f"; deployed after {' and '.join(app.after)}" if app.after else ""
