"""Fly's own figures, to the cent; and nothing said where the table does not say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.prices import PRICES

PAGE = {
    ("shared", 1, 256, "iad"): "2.19",
    ("shared", 1, 512, "iad"): "3.69",
    ("shared", 1, 1024, "ewr"): "6.70",
    ("shared", 2, 2048, "iad"): "13.39",
    ("performance", 1, 2048, "iad"): "33.00",
    ("performance", 2, 4096, "iad"): "66.00",
    ("shared", 1, 1024, "fra"): "7.73",
    ("shared", 1, 1024, "sin"): "8.50",
    ("performance", 16, 131072, "iad"): "1104.32",
    ("shared", 8, 16384, "iad"): "101.60",
}
"""The eight figures of docs.fly.io/about/pricing as read on 27 November 2026, and the two largest sizes."""
SMALL: JsonObject = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}


@pytest.mark.parametrize("size", PAGE)
def test_the_figures_of_flys_page(size: tuple[str, int, int, str]) -> None:
    kind, cpus, memory, region = size
    price = PRICES.machine({"cpu_kind": kind, "cpus": cpus, "memory_mb": memory}, region=Region(region))
    assert price is not None
    assert price.quantize(Decimal("0.01")) == Decimal(PAGE[size])


@pytest.mark.parametrize(
    ("change", "region"),
    [
        ({}, "bom"),
        ({}, ""),
        ({"cpu_kind": "huge"}, "iad"),
        ({"cpu_kind": None}, "iad"),
        ({"cpus": 0}, "iad"),
        ({"cpus": "1"}, "iad"),
        ({"cpus": True}, "iad"),
        ({"memory_mb": None}, "iad"),
        ({"memory_mb": 10**9}, "iad"),
        ({"gpu_kind": "a10"}, "iad"),
    ],
)
def test_what_the_table_does_not_say__is_unknown(change: JsonObject, region: str) -> None:
    assert PRICES.machine({**SMALL, **change}, region=Region(region)) is None


def test_a_volume_and_an_address() -> None:
    assert (PRICES.volume(10), PRICES.ipv4) == (Decimal("1.50"), Decimal(2))
