"""The stories of tests/golden/stories, played: a review, a merge, and what people read on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.cases import check, read
from tests.golden.stories import STORIES, tell


@pytest.mark.parametrize("folder", STORIES, ids=[folder.name for folder in STORIES])
def test_a_story__is_told_like_this(folder: Path) -> None:
    told = tell(folder)
    assert told.result == read(folder / "story.json").get("ends", "deployed")
    for name, text in told.files.items():
        check(folder / name, text + "\n")
    kept = {path.name for path in folder.iterdir()}
    assert kept - {"fly.toml", "flightplan.toml", "fleet.json", "inputs.json", "story.json"} == set(
        told.files
    )
