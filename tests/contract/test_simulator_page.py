"""The live page: in a real browser it follows the fleet, and names from outside stay text. Its rows over plain HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.simulator.builders import make_config, make_service
from tests.simulator.process import Running
from tests.simulator.stage import IMAGE, on_virtual_time, open_stage
from tests.simulator.thread import run_simulator_here

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
WEB = make_config(services=[make_service()])
FLEET: dict[str, Any] = {
    "app": "acme-shop",
    "machines": [
        {"id": "10000000000001", "name": "web-1", "region": "ams", "config": WEB},
        {"id": "10000000000002", "name": "web-2", "region": "gru", "config": WEB},
        {"id": "10000000000003", "name": HOSTILE, "region": "ams", "config": make_config(group=HOSTILE)},
    ],
}


def find_chromium() -> str:
    """The browser; without one the test is skipped, unless FLIGHTPLAN_REQUIRE names it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None and "chromium" in os.environ.get("FLIGHTPLAN_REQUIRE", "").split(","):
        pytest.fail("FLIGHTPLAN_REQUIRE names chromium, and there is none")
    return found or pytest.skip("no Chromium here: apt-get install chromium")


def dump_page(chromium: str, base: str, home: Path) -> str:
    """The document after one and a half seconds of the page's own time, which stands still while it asks the simulator."""
    switches = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server")
    profile = f"--user-data-dir={home / 'profile'}"
    ended = subprocess.run(
        [chromium, *switches, profile, "--virtual-time-budget=1500", "--dump-dom", f"{base}/"],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout


class Page(HTMLParser):
    """Title, tags, and the rows of the tables."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: dict[str, list[str]] = {}
        self.changes: dict[str, int] = {}
        self.title = self.text = ""
        self._row: list[str] | None = None
        self._in = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in = tag
        known = dict(attrs)
        machine = known.get("data-machine")
        if tag == "tr" and machine:
            self._row = self.rows.setdefault(machine, [])
            self.changes[machine] = int(known.get("data-changes") or 0)
        if tag == "td" and self._row is not None:
            self._row.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self._row = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in == "title":
            self.title += data
        if self._row:
            self._row[-1] += data


def keep_updating(simulator: Running, over: threading.Event) -> None:
    """Somebody updates web-1 again and again, and takes a lease with a hostile name on web-2."""
    with httpx.Client(
        base_url=simulator.base, headers={"Authorization": "Bearer t"}, trust_env=False
    ) as client:
        client.post(
            "/_sim/do", json={"act": "lease", "machine": "web-2", "owner": HOSTILE, "ttl": 600}
        ).raise_for_status()
        tag = 42
        while not over.wait(0.3):
            tag += 1
            config = {**WEB, "image": f"registry.fly.io/acme-shop:v{tag}"}
            client.post("/v1/apps/acme-shop/machines/10000000000001", json={"config": config})


@pytest.mark.packages
def test_the_page_follows_the_fleet_and_hostile_names_stay_text(tmp_path: Path) -> None:
    chromium = find_chromium()
    over = threading.Event()
    with run_simulator_here(FLEET, speed=20.0) as simulator:
        somebody = threading.Thread(target=keep_updating, args=(simulator, over))
        somebody.start()
        try:
            page = Page(dump_page(chromium, simulator.base, tmp_path))
        finally:
            over.set()
            somebody.join()
        versions = {m["id"]: m["version"] for m in simulator.app()["machines"]}
    assert page.changes["10000000000001"] >= 4, page.changes
    assert page.changes["10000000000003"] == 0
    region, ident, state, checks, image, version, lease, traffic = page.rows["10000000000002"]
    assert (region, ident, state, checks, image) == (
        "gru",
        "10000000000002",
        "started",
        "1/1",
        "acme-shop:v41",
    )
    assert lease == HOSTILE
    assert traffic in {"50 %", "100 %"}
    assert versions["10000000000002"].endswith(version.removeprefix("…"))
    assert (page.title.strip(), "img" in page.tags, HOSTILE in page.text) == ("Simulated fleet", False, True)
    assert "/v1/apps/acme-shop/machines/10000000000001" in page.text


@on_virtual_time
async def test_all_routable_machines_share_a_port_whatever_their_group() -> None:
    async with open_stage() as stage:
        stage.simulator.act("clone", machine="web-1", name="web-2")
        admin = make_config(group="admin", services=[make_service(external=8443), make_service(port=9000)])
        await stage.create(admin, name="admin-1")
        await stage.simulator.clock.sleep(30)

        async def look(**query: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await stage.client.get("/_sim/rows", params=query)).json()
            return found

        rows = (await look())["apps"][0]["machines"]
        shares = {row["name"]: row["share"] for row in rows}
        assert shares == {
            "web-1": 0.3333,
            "web-2": 0.3333,
            "admin-1": pytest.approx((1 + 1 / 3) / 2, abs=1e-3),
        }
        stage.simulator.act("cordon", machine="web-2")
        rows = (await look())["apps"][0]["machines"]
        assert [(row["name"], row["share"]) for row in rows if row["cordoned"]] == [("web-2", 0.0)]


@on_virtual_time
async def test_the_page_is_answered_as_soon_as_something_changes() -> None:
    async with open_stage() as stage:
        first = (await stage.client.get("/_sim/rows")).json()
        before = stage.now
        await stage.client.get("/_sim/rows", params={"known": first["known"]})
        assert stage.now == pytest.approx(before + 0.5)
        await stage.update()
        changed = (
            await stage.client.get("/_sim/rows", params={"known": first["known"], "since": first["seen"]})
        ).json()
        assert stage.now == pytest.approx(before + 0.5)
        assert [row["image"] for row in changed["apps"][0]["machines"]] == [IMAGE]
        assert [request[3:5] for request in changed["requests"]] == [["POST", stage.path()]]


@on_virtual_time
async def test_nothing_but_the_page_itself_may_run_in_it() -> None:
    async with open_stage() as stage:
        for path in ("/", "/_sim/page.js", "/_sim/page.css"):
            answer = await stage.client.get(path)
            assert answer.status_code == 200
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]


@on_virtual_time
async def test_a_request_that_is_held_comes_again_when_it_is_answered() -> None:
    async with open_stage() as stage:

        async def look(since: int) -> dict[str, Any]:
            found: dict[str, Any] = (await stage.client.get("/_sim/rows", params={"since": since})).json()
            return found

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(stage.wait, "stopped", timeout=20))
            await anyio.sleep(1)
            await stage.get()
            held = await look(0)
            assert ([row[2] for row in held["requests"]], held["seen"]) == ([0, 200], 0)
        answered = await look(held["seen"])
        assert ([row[2] for row in answered["requests"]], answered["seen"]) == ([408, 200], 2)
