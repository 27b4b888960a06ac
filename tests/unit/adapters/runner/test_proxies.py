"""Proxies of the environment that nothing here can use: told, without their text, before anything is requested."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.adapters.runner.inputs import parse_inputs
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Format, Inputs

SOCKS = "socks5h://shop:hunter2@127.0.0.1:1080"
VALUES = {name: declared.local_default for name, declared in read_inputs().items()}


def reading(command: str, environ: Mapping[str, str]) -> Inputs:
    return parse_inputs({**VALUES, "command": command, "gate": "none"}, environ=environ, format_=Format.TEXT)


@pytest.mark.parametrize("command", ["auto", "plan", "deploy", "doctor"])
@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"ALL_PROXY": SOCKS}, "ALL_PROXY"),
        ({"all_proxy": SOCKS}, "ALL_PROXY"),
        ({"https_proxy": "ftp://hunter2"}, "HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://["}, "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://hunter2:0"}, "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://hunter2:99999"}, "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://"}, "HTTP_PROXY"),
        ({"HTTP_PROXY": "proxy:3128", "HTTPS_PROXY": SOCKS, "NO_PROXY": "fly.io"}, "HTTPS_PROXY"),
    ],
)
def test_what_cannot_be_used__is_named_and_not_shown(
    command: str, environ: Mapping[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=named) as raised:
        reading(command, environ)
    assert "hunter2" not in f"{raised.value}{raised.value.hint}"
    assert "SOCKS" in raised.value.hint


@pytest.mark.parametrize(
    ("command", "environ"),
    [
        ("plan", {"HTTPS_PROXY": "http://shop:hunter2@proxy:3128/"}),
        ("plan", {"HTTPS_PROXY": "proxy:3128", "http_proxy": "https://[::1]:3128", "ALL_PROXY": ""}),
        ("plan", {"ALL_PROXY": SOCKS, "all_proxy": "proxy:3128"}),
        ("plan", {"ALL_PROXY": SOCKS, "no_proxy": "*"}),
        ("plan", {"FTP_PROXY": SOCKS}),
        ("validate", {"ALL_PROXY": SOCKS}),
    ],
)
def test_what_is_used__or_nobody_uses__is_no_problem(command: str, environ: Mapping[str, str]) -> None:
    assert reading(command, environ).command == command
