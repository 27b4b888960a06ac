"""Which plan of a repository: app, path of fly.toml, environment. Comments, statuses and marks are found by it."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass

from entrypoint.kernel.json import digest

FILE = "fly.toml"
MOST_CONTEXT = 200
"""Characters of a status context that are written as they are; GitHub takes 255."""
_KEPT = re.compile(r"[A-Za-z0-9._/-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewKey:
    """Made by `review_key`, which normalises the path."""

    app: str
    config: str
    """Path of fly.toml, relative to the workspace, normalised."""
    environment: str
    """Empty without one."""

    @property
    def context(self) -> str:
        """The context of the commit status: `flightplan/<app>/<config>@<environment>`, of characters that GitHub keeps."""
        place = f"flightplan/{_percent(self.app)}/{_percent(self.config)}"
        text = f"{place}@{_percent(self.environment)}" if self.environment else place
        if len(text) <= MOST_CONTEXT:
            return text
        return f"{text[:150]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def hash(self) -> str:
        """12 hex characters: the key in a machine's marks."""
        return digest([self.app, self.config, self.environment])[:12]


def review_key(*, app: str, config: str, environment: str) -> ReviewKey:
    """The key of these three; `config` as the input says it."""
    return ReviewKey(app=app, config=normalise_config(config), environment=environment)


def normalise_config(path: str) -> str:
    """One spelling of a path: `./fly.toml`, `.`, `` and `fly.toml` are one; so are `deploy/` and `deploy/fly.toml`.

    Whether `deploy` is a folder only the disk knows: whoever finds fly.toml in it says `deploy/fly.toml`.
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
