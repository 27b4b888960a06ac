"""Which files are read, and which are refused before they are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.modes.source import MOST_BYTES, read_source
from tests.bench import make_inputs

SMALL = b"app = 'shop'\n[env]\nA = ''"
MOST = SMALL[:-1] + b"x" * (MOST_BYTES - len(SMALL)) + b"'"


class Checkout:
    """Files by name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        return self._files.get(path)


@pytest.mark.parametrize("config", ["fly.toml", "fly.json", "shop/fly.toml"])
def test_a_file_above_one_mebibyte__is_refused_before_it_is_parsed(config: str) -> None:
    with pytest.raises(
        UsageError, match=rf"^{config} has 1\.0 MiB\. A file of more than 1 MiB is not read\.$"
    ) as refused:
        read_source(make_inputs(config=config.removesuffix("/fly.toml")), Checkout({config: MOST + b"#"}))
    assert refused.value.exit_code is ExitCode.USAGE
    assert "local_path" in refused.value.hint


def test_flightplan_toml_above_one_mebibyte__is_refused() -> None:
    files = Checkout({"fly.toml": SMALL, "flightplan.toml": MOST + b"#"})
    with pytest.raises(UsageError, match=r"^flightplan\.toml has 1\.0 MiB"):
        read_source(make_inputs(config="fly.toml"), files)


def test_one_mebibyte__is_read() -> None:
    source = read_source(make_inputs(config="fly.toml"), Checkout({"fly.toml": MOST}))
    assert source.findings == ()
    assert source.reading.manifest is not None
    assert source.reading.manifest.app == "shop"
