"""Reading from any server that speaks the Machines API: rows with less or more than Fly's, pages in every form, and nonsense."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.reads import PAGE
from entrypoint.fleet.errors import AppNotFound, FleetError, MachineGone, Unauthorized, Unavailable
from entrypoint.fleet.model import Fleet, HostStatus
from entrypoint.kernel.ids import AppName, MachineId, Region, Version
from entrypoint.kernel.secrets import Secret
from tests.scripted import Say, Scripted, nested, one_after_another
from tests.simulator.virtual import run_virtual

T = TypeVar("T")
APP = {"name": "shop", "status": "deployed", "organization": {"slug": "acme"}}
ROW = {
    "id": "m1",
    "name": "web-1",
    "state": "started",
    "region": "ams",
    "config": {"image": "i"},
    "instance_id": "01A",
}


def run(server: Scripted, story: Callable[[MachinesClient], Awaitable[T]]) -> T:
    async def whole() -> T:
        async with MachinesClient(
            app=AppName("shop"), base_url="http://fly.test", token=Secret("t"), transport=server
        ) as client:
            return await story(client)

    return run_virtual(whole)


def observe(machines: Any = None, **others: Say) -> Fleet:
    return run(serving(machines, **others), lambda client: client.observe())


def test_a_machine_whose_id_cannot_be_encoded_is_in_the_fleet() -> None:
    rows = [{**ROW, "id": "m\ud800"}, {**ROW, "id": "m?", "region": "gru"}]
    assert [(machine.id, machine.region) for machine in observe(rows).machines] == [
        ("m?", "ams"),
        ("m?", "gru"),
    ]


def test_the_volume_of_a_machine_that_is_being_destroyed_counts_as_free__and_another_does_not() -> None:
    rows = [{**ROW, "state": "destroying"}, {**ROW, "id": "m2"}]
    volumes = [
        {"id": f"vol_{m}", "name": "data", "region": "ams", "attached_machine_id": m} for m in ("m1", "m2")
    ]
    fleet = observe(rows, volumes=Say(body=volumes))
    assert [machine.id for machine in fleet.machines] == ["m2"]
    assert {volume.id: volume.attached_machine for volume in fleet.volumes} == {
        "vol_m1": None,
        "vol_m2": "m2",
    }


def test_equal_configs_of_a_list_are_one_object__and_others_are_not() -> None:
    configs: list[Any] = [{"image": "i", "init": {"swap": 1}}, {"image": "i", "init": {"swap": True}}]
    rows = [{**ROW, "id": f"m{place}", "config": dict(configs[place // 2])} for place in range(4)]
    first, second, third, fourth = observe(rows).machines
    assert first.config is second.config
    assert third.config is fourth.config
    assert [first.config, third.config] == configs
    assert third.config["init"] is not first.config["init"]


def serving(machines: Any = None, **others: Say) -> Scripted:
    """A server with one app. `machines` is a body or an answer; others: `app`, `volumes`."""
    first = machines if isinstance(machines, Say) else Say(body=machines)

    def script(request: httpx.Request) -> Say:
        if request.url.path.endswith("/machines"):
            return first
        if request.url.path.endswith("/volumes"):
            return others.get("volumes", Say(body=[]))
        return others.get("app", Say(body=APP))

    return Scripted(script)


def test_a_row_with_everything_missing__is_a_machine() -> None:
    (machine,) = observe([{"id": "m1", "config": {}}]).machines
    assert (machine.id, machine.state, machine.version, machine.checks) == ("m1", "", "", ())
    assert machine.host_status is HostStatus.OK


def test_nulls_and_strange_types__are_absent() -> None:
    row = dict.fromkeys(
        (
            "name",
            "state",
            "region",
            "checks",
            "events",
            "image_ref",
            "cordoned",
            "nonce",
            "host_status",
            "version",
        )
    )
    odd = {
        "checks": [None, "x", {"name": 3}],
        "events": ["x", {"type": "exit", "request": None}],
        "image_ref": [],
        "state": 7,
    }
    first, second = observe([{**row, **ROW, "id": "m1"}, {**ROW, "id": "m2", **odd}]).machines
    assert first.name == "web-1"
    assert (second.state, len(second.checks)) == ("", 1)
    assert second.last_exit is not None


def test_unknown_fields_and_states__are_carried_through() -> None:
    row = {
        **ROW,
        "state": "hibernating",
        "config": {"image": "i", "quantum": {"x": [1, None, 2.5]}},
        "novelty": 1,
    }
    (machine,) = observe([row]).machines
    assert machine.state == "hibernating"
    assert machine.config["quantum"] == {"x": [1, None, 2.5]}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ([ROW], 1),
        ({"machines": [ROW]}, 1),
        ([], 0),
        (None, 0),
        ({"machines": None}, 0),
        ({"machines": []}, 0),
    ],
)
def test_a_list__comes_bare_or_in_an_object(body: Any, count: int) -> None:
    assert len(observe(body).machines) == count
    assert len(observe(Say(status=202, body=body)).machines) == count


def test_no_content__is_an_empty_list() -> None:
    assert observe(Say(status=204)).machines == ()


NONSENSE: list[Any] = [
    b"", b"<html>login</html>", b"\xff\xfe", b"{", b"NaN", b'[{"id":"m1","config":{"x":NaN}}]', b"1e999", b"[1e999]",
    nested(150), nested(100_000), b"[" * 200 + b"]" * 200, {}, {"machines": {}}, "text", 7, [7], [None], [{"name": "x"}],
    [{"id": ""}], [{"id": 7}], b"[" + b"1" * 5000 + b"]",
]  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE)
def test_what_is_no_list__is_never_an_empty_fleet(body: Any) -> None:
    answer = Say(body=body, headers={"fly-request-id": "01HQ", "content-type": "text/html; charset=nonsense"})
    with pytest.raises(Unavailable) as raised:
        observe(answer)
    assert "listing the machines of shop: the answer is " in str(raised.value)
    assert "(fly-request-id 01HQ)" in str(raised.value)
    assert "FLY_FLAPS_BASE_URL" in raised.value.hint


def test_halves_of_characters__do_no_harm() -> None:
    (machine,) = observe(b'[{"id":"m1","name":"a\\ud800b","config":{"env":{"K":"\\udfff"}}}]').machines
    assert machine.name.encode() == b"a?b"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_volumes__has_none(status: int) -> None:
    assert observe([ROW], volumes=Say(status=status)).volumes == ()


def test_a_server_that_knows_machines_only__is_enough() -> None:
    fleet = observe([ROW], app=Say(status=404, body={"error": "not found"}))
    assert (fleet.app.name, len(fleet.machines)) == ("shop", 1)


@pytest.mark.parametrize(
    "machines", [Say(body=[]), Say(status=404, body={"error": "app not found"}), Say(status=404)]
)
def test_no_app_and_no_machines__is_no_app(machines: Say) -> None:
    with pytest.raises(AppNotFound, match="There is no app shop"):
        observe(machines, app=Say(status=404, body={"error": 'Could not find App "shop"'}))


def test_an_app_of_which_little_is_said() -> None:
    fleet = observe([], app=Say(body={"id": "x", "organization": "acme", "status": None}))
    assert (fleet.app.name, fleet.app.organization, fleet.app.status) == ("shop", "acme", "")


def test_a_refused_read__is_raised_and_not_taken_for_nothing() -> None:
    with pytest.raises(Unauthorized):
        observe([ROW], volumes=Say(status=403))


def test_rows_without_a_config__are_read_one_by_one() -> None:
    def script(request: httpx.Request) -> Say:
        if request.url.path.endswith("/m1"):
            return Say(body=ROW)
        if request.url.path.endswith("/m2"):
            return Say(status=404)
        if request.url.path.endswith("/machines"):
            return Say(body=[{"id": "m1"}, {"id": "m2"}, {"id": "m3", "host_status": "unreachable"}])
        return Say(body=[] if request.url.path.endswith("/volumes") else APP)

    fleet = run(Scripted(script), lambda client: client.observe())
    assert [(m.id, dict(m.config)) for m in fleet.machines] == [("m1", {"image": "i"}), ("m3", {})]


def paging(pages: int, *, where: str) -> Scripted:
    """A server with one machine a page, whose cursor is in a header or in the body."""

    def script(request: httpx.Request) -> Say:
        if not request.url.path.endswith("/machines"):
            return Say(body=[] if request.url.path.endswith("/volumes") else APP)
        page = int(request.url.params.get("cursor") or 0)
        rows = [] if page == 1 else [{**ROW, "id": f"m{page}"}]  # pages may be empty
        following = str(page + 1) if page + 1 < pages else ""
        if where == "body":
            return Say(body={"machines": rows, "next_cursor": following or None})
        return Say(body=rows, headers={"fly-next-cursor": following} if following else {})

    return Scripted(script)


@pytest.mark.parametrize("where", ["header", "body"])
def test_all_pages_are_read(where: str) -> None:
    server = paging(7, where=where)
    fleet = run(server, lambda client: client.observe())
    assert [m.id for m in fleet.machines] == ["m0", "m2", "m3", "m4", "m5", "m6"]
    lists = [r for r in server.requests if r.url.path.endswith("/machines")]
    assert {r.url.params["limit"] for r in lists} == {str(PAGE)}
    assert len(lists) == 7


@pytest.mark.parametrize(("pages", "problem"), [(10_000, "more than 200 pages"), (0, "leads back to itself")])
def test_pages_without_end__are_an_error_and_not_a_part_of_the_fleet(pages: int, problem: str) -> None:
    server = paging(pages, where="header")
    if not pages:
        server = Scripted(
            lambda request: Say(
                body=[ROW] if request.url.path.endswith("/machines") else APP,
                headers={"fly-next-cursor": "again"},
            )
        )
    with pytest.raises(Unavailable, match=problem):
        run(server, lambda client: client.find(name="web-1"))


def test_a_server_without_pages__is_asked_for_everything() -> None:
    def script(request: httpx.Request) -> Say:
        if not request.url.path.endswith("/machines"):
            return Say(body=[] if request.url.path.endswith("/volumes") else APP)
        return (
            Say(status=400, body={"error": "bad limit"}) if "limit" in request.url.params else Say(body=[ROW])
        )

    assert len(run(Scripted(script), lambda client: client.observe()).machines) == 1


def test_of_many_of_one_name__the_living_is_found_else_the_newest() -> None:
    rows = [
        {**ROW, "id": "old", "state": "destroyed", "created_at": "2026-01-02T00:00:00Z"},
        {**ROW, "id": "older", "state": "destroyed", "created_at": "2026-01-01T00:00:00Z"},
    ]
    living = {**ROW, "id": "alive", "created_at": "2025-01-01T00:00:00Z"}

    def find(*found: dict[str, Any]) -> str | None:
        def script(request: httpx.Request) -> Say:
            by_id = {f"/v1/apps/shop/machines/{row['id']}": row for row in found}
            return Say(body=by_id.get(request.url.path, list(found)))

        machine = run(Scripted(script), lambda client: client.find(name="web-1"))
        return machine.id if machine else None

    assert (find(*rows), find(*rows, living), find()) == ("old", "alive", None)


def test_a_machine_that_was_just_made__may_be_unknown_for_a_moment() -> None:
    unknown = Say(status=404, body={"error": "machine not found"})
    server = Scripted(one_after_another(Say(body=ROW), unknown, unknown, Say(body=ROW), unknown))

    async def story(client: MachinesClient) -> str:
        await client.create(name="web-1", region=Region("ams"), config={}, skip_launch=False, lease_ttl=None)
        assert (await client.get(MachineId("m1"))).id == "m1"
        with pytest.raises(MachineGone):  # it has been seen: now gone is gone
            await client.get(MachineId("m1"))
        return "done"

    assert run(server, story) == "done"
    assert server.asked("GET") == 4


@pytest.mark.parametrize(
    "said",
    [
        Say(body=b""),
        Say(status=202, body={"ok": True}),
        Say(status=204),
        Say(body={**ROW, "instance_id": None}),
    ],
)
def test_an_update_that_says_little__is_read_afterwards(said: Say) -> None:
    new = {**ROW, "instance_id": "01B"}
    server = Scripted(lambda request: said if request.method == "POST" else Say(body=new))

    async def story(client: MachinesClient) -> str:
        written = await client.update(
            MachineId("m1"),
            config={},
            region=Region("ams"),
            expects=Version("01A"),
            nonce=None,
            skip_launch=False,
        )
        return written.version

    assert run(server, story) == "01B"
    assert server.asked("POST") == 1


@pytest.mark.parametrize("said", [Say(body=b""), Say(status=201, body={"ok": True}), Say(body={"id": "m1"})])
def test_a_create_that_says_little__is_found_by_its_name(said: Say) -> None:
    def script(request: httpx.Request) -> Say:
        if request.method == "POST":
            return said
        return Say(body=[ROW] if request.url.path.endswith("/machines") else ROW)

    server = Scripted(script)

    async def story(client: MachinesClient) -> str:
        made = await client.create(
            name="web-1", region=Region("ams"), config={"image": "i"}, skip_launch=False, lease_ttl=None
        )
        return made.version

    assert run(server, story) == "01A"
    assert server.asked("POST") == 1


def test_a_task_that_is_gone_after_an_unclear_start__has_run() -> None:
    server = Scripted(one_after_another(Say(body=ROW), Say(status=502), Say(status=404)))

    async def story(client: MachinesClient) -> None:
        await client.start(await client.get(MachineId("m1")), nonce=None)

    run(server, story)
    assert (server.asked("POST"), server.asked("GET")) == (1, 2)


@pytest.mark.parametrize("body", [b"", b"<html>", {}, [], None, {"ok": True}])
def test_a_machine_that_is_none__is_said_so(body: Any) -> None:
    with pytest.raises(FleetError, match="reading machine m1: the answer is"):
        run(Scripted(one_after_another(Say(body=body))), lambda client: client.get(MachineId("m1")))


@pytest.mark.parametrize("ident", ["../../v2/apps", "m/1?x=1#y", "m\r\nX: y", "ü", "a b"])
def test_an_id_of_any_text__stays_one_part_of_the_path(ident: str) -> None:
    server = Scripted(one_after_another(Say(body={**ROW, "id": ident})))
    run(server, lambda client: client.get(MachineId(ident)))
    (request,) = server.requests
    assert request.url.raw_path.count(b"/") == 5
    assert b"?" not in request.url.raw_path


def test_a_big_fleet__is_read_side_by_side() -> None:
    slow = Say(body=[{**ROW, "id": f"m{n}"} for n in range(5_000)], after=2.0)

    async def story(client: MachinesClient) -> float:
        begun = anyio.current_time()
        assert len((await client.observe()).machines) == 5_000
        return anyio.current_time() - begun

    assert run(serving(slow, app=Say(body=APP, after=2.0), volumes=Say(body=[], after=2.0)), story) < 3


def test_events_in_both_nestings() -> None:
    exit_ = {"exit_code": 3, "requested_stop": False, "restarting": True, "oom_killed": True}
    for request in (
        {"exit_event": exit_, "restart_count": 2},
        {"MonitorEvent": {"exit_event": exit_, "restart_count": 2}},
    ):
        row = {
            **ROW,
            "events": [
                {"type": "exit", "timestamp": 5, "request": request},
                {"type": "start", "timestamp": 4},
            ],
        }
        (machine,) = observe(json.dumps([row])).machines
        assert machine.last_exit is not None
        assert (machine.last_exit.exit_code, machine.last_exit.restart_count, machine.last_start) == (3, 2, 4)
