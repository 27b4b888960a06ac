"""Files that are read and that git does not have in this state: they count as inputs."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.modes.ports import Checkout
from entrypoint.modes.source import Source


def generated_files(source: Source, files: Checkout) -> Mapping[str, bytes | None]:
    """By path, with their content: generated, changed by a step before this one, links, or everything where there is no commit."""
    return {
        path: data
        for path, data in source.contents.items()
        if data is not None and not files.is_committed(path, data)
    }
