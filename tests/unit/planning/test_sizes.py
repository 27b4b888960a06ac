"""Sizes of machines in words, and when one is smaller than another."""

from __future__ import annotations

import pytest

from entrypoint.kernel.json import Json
from entrypoint.planning.sizes import shrinks, size_change, size_words

SMALL: Json = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}
BIG: Json = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 4096}
TWO: Json = {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}
FAST: Json = {"cpu_kind": "performance", "cpus": 1, "memory_mb": 2048}
GPU: Json = {"cpu_kind": "performance", "cpus": 8, "memory_mb": 32768, "gpu_kind": "l40s"}


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        (SMALL, "shared-cpu-1x 512 MB"),
        (BIG, "shared-cpu-1x 4 GB"),
        ({"cpus": 1, "memory_mb": 1536}, "shared-cpu-1x 1.5 GB"),
        (FAST, "performance-1x 2 GB"),
        (GPU, "performance-8x 32 GB with l40s"),
        ({"cpu_kind": "shared", "cpus": 1}, "shared-cpu-1x"),
        ({"cpu_kind": "shared", "cpus": 1, "memory_mb": True}, "shared-cpu-1x"),
        ({}, ""),
        (None, ""),
        ("big", ""),
    ],
)
def test_a_size_in_words(guest: Json, words: str) -> None:
    assert size_words(guest) == words


@pytest.mark.parametrize(
    ("before", "after", "change", "smaller"),
    [
        (SMALL, SMALL, "", False),
        (BIG, SMALL, "4 GB → 512 MB", True),
        (SMALL, BIG, "512 MB → 4 GB", False),
        (TWO, SMALL, "shared-cpu-2x 512 MB → shared-cpu-1x 512 MB", True),
        (SMALL, TWO, "shared-cpu-1x 512 MB → shared-cpu-2x 512 MB", False),
        (FAST, BIG, "performance-1x 2 GB → shared-cpu-1x 4 GB", True),
        (BIG, FAST, "shared-cpu-1x 4 GB → performance-1x 2 GB", True),
        (SMALL, FAST, "shared-cpu-1x 512 MB → performance-1x 2 GB", False),
        (None, SMALL, "none → shared-cpu-1x 512 MB", False),
        (SMALL, None, "shared-cpu-1x 512 MB → none", False),
        (None, None, "", False),
    ],
)
def test_what_changes(before: Json, after: Json, change: str, *, smaller: bool) -> None:
    assert size_change(before, after) == change
    assert shrinks(before, after) is smaller
