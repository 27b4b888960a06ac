"""Whom our connections trust. The root certificates are read when the first handshake is due, and not before (adapters/network.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificate import make_certificate
from tests.integration.test_probe_on_sockets import serving

SCRIPT = """
import anyio, ssl, sys
from entrypoint.adapters.network import make_client, make_direct_client, load_roots_in_thread

read = []
load = ssl.SSLContext.load_verify_locations
ssl.SSLContext.load_verify_locations = lambda *given, **named: (read.append(named), load(*given, **named))[1]

async def ask(make, base, path):
    async with make as client:
        try:
            print((await client.get(base + path)).status_code)
        except Exception as error:
            while error.__cause__ or error.__context__:
                error = error.__cause__ or error.__context__
            print(error)

async def main():
    if sys.argv[2:]:
        load_roots_in_thread()
    await ask(make_client(base_url=sys.argv[1], timeout=10), "", "/up")
    await ask(make_direct_client(timeout=10), sys.argv[1], "/up")

anyio.run(main, backend="trio")
print(len(read))
"""


def said(url: str, *more: str, trusts: Path | None = None) -> tuple[str, str, str]:
    """What a client says, what one for untrusted servers says, and how often roots were read."""
    environment = {"PATH": os.environ["PATH"], **({"SSL_CERT_FILE": str(trusts)} if trusts else {})}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, *more],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    one, other, roots = done.stdout.splitlines()
    return one, other, roots


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem", host="localhost")


def test_without_tls__no_roots_are_read() -> None:
    with serving() as port:
        assert said(f"http://127.0.0.1:{port}") == ("200", "200", "0")


def test_a_server_that_nobody_vouches_for__is_refused(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        *answers, roots = said(f"https://localhost:{port}")
    assert all("CERTIFICATE_VERIFY_FAILED" in answer for answer in answers), answers
    assert roots == "1"


def test_roots_of_the_environment__are_the_ones_that_count(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        assert said(f"https://localhost:{port}", trusts=Path(f"{certificate}.crt"))[:2] == ("200", "200")


def test_another_name_than_the_certificates__is_refused(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        *answers, _ = said(f"https://127.0.0.1:{port}", trusts=Path(f"{certificate}.crt"))
    assert all("CERTIFICATE_VERIFY_FAILED" in answer for answer in answers), answers


def test_roots_that_are_read_beside__are_read_once(certificate: Path) -> None:
    with serving(certificate=certificate) as port:
        url, trusts = f"https://localhost:{port}", Path(f"{certificate}.crt")
        assert said(url, "beside", trusts=trusts) == ("200", "200", "1")


def test_roots_that_are_not_there__are_an_error_where_they_are_needed_only(tmp_path: Path) -> None:
    with serving() as port:
        assert said(f"http://127.0.0.1:{port}", "beside", trusts=tmp_path / "none")[:2] == ("200", "200")
