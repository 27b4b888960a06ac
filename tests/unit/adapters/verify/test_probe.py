"""Asking a URL that a repository names reaches that host at a public address, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest

from entrypoint.adapters.verify.probe import MOST_BYTES, HttpsProbe
from entrypoint.rollout.ports import Answer, NotAnswered
from tests.simulator.virtual import run_virtual

URL = "https://shop.example/up"
Handler = Callable[[httpx.Request], httpx.Response]


class Wire(httpx.AsyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), 1000):
            yield self.body[start : start + 1000]


class Net:
    """Names, and who answers behind them; what was asked for."""

    def __init__(self, answer: Handler, *addresses: str, down: Sequence[str] = ()) -> None:
        self.answer = answer
        self.addresses = addresses or ("66.241.124.1",)
        self.down = down
        self.resolved: list[str] = []
        self.requests: list[httpx.Request] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.resolved.append(host)
        if not port:
            raise OSError
        return self.addresses

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self.down:
            raise httpx.ConnectError("refused")
        found = self.answer(request)
        return httpx.Response(found.status_code, headers=found.headers, stream=Wire(found.content))

    def ask(self, url: str = URL, *, loopback: bool = False) -> Answer:
        probe = HttpsProbe(
            allow_loopback=loopback, resolve=self.resolve, transport=httpx.MockTransport(self.handle)
        )
        return run_virtual(lambda: probe.ask(url))

    def refuse(self, url: str = URL, *, loopback: bool = False) -> NotAnswered:
        with pytest.raises(NotAnswered) as caught:
            self.ask(url, loopback=loopback)
        return caught.value


def ok(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"fine")


def sent_on(*places: str) -> Handler:
    """Redirects, one after the other, and then an answer."""
    left = list(places)
    return lambda _: httpx.Response(302, headers={"Location": left.pop(0)}) if left else httpx.Response(204)


def test_it_connects_to_the_address_that_was_resolved__and_keeps_the_name() -> None:
    net = Net(ok, "66.241.124.1", "2a09:8280:1::1")
    assert net.ask("https://shop.example:8443/up?full=1") == Answer(status=200, body=b"fine")
    (request,) = net.requests
    assert net.resolved == ["shop.example"]
    assert request.url == "https://66.241.124.1:8443/up?full=1"
    assert request.headers["Host"] == "shop.example:8443"
    assert request.extensions["sni_hostname"] == "shop.example"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


def test_the_next_address_where_the_first_takes_no_connection() -> None:
    net = Net(ok, "66.241.124.1", "2a09:8280:1::1", down=["66.241.124.1"])
    assert net.ask().status == 200
    assert [r.url.host for r in net.requests] == ["66.241.124.1", "2a09:8280:1::1"]
    assert net.requests[1].headers["Host"] == "shop.example"


def test_no_address_takes_a_connection() -> None:
    assert not Net(ok, "66.241.124.1", down=["66.241.124.1"]).refuse().is_final


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("10.1.2.3",),
        ("fdaa:0:1:a7b::3",),
        ("::ffff:10.0.0.1",),
        ("66.241.124.1", "10.0.0.1"),
        ("100.64.0.9", "66.241.124.1"),
        ("fe80::1%eth0",),
    ],
)
def test_an_address_that_is_not_public__nothing_is_sent(addresses: tuple[str, ...]) -> None:
    net = Net(ok, *addresses)
    refused = net.refuse()
    assert (refused.is_final, net.requests) == (True, [])
    assert "not public" in refused.why


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/up",
        "https://user:secret@shop.example/up",
        "https://@shop.example/up",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https:///up",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example\\@evil.example/",
        "https://shop.example/a b",
        "https://shop.example/\r\nX: y",
        "https://schön.example/",
        "//shop.example/",
        "",
        "http://127.0.0.1/",
        "https://[::1/",
        "https://shop.example/" + "a" * 3000,
    ],
)
def test_urls_that_are_not_asked(url: str) -> None:
    net = Net(ok)
    refused = net.refuse(url)
    assert (refused.is_final, net.requests) == (True, [])
    assert "secret" not in refused.why


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]", "localhost", "127.0.0.1"]
)
def test_other_spellings_of_this_computer(host: str) -> None:
    net = Net(ok, "127.0.0.1")
    assert net.refuse(f"https://{host}/").is_final
    assert net.requests == []


def test_loopback_where_fly_is_on_loopback__and_nothing_internal_beside_it() -> None:
    net = Net(ok, "127.0.0.1")
    assert net.ask("http://localhost:8080/up", loopback=True).status == 200
    assert net.requests[0].url == "http://127.0.0.1:8080/up"
    assert Net(ok, "10.0.0.1").refuse("http://localhost/", loopback=True).is_final
    assert Net(ok, "127.0.0.1").refuse("https://shop.example/", loopback=True).is_final
    assert Net(ok, "127.0.0.1", "10.0.0.1").refuse("http://localhost/", loopback=True).is_final


def test_redirects_on_the_same_host_are_followed__to_the_same_address() -> None:
    net = Net(sent_on("/ready", "https://shop.example/now?x=1"))
    assert net.ask().status == 204
    assert [str(r.url) for r in net.requests] == [
        "https://66.241.124.1/up",
        "https://66.241.124.1/ready",
        "https://66.241.124.1/now?x=1",
    ]
    assert net.resolved == ["shop.example"]


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://shop.example/up",
        "https://shop.example:8443/",
        "https://169.254.169.254/latest",
        "https://user:pass@shop.example/",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(place: str) -> None:
    net = Net(sent_on(place))
    assert net.refuse().is_final
    assert len(net.requests) == 1


def test_a_redirect_to_no_url_at_all() -> None:
    net = Net(sent_on("javascript:alert(1)"))
    net.refuse()
    assert len(net.requests) == 1


def test_redirects_without_end() -> None:
    net = Net(sent_on(*["/up"] * 9))
    assert "more than 3 times" in net.refuse().why
    assert len(net.requests) == 4


def test_a_long_answer_is_cut() -> None:
    answer = Net(lambda _: httpx.Response(200, content=b"x" * (MOST_BYTES * 3))).ask()
    assert (len(answer.body), answer.is_whole) == (MOST_BYTES, False)
    assert Net(lambda _: httpx.Response(200, content=b"x" * MOST_BYTES)).ask().is_whole


@pytest.mark.parametrize(
    "error", [httpx.ReadError("x"), httpx.RemoteProtocolError("x"), httpx.ReadTimeout("x")]
)
def test_a_connection_that_breaks(error: Exception) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise error

    assert not Net(broken).refuse().is_final


def test_a_name_that_does_not_resolve() -> None:
    net = Net(ok)
    net.addresses = ()
    assert not net.refuse().is_final


def test_an_answer_that_takes_too_long() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        import anyio

        await anyio.sleep(60)
        return [host[:port]]

    probe = HttpsProbe(allow_loopback=False, resolve=slow, transport=httpx.MockTransport(ok))
    with pytest.raises(NotAnswered, match="within 10 s"):
        run_virtual(lambda: probe.ask(URL))
