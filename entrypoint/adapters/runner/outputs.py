"""Writes to GITHUB_OUTPUT and GITHUB_STEP_SUMMARY (actions/runner FileCommandManager.cs)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from entrypoint.kernel.errors import OutsideError

MOST_SUMMARY = 1_000_000
"""Bytes. The runner drops a summary of more than 1 MiB."""


def write_outputs(path: str, values: Mapping[str, str]) -> None:
    """Append outputs. Each value has a random delimiter, so that no value can end early and set others. Raises OutsideError."""
    import secrets  # loads hashes, which takes 3 ms; `validate` does not need it

    text = ""
    for name, value in values.items():
        delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
        text += f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
    _append(path, text)


def write_summary(path: str, markdown: str) -> None:
    """Append to the job summary. A text that is too long is cut at the end of a line. Raises OutsideError."""
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
