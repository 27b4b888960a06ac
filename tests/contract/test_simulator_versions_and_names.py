"""Image strings, versions, unique names, events, normalisation, metadata."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import make_config
from tests.simulator.stage import APP, IMAGE, on_virtual_time, open_stage


@on_virtual_time
async def test_the_same_image_string_keeps_the_digest_even_if_the_tag_moved() -> None:
    async with open_stage() as stage:
        before = (await stage.get())["image_ref"]["digest"]
        image = stage.machine.config["image"]
        stage.simulator.act("move_tag", image=image)
        same = (await stage.update(config={**stage.machine.config, "env": {"A": "1"}})).json()
        assert same["image_ref"]["digest"] == before
        await stage.update(config={**stage.machine.config, "image": IMAGE})
        back = (await stage.update(config={**stage.machine.config, "image": image})).json()
        assert back["image_ref"]["digest"] != before


@on_virtual_time
async def test_a_digest_in_the_image_is_what_runs() -> None:
    async with open_stage() as stage:
        digest = "sha256:" + "ab" * 32
        shown = (
            await stage.update(config=make_config(image=f"registry.fly.io/acme-shop:v9@{digest}"))
        ).json()
        assert shown["image_ref"] == {
            "registry": "registry.fly.io",
            "repository": "acme-shop",
            "tag": "v9",
            "digest": digest,
            "labels": {},
        }
        assert (await stage.update(config=make_config(image="registry.fly.io/ACME:v1"))).status_code == 400


@on_virtual_time
async def test_all_versions_are_kept_and_metadata_makes_none() -> None:
    async with open_stage() as stage:
        first = await stage.get()
        await stage.update()
        path = stage.path("/metadata")
        assert (await stage.client.patch(path, json={"metadata": {"a": "1", "b": "2"}})).status_code == 204
        assert (await stage.client.put(path, json={"metadata": {"b": ""}})).status_code == 204
        shown = await stage.get()
        versions = (await stage.client.get(stage.path("/versions"))).json()
        assert [row["version"] for row in versions] == [shown["version"], first["version"]]
        assert versions[1]["user_config"] == first["config"]
        assert shown["instance_id"] == shown["version"]
        assert (shown["config"]["metadata"]["a"], "b" in shown["config"]["metadata"]) == ("1", False)


@on_virtual_time
async def test_metadata_is_read_set_and_removed_by_key_and_guarded_by_version() -> None:
    async with open_stage() as stage:
        client, path = stage.client, stage.path
        assert (await client.post(path("/metadata/colour"), json={"value": "blue"})).status_code == 204
        assert (await client.get(path("/metadata/colour"))).json() == {"value": "blue"}
        assert (await client.get(path("/metadata"))).json()["colour"] == "blue"
        assert (await client.delete(path("/metadata/colour"))).status_code == 204
        assert (await client.get(path("/metadata/colour"))).status_code == 404
        stale = {"metadata": {"a": "1"}, "machine_version": "01HQ0000000000000000000000"}
        assert (await client.patch(path("/metadata"), json=stale)).status_code == 412
        fresh = {"metadata": {"a": "1"}, "machine_version": (await stage.get())["version"]}
        assert (await client.patch(path("/metadata"), json=fresh)).status_code == 204


@on_virtual_time
async def test_a_name_is_unique_among_the_living_and_the_refusal_names_who_has_it() -> None:
    async with open_stage() as stage:
        refused = await stage.create(name="web-1")
        ident = stage.machine.id
        text = f'unique machine name violation, machine ID {ident} already exists with name "web-1"'
        assert (refused.status_code, refused.json()["error"]) == (
            409,
            f"already_exists: {text}",
        )
        one, two = (await stage.create()).json(), (await stage.create()).json()
        assert one["id"] != two["id"]
        assert one["name"] != two["name"]
        await stage.client.delete(stage.path(), params={"force": "true"})
        await stage.wait("destroyed")
        assert (await stage.create(name="web-1")).status_code == 200


@on_virtual_time
async def test_events_are_newest_first_and_of_the_present_version_only() -> None:
    async with open_stage() as stage:
        old = (await stage.get())["version"]
        await stage.simulator.clock.sleep(10)
        await stage.update()
        await stage.wait("started")
        events = (await stage.get())["events"]
        assert [(e["type"], e["status"], e["source"]) for e in events] == [
            ("start", "started", "flyd"),
            ("launch", "created", "user"),
        ]
        assert events[0]["timestamp"] > events[1]["timestamp"] == 1767225610000
        assert all(len(event["id"]) == 26 for event in events)
        past = (await stage.client.get(stage.path(), params={"version": old})).json()["events"]
        assert [(e["type"], e["status"]) for e in past[:2]] == [("exit", "stopped"), ("update", "replacing")]


@on_virtual_time
async def test_an_exit_event_has_both_nestings_and_events_are_capped() -> None:
    async with open_stage(config=make_config(restart={"policy": "always", "max_retries": 100})) as stage:
        for _ in range(30):
            stage.simulator.act("exit", code=137, oom=True)
            await stage.wait("started")
            await stage.simulator.clock.sleep(5)
        shown = (await stage.get())["events"]
        assert len(shown) == 20
        newest = next(event for event in shown if event["type"] == "exit")["request"]
        assert newest["exit_event"] == newest["MonitorEvent"]["exit_event"]
        assert newest["exit_event"]["oom_killed"] is True
        assert newest["restart_count"] == 30
        for limit, count in ((50, 50), (5, 5)):
            answer = await stage.client.get(stage.path("/events"), params={"limit": limit})
            assert len(answer.json()) == count
        assert (await stage.client.get(stage.path("/events"), params={"limit": 51})).status_code == 400


@pytest.mark.parametrize(
    ("sent", "shown"), [("off", False), ("stop", True), ("suspend", "suspend"), (True, True)]
)
def test_autostop_is_normalised(sent: Any, shown: Any) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            service = {"internal_port": 8080, "protocol": "tcp", "ports": [], "autostop": sent}
            answer = (await stage.create(make_config(services=[service]))).json()["config"]
            assert answer["services"][0]["autostop"] == shown
            assert answer["services"][0]["force_instance_key"] is None
            assert answer["init"] == {}

    run()


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"image": ""},
        {"image": 1},
        {"image": IMAGE, "guest": {"cpu_kind": "shared", "cpus": 3, "memory_mb": 256}},
        {"image": IMAGE, "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 300}},
        {"image": IMAGE, "guest": {"cpu_kind": "performance", "cpus": 1, "memory_mb": 1024}},
        {"image": IMAGE, "guest": {"cpu_kind": "shared", "cpus": True, "memory_mb": 256}},
        {"image": IMAGE, "guest": {"cpu_kind": ["shared"]}},
        {"image": IMAGE, "guest": {}, "size": "shared-cpu-1x"},
        {"image": IMAGE, "size": "huge"},
        {"image": IMAGE, "env": {"A": 1}},
        {"image": IMAGE, "env": []},
        {"image": IMAGE, "services": [1]},
        {"image": IMAGE, "services": [{"autostart": "yes"}]},
        {"image": IMAGE, "services": [{"autostop": "maybe"}]},
        {"image": IMAGE, "services": [{"autostop": []}]},
        {"image": IMAGE, "services": [{"checks": {"a": 1}}]},
        {"image": IMAGE, "services": [{"ports": 1}]},
        {"image": IMAGE, "checks": {"a": 1}},
        {"image": IMAGE, "mounts": [{"volume": "vol_1"}, {"volume": "vol_2"}]},
        {"image": IMAGE, "restart": "no"},
        {"image": IMAGE, "restart": {"max_retries": "x"}},
        {"image": IMAGE, "standbys": 3},
        {"image": IMAGE, "init": {"cmd": 3}},
        {"image": IMAGE, "metadata": {"fly_process_group": 3}},
    ],
)
def test_a_nonsensical_configuration_is_refused_with_400(config: Any) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            answer = await stage.client.post(f"{APP}/machines", json={"config": config})
            assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (400, "invalid_argument")
            assert len(stage.app.machines) == 1

    run()


@on_virtual_time
async def test_a_size_becomes_a_guest() -> None:
    async with open_stage() as stage:
        config = {"image": IMAGE, "size": "performance-2x"}
        shown = (await stage.create(config)).json()["config"]
        assert shown["guest"] == {"cpu_kind": "performance", "cpus": 2, "memory_mb": 4096}
