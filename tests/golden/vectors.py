"""What flyctl made of fly.toml files and fleets, one observation a line.

data/ holds those written for this project. The others derive from other projects' files: they are read where FLIGHTPLAN_VECTORS says, else
from ../shared/vectors beside the checkout, and never kept here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from entrypoint.kernel.json import copy_json

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COMMITTED = HERE / "data"
OTHERS = Path(os.environ.get("FLIGHTPLAN_VECTORS") or ROOT.parent / "shared" / "vectors")
_VERSIONS = ("fly_flyctl_version", "fly_platform_version")


@cache
def load(name: str) -> tuple[dict[str, Any], ...]:
    """The lines of a file; none where it is not there."""
    for folder in (COMMITTED, OTHERS):
        path = folder / f"{name}.jsonl"
        if path.is_file():
            return tuple(json.loads(line) for line in path.read_text("utf-8").splitlines())
    return ()


def load_or_skip(name: str) -> tuple[dict[str, Any], ...]:
    """The same; skips the test, with the reason, where there are none."""
    lines = load(name)
    if not lines:
        pytest.skip(f"{name}.jsonl derives from other projects' files and is not in {OTHERS}")
    return lines


def comparable(config: Mapping[str, Any] | None) -> Any:
    """A Machine config as the vectors' README defines equal: without flyctl's versions, headers as a set."""
    if config is None:
        return None
    metadata = {k: v for k, v in config.get("metadata", {}).items() if k not in _VERSIONS}
    return _with_header_sets(copy_json({**config, "metadata": metadata}))


def _with_header_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: sorted(item, key=lambda header: json.dumps(header, sort_keys=True))
            if key == "headers" and isinstance(item, list)
            else _with_header_sets(item)
            for key, item in value.items()
        }
    return [_with_header_sets(item) for item in value] if isinstance(value, list) else value
