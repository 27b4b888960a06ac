"""`[verify]`: the app itself is asked when the last wave has passed; a breach rolls back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import anyio
import httpx

from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy, Gate, OnFailure
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, as_recorded, make_bench, virtual

SHOP = MANIFEST.replace('  release_command = "bin/migrate"\n', "").replace('  mailer = "bin/mailer"\n', "")
URL = "https://shop.example/up"
SECRET = "postgres://user:hunter2@db/shop"


class Wire(httpx.AsyncByteStream):
    """A body as it comes from a network."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


class App(httpx.AsyncBaseTransport):
    """The app behind the URL. `answer` gets the seconds since the first question; `delay` in seconds."""

    def __init__(self, answer: Callable[[float], tuple[int, bytes]], *, delay: float = 0.0) -> None:
        self.answer = answer
        self.delay = delay
        self.asked: list[float] = []
        self.headers: dict[str, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(anyio.current_time())
        await anyio.sleep(self.delay)
        status, body = self.answer(self.asked[-1] - self.asked[0])
        return httpx.Response(status, headers=self.headers, stream=Wire(body))


def make(policy: str, app: App, *, address: str = "66.241.124.1", **world: Any) -> Bench:
    bench = make_bench(manifest=SHOP, **world)
    bench.files["flightplan.toml"] = f'[verify]\nurl = "{URL}"\n{policy}'

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("shop.example", 443)
        return [address]

    bench.probe = HttpsProbe(allow_loopback=False, resolve=resolve, transport=app)
    return bench


async def deploy(bench: Bench, **inputs: Any) -> Any:
    return await bench.deploy(**{"gate": Gate.NONE, "image": IMAGE, **inputs})


def is_undone(bench: Bench, app: App) -> str:
    """Deploy, which must be rolled back: every config as before, no lease left. What was said."""
    before = as_recorded(bench)
    result = virtual(lambda: deploy(bench))
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.HALTED, "rolled-back")
    assert as_recorded(bench) == before
    assert bench.leases() == []
    said = "".join(
        (*bench.console.log, *bench.console.summaries, *(c.body for c in bench.said(outcome=True)))
    )
    assert SECRET not in said
    return said


def test_a_right_answer__is_in_the_outcome() -> None:
    app = App(lambda _: (200, b'{"checks": {"db": "ok"}}'))
    bench = make('status = 200\njson = { checks.db = "ok" }\n', app)
    result = virtual(lambda: deploy(bench))
    assert result.outputs["result"] == "deployed"
    assert len(app.asked) == 1
    assert f"`{URL}` answered as asked 1 time" in bench.console.summaries[-1]


def test_it_is_asked_when_the_last_wave_has_passed__and_bakes() -> None:
    app = App(lambda _: (204, b""))
    bench = make("bake = 60\n", app)
    assert virtual(lambda: deploy(bench)).outputs["result"] == "deployed"
    updates = [e.at for e in bench.sim.journal.entries if e.operation == "machine_update"]
    assert app.asked[-1] - app.asked[0] >= 55
    assert 10 <= len(app.asked) <= 14
    assert len(updates) > 3


def test_an_error__is_asked_again_for_a_while__then_rolled_back() -> None:
    app = App(lambda _: (500, SECRET.encode()))
    said = is_undone(make("", app), app)
    assert "answered 500 instead of 200 to 299" in said
    assert 25 <= app.asked[-1] - app.asked[0] <= 35


def test_an_app_that_needs_a_moment__is_waited_for() -> None:
    app = App(lambda since: (200 if since > 12 else 502, b""))
    assert virtual(lambda: deploy(make("", app))).outputs["result"] == "deployed"


def test_wrong_json__is_said_without_the_body() -> None:
    app = App(lambda _: (200, f'{{"db": "{SECRET}"}}'.encode()))
    said = is_undone(make('json = { db = "ok" }\n', app), app)
    assert "answered with another value of db" in said


def test_no_json__and_a_long_answer() -> None:
    app = App(lambda _: (200, SECRET.encode()))
    assert "did not answer with JSON" in is_undone(make('json = { db = "ok" }\n', app), app)
    app = App(lambda _: (200, b" " * 70_000 + b'{"db": "ok"}'))
    assert "more than 64 KB" in is_undone(make('json = { db = "ok" }\n', app), app)


def test_a_slow_app() -> None:
    app = App(lambda _: (200, b""), delay=11)
    assert "did not answer within 10 s" in is_undone(make("", app), app)


def test_a_redirect_to_another_host__is_not_followed() -> None:
    app = App(lambda _: (302, b""))
    app.headers = {"Location": "https://169.254.169.254/latest/meta-data"}
    assert "redirects to another host" in is_undone(make("", app), app)
    assert len(app.asked) == 1


def test_a_private_address__is_not_asked() -> None:
    app = App(lambda _: (200, b""))
    assert "not public" in is_undone(make("", app, address="fdaa:0:1:a7b::3"), app)
    assert app.asked == []


def test_a_breach_after_20_s_of_bake__rolls_back__under_leases_taken_again() -> None:
    app = App(lambda since: (503 if since >= 20 else 200, b""))
    bench = make("bake = 60\n", app)
    is_undone(bench, app)
    assert 20 <= app.asked[-1] - app.asked[0] <= 32
    entries = bench.sim.journal.entries
    web = [e for e in entries if e.machine == "148ed21a031189"]
    kinds = [e.operation for e in web if e.operation in ("lease_acquire", "machine_update", "lease_release")]
    assert kinds == ["lease_acquire", "machine_update", "lease_release"] * 2


def test_one_wrong_answer_while_it_bakes__is_no_breach() -> None:
    app = App(lambda since: (503 if 20 <= since <= 21 else 200, b""))
    assert virtual(lambda: deploy(make("bake = 60\n", app))).outputs["result"] == "deployed"


def test_a_check_that_fails_while_it_bakes__rolls_back() -> None:
    app = App(lambda _: (200, b""))
    bench = make("bake = 120\n", app)
    bench.sim.world.behaviours[:] = make_bench(
        faults={
            "behaviours": [
                {"image": "*:v42*", "group": "web", "checks": "pass_then_fail", "check_changes": 90.0}
            ]
        }
    ).sim.world.behaviours
    is_undone(bench, app)


def test_hold__says_so_and_leaves_it() -> None:
    app = App(lambda _: (500, b""))
    bench = make("", app)
    result = virtual(lambda: deploy(bench, on_failure=OnFailure.HOLD))
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.HALTED, "halted")
    assert all("v42" in m.config["image"] for m in bench.groups()["web"])


def test_a_signal_while_it_bakes__ends_at_once() -> None:
    app = App(lambda _: (200, b""))
    bench = make("bake = 3600\n", app)

    async def story() -> tuple[Any, float]:
        stop = anyio.Event()
        results: list[Any] = []

        async def run() -> None:
            results.append(await deploy(bench, stop=stop))

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            while not app.asked:  # nothing says when
                await anyio.sleep(0.5)
            begun = anyio.current_time()
            stop.set()
        return results[0], anyio.current_time() - begun

    result, took = virtual(story)
    assert result.outputs["result"] == "cancelled"
    assert took < 7
    assert bench.leases() == []


def test_the_plan_says_it_before() -> None:
    bench = make('status = 204\nbake = 20\njson = { db = "ok" }\n', App(lambda _: (200, b"")))
    virtual(bench.plan)
    body = bench.said()[-1].body
    assert f'ask `{URL}` for 20 s: it must answer 204, with `db` = `"ok"`' in body


def test_a_machine_that_the_deploy_has_destroyed__does_not_keep_the_others_from_being_restored() -> None:
    bench = make("[groups.web.count]\nams = 2\ngru = 0\n", App(lambda _: (500, b"")))
    before = as_recorded(bench)
    result = virtual(lambda: deploy(bench, allow_destroy=AllowDestroy.ALL))
    assert result.exit_code is ExitCode.HALTED
    destroyed = before.keys() - as_recorded(bench).keys()
    assert len(destroyed) == 1
    assert as_recorded(bench) == {ident: config for ident, config in before.items() if ident not in destroyed}


def test_a_breach_of_a_first_deploy__leases_that_could_not_be_given_back_are_waited_for() -> None:
    """Fly refused to end the leases of the new machines before the question was asked, and nobody has their nonces any more."""
    refused = {"operation": "lease_release", "nth": 1, "times": 9, "fault": "answer", "status": 403}
    empty = {**FLEET, "machines": [], "volumes": [], "status": "pending"}
    bench = make("", App(lambda _: (500, b"")), fleet=empty, faults={"rules": [refused]})
    assert virtual(lambda: deploy(bench)).outputs["result"] == "rolled-back"
    assert bench.machines() == {}
