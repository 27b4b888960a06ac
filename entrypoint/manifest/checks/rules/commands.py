"""The commands of fly.toml, split as flyctl splits them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path
from entrypoint.manifest.values import split_command


class Command(NamedTuple):
    """A command, with its position and its words. `text` is not empty."""

    path: Path
    text: str
    words: list[str]


def commands(manifest: Manifest) -> Iterator[Command]:
    """The commands of groups, release and console. Those that cannot be split are left out, because flyctl rejects them."""
    paths: list[Path] = [("processes", name) for name in manifest.table("processes")]
    texts = [*manifest.table("processes").values(), manifest.deploy.release_command]
    paths += [("deploy", "release_command"), ("console_command",)]
    texts.append(manifest.values.get("console_command"))
    for path, text in zip(paths, texts, strict=True):
        if isinstance(text, str) and text:
            try:
                yield Command(path=path, text=text, words=split_command(text))
            except ValueError:
                continue
