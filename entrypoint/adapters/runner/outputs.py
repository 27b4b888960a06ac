"""GITHUB_OUTPUT and GITHUB_STEP_SUMMARY (actions/runner FileCommandManager.cs)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from entrypoint.kernel.errors import OutsideError

MOST_SUMMARY = 1_000_000
"""Bytes; the runner drops a summary above 1 MiB whole."""


def write_outputs(path: str, values: Mapping[str, str]) -> None:
    """Append outputs. Each value has a fresh random delimiter, so that none can end early and add others. Raises OutsideError."""
    import secrets  # with its hashes it would cost every start of validate 3 ms

    text = ""
    for name, value in values.items():
        delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
        text += f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
    _append(path, text)


def write_summary(path: str, markdown: str) -> None:
    """Append to the job summary, cut at a line where it would be too long. Raises OutsideError."""
    data = markdown.encode("utf-8", "replace")
    if len(data) > MOST_SUMMARY:
        cut = data[:MOST_SUMMARY].decode("utf-8", "ignore")
        markdown = (
            cut[: cut.rfind("\n")]
            + "\n\n_Cut here: the summary would exceed GitHub's limit. plan.json has everything._\n"
        )
    _append(path, markdown.rstrip("\n") + "\n")


def _append(path: str, text: str) -> None:
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise OutsideError(f"A file of the runner cannot be written: {error}") from error
