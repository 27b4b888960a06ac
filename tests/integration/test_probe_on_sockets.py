"""The probe over real connections on this computer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import anyio
import httpx
import pytest

from entrypoint.adapters.verify.probe import MOST_BYTES, HttpsProbe
from entrypoint.rollout.ports import Answer, NotAnswered
from tests.certificate import make_certificate


class App(BaseHTTPRequestHandler):
    """Says what it was asked, or more than anybody reads."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        body = b"x" * 5_000_000 if self.path == "/long" else f"{self.headers['Host']} {self.path}".encode()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(*, certificate: Path | None = None) -> Iterator[int]:
    """The app's port."""
    server = HTTPServer(("127.0.0.1", 0), App)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def ask(probe: HttpsProbe, url: str) -> Answer:
    return anyio.run(probe.ask, url, backend="trio")


def test_http_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy the environment names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving() as port:
        probe = HttpsProbe(allow_loopback=True)
        answer = ask(probe, f"http://localhost:{port}/up?x=1")
        assert answer == Answer(status=200, body=f"localhost:{port} /up?x=1".encode())
        long = ask(probe, f"http://127.0.0.1:{port}/long")
        assert (len(long.body), long.is_whole) == (MOST_BYTES, False)
        with pytest.raises(NotAnswered, match="must begin with https"):
            ask(HttpsProbe(allow_loopback=False), f"http://127.0.0.1:{port}/up")


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(NotAnswered, match="accepts no connection"):
            ask(HttpsProbe(allow_loopback=True), f"http://127.0.0.1:{free.getsockname()[1]}/")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "shop.pem", host="shop.example")


class Elsewhere(httpx.AsyncBaseTransport):
    """Leads every connection to this computer, as the real one would lead it to the address."""

    def __init__(self, *, port: int, trusts: Path | None) -> None:
        context = ssl.create_default_context(cafile=str(trusts) if trusts else None)
        self.inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        self.port = port
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port)
        return await self.inner.handle_async_request(request)


async def resolve(host: str, port: int) -> Sequence[str]:
    assert (host, port) == ("shop.example", 443)
    return ["66.241.124.1"]


def test_the_name_is_held_against_the_certificate__though_the_address_is_asked(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        trusted = Elsewhere(port=port, trusts=Path(f"{certificate}.crt"))
        probe = HttpsProbe(allow_loopback=False, resolve=resolve, transport=trusted)
        assert ask(probe, "https://shop.example/up") == Answer(status=200, body=b"shop.example /up")
        assert trusted.asked == ["66.241.124.1"]


def test_a_certificate_that_nobody_vouches_for(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        probe = HttpsProbe(allow_loopback=False, resolve=resolve, transport=Elsewhere(port=port, trusts=None))
        with pytest.raises(NotAnswered, match="certificate is not trusted"):
            ask(probe, "https://shop.example/up")
