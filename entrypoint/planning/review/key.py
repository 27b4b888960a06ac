"""The review key: app, path of fly.toml and environment. Comments, statuses and marks are found by it."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass

from entrypoint.kernel.json import digest

FILE = "fly.toml"
MOST_CONTEXT = 200
"""Characters. A longer status context is shortened; GitHub accepts 255."""
_KEPT = re.compile(r"[A-Za-z0-9._/-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewKey:
    """The key. Use `review_key`, which normalises the path, to make one."""

    app: str
    config: str
    """Path of fly.toml, relative to the workspace, normalised."""
    environment: str
    """Empty without one."""

    @property
    def context(self) -> str:
        """The context of the commit status: `flightplan/<app>/<config>@<environment>`, with other characters percent-encoded."""
        place = f"flightplan/{_percent(self.app)}/{_percent(self.config)}"
        text = f"{place}@{_percent(self.environment)}" if self.environment else place
        if len(text) <= MOST_CONTEXT:
            return text
        return f"{text[:150]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def hash(self) -> str:
        """The key in a machine's marks: 12 hex characters."""
        return digest([self.app, self.config, self.environment])[:12]


def review_key(*, app: str, config: str, environment: str) -> ReviewKey:
    """The key of these three. `config`: as in the input."""
    return ReviewKey(app=app, config=normalise_config(config), environment=environment)


def normalise_config(path: str) -> str:
    """One spelling of a path: `./fly.toml`, `.`, `` and `fly.toml` are the same; so are `deploy/` and `deploy/fly.toml`.

    `deploy` without a slash is not changed, because only the disk tells whether it is a folder; the caller checks that.
    """
    cleaned = posixpath.normpath(path) if path else "."
    if cleaned in (".", "..") or path.endswith(("/", "/.", "/..")):
        return posixpath.normpath(f"{cleaned}/{FILE}")
    return cleaned


def _percent(text: str) -> str:
    return "".join(
        char
        if _KEPT.match(char)
        else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in text
    )
