"""Telling cases, each a folder of comments/: fly.toml and fleet.json (flightplan.toml, inputs.json), and what is said of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entrypoint.kernel.run import AllowDestroy
from tests.bench import Bench, make_bench

CASES = sorted(path.parent for path in (Path(__file__).parent / "comments").glob("*/fly.toml"))
SMALL = [
    case
    for case in CASES
    if "copies" not in (case / "inputs.json").read_text("utf-8")
    and '"read_only"' not in (case / "fleet.json").read_text("utf-8")
]
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
DEFAULTS = json.loads((Path(__file__).parent / "comments" / "fleet-defaults.json").read_text("utf-8"))


def make_case(
    case: Path, *, faults: Mapping[str, Any] | None = None
) -> tuple[Bench, dict[str, Any], dict[str, int]]:
    """The bench of a case, its inputs, and `copies`: so many machines more of a config."""
    inputs = read(case / "inputs.json")
    copies = inputs.pop("copies", {})
    if "allow_destroy" in inputs:
        inputs["allow_destroy"] = AllowDestroy(inputs["allow_destroy"])
    fleet = {**DEFAULTS, **read(case / "fleet.json")}
    fleet["configs"] = {**DEFAULTS["configs"], **fleet.get("configs", {})}
    regions = ("ams", "gru", "iad", "nrt")
    for group, count in copies.items():
        fleet["machines"] = fleet.get("machines", []) + [
            {"id": f"{group[:2]}{index:012}", "region": regions[index % len(regions)], "config": group}
            for index in range(count)
        ]
    bench = make_bench(manifest=(case / "fly.toml").read_text("utf-8"), fleet=fleet, faults=faults)
    policy = case / "flightplan.toml"
    if policy.exists():
        bench.files["flightplan.toml"] = policy.read_text("utf-8")
    return bench, inputs, copies


def read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    assert isinstance(found, dict)
    return found


def check(path: Path, text: str) -> None:
    if UPDATE:
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
