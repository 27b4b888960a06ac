"""One rule for every server: which proxy of the environment is used, for what none is, and what cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from entrypoint.adapters.proxies import check_proxies, read_proxies
from entrypoint.kernel.errors import UsageError

PROXY = "http://shop:hunter2@proxy.test:3128"
SOCKS = "socks5h://shop:hunter2@127.0.0.1:1080"
FLY = "https://api.machines.dev"


def set_environment(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, text in environ.items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (FLY, {}, None),
        (FLY, {"HTTPS_PROXY": PROXY}, PROXY),
        (FLY, {"https_proxy": f" {PROXY} "}, PROXY),
        (FLY, {"ALL_PROXY": PROXY}, PROXY),
        (FLY, {"ALL_PROXY": "http://other", "HTTPS_PROXY": PROXY}, PROXY),
        (FLY, {"HTTPS_PROXY": "proxy.test:3128"}, "http://proxy.test:3128"),
        (FLY, {"HTTP_PROXY": PROXY}, None),
        (FLY, {"HTTPS_PROXY": PROXY, "https_proxy": ""}, None),
        ("http://_api.internal:4280", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://localhost:4280", {"HTTP_PROXY": PROXY}, None),
        ("http://127.0.0.1:4280", {"HTTP_PROXY": PROXY}, None),
        ("http://[::1]:4280", {"HTTP_PROXY": PROXY}, None),
    ],
)
def test_the_proxy_of_a_server(
    url: str, environ: Mapping[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, environ)
    assert proxy_of(url) == expected


def proxy_of(url: str) -> str | None:
    parts = httpx.URL(url)
    return read_proxies().proxy_for(scheme=parts.scheme, host=parts.host, port=parts.port)


@pytest.mark.parametrize(
    ("url", "entries", "is_used"),
    [
        (FLY, "", True),
        (FLY, "fly.io,example.com", True),
        (FLY, " fly.io , machines.dev", False),
        (FLY, "api.machines.dev", False),
        (FLY, "API.Machines.dev", False),
        (FLY, ".machines.dev", False),
        (FLY, "*.machines.dev", False),
        (FLY, "machines.de", True),
        (FLY, "i.machines.dev", True),
        (FLY, "https://api.machines.dev", False),
        (FLY, "api.machines.dev:443", False),
        (FLY, "api.machines.dev:4280", True),
        (FLY, "*", False),
        (FLY, "localhost, *", False),
        (FLY, "10.0.0.0/8", True),
        (FLY, "é,host:abc,fd00::/8,[::1],:,/,*.,http://", True),
        ("https://api.machines.dev:8443", "api.machines.dev:443", True),
        ("http://_api.internal:4280", "_api.internal:4280", False),
        ("http://_api.internal:4280", "_api.internal", False),
        ("http://10.1.2.3:4280", "10.0.0.0/8", False),
        ("http://11.1.2.3:4280", "10.0.0.0/8", True),
        ("http://10.1.2.3:4280", "10.1.2.3", False),
        ("http://[fdaa::3]:4280", "fd00::/8", False),
        ("http://[fdaa::3]:4280", "fdaa::3", False),
        ("http://[fdaa::3]:4280", "[fdaa::3]:4280", False),
        ("http://[fdaa::3]:4280", "[fdaa::3]:80", True),
        ("http://[fdaa::3]:4280", "[fdaa::4]", True),
    ],
)
def test_what_needs_no_proxy(url: str, entries: str, is_used: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, {"ALL_PROXY": PROXY, "NO_PROXY": entries})
    assert proxy_of(url) == (PROXY if is_used else None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALL_PROXY", SOCKS),
        ("all_proxy", SOCKS),
        ("https_proxy", "ftp://hunter2"),
        ("HTTP_PROXY", "http://"),
        ("HTTP_PROXY", "http://hunter2:0"),
        ("HTTP_PROXY", "http://hunter2:99999"),
        ("HTTP_PROXY", "http://hunter2:many"),
        ("HTTP_PROXY", "http://hunter2\t:1"),
        ("HTTP_PROXY", "http://1.2.3.999:1"),
        ("HTTP_PROXY", "http://[v1.x]:1"),
        ("HTTP_PROXY", "http://❤.com"),
    ],
)
def test_what_cannot_be_used__is_named_and_not_shown(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, {name: text, "NO_PROXY": "fly.io"})
    with pytest.raises(UsageError, match=f"^{name.upper()} ") as raised:
        check_proxies()
    assert "hunter2" not in f"{raised.value}{raised.value.hint}"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTPS_PROXY": PROXY, "http_proxy": "https://[::1]:3128", "ALL_PROXY": "proxy:3128"},
        {"HTTP_PROXY": " http://h:1"},
        {"ALL_PROXY": SOCKS, "all_proxy": "proxy:3128"},
        {"ALL_PROXY": SOCKS, "all_proxy": ""},
        {"ALL_PROXY": SOCKS, "no_proxy": "fly.io, * "},
        {"FTP_PROXY": SOCKS},
        {"NO_PROXY": "fd00::/8,é"},
    ],
)
def test_what_can_be_used__or_is_not_used__is_no_problem(
    environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, environ)
    check_proxies()
    for url in filter(None, map(proxy_of, (FLY, "http://fly.test"))):
        httpx.AsyncHTTPTransport(proxy=url)


@pytest.mark.parametrize(
    ("command", "code"), [("plan", 2), ("deploy --gate none", 2), ("doctor", 2), ("validate", 0)]
)
def test_it_is_told_before_anything_is_requested(command: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\n[http_service]\ninternal_port = 8080\n')
    done = subprocess.run(
        [sys.executable, "-m", "entrypoint", *command.split()],
        cwd=tmp_path,
        env={"PATH": os.environ.get("PATH", ""), "FLY_API_TOKEN": "FlyV1 fm2_x", "ALL_PROXY": SOCKS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("ALL_PROXY is not" in done.stdout + done.stderr) == (code == 2)
