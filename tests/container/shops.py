"""Apps for workflows that act executes: only `web`, whose checks pass within seconds, so a deploy is quick, and what is told is the way to it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import shop
from tests.stage import Stage, stage

MANIFEST = shop.manifest("rolling").replace('  worker = "bin/worker --queue default"\n', "")
APP = "acme-shop"
SECOND = "FlyV1 fm2_second"
"""The token of the second app."""


def make_app(name: str, *, prefix: str = "") -> dict[str, Any]:
    """Three machines of `web`; their ids begin with `prefix`."""
    found = shop.fleet(standby=False)
    found = copy.deepcopy({key: found[key] for key in ("organization", "configs", "machines")})
    found["machines"] = [
        m | {"id": prefix + m["id"][len(prefix) :]} for m in found["machines"] if m["config"] == "web"
    ]
    return {**found, "app": name}


@contextmanager
def open_stage(folder: Path, *apps: dict[str, Any], manifest: str = MANIFEST) -> Iterator[Stage]:
    """The apps' fleets. The token of the first opens the first only, that of the second the second."""
    texts = ["fm2_demo", SECOND.removeprefix("FlyV1 ")]
    tokens = [{"text": text, "apps": [app["app"]]} for text, app in zip(texts, apps, strict=False)]
    (folder / "fly.toml").write_text(manifest, "utf-8")
    (folder / "fleet.json").write_text(json.dumps({"apps": apps, "tokens": tokens}), "utf-8")
    with stage(speed=4, fleet=folder / "fleet.json", manifest=folder / "fly.toml") as made:
        yield made
