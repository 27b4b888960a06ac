"""Reads files of the checkout; in a workflow, no other files.

In a workflow the checkout may be a pull request's. A fly.toml that is a link to /proc/self/environ must not put a token into a finding. On a
laptop the person who runs the command may name any file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entrypoint.adapters.checkout import Checkout
from entrypoint.kernel.errors import UsageError

if TYPE_CHECKING:
    from entrypoint.kernel.checkout import Head

MOST_BYTES = 4 * 1024 * 1024
"""Larger files are refused. No fly.toml and no [[files]] entry is so large."""


class Workspace:
    """The folder that paths in inputs are relative to. `is_fence`: nothing outside it is read."""

    def __init__(self, root: str, *, is_fence: bool) -> None:
        self._root = Path(root).resolve()
        self._is_fence = is_fence
        self._checkout = Checkout(str(self._root))

    def head(self) -> Head | None:
        """The commit that is checked out; None if unknown."""
        return self._checkout.head()

    def is_committed(self, path: str, data: bytes) -> bool:
        """Whether that commit has `path` with exactly this content."""
        return self._checkout.is_committed(path, data)

    def read(self, path: str) -> bytes | None:
        """The content of a regular file; None if there is none. Raises UsageError."""
        try:
            real = (self._root / path).resolve()
            if not real.is_file():
                return None
            if self._is_fence and not real.is_relative_to(self._root):
                raise UsageError(
                    f"{path} leads out of the workspace.",
                    hint="Only files of the checkout are read; links out of it are not followed.",
                )
            if real.stat().st_size > MOST_BYTES:
                raise UsageError(
                    f"{path} is larger than {MOST_BYTES // 1024**2} MiB.", hint="Check the path."
                )
            return real.read_bytes()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} cannot be read: {error}", hint="Check the path and its permissions."
            ) from error
