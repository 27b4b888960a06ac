"""Ten times the file, ten times the work: calls are counted, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from entrypoint.manifest.checks.lint import lint
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.read import read

SERVICE = '[[services]]\nprotocol = "tcp"\ninternal_port = {n}\n[[services.ports]]\n'
SHAPES: dict[str, Callable[[int], str]] = {
    "services, a port each": lambda n: "".join(SERVICE.format(n=i + 1) + f"port = {i + 1}\n" for i in range(n)),
    "services, all on the same ports": lambda n: "".join(
        SERVICE.format(n=i + 1) + "start_port = 1\nend_port = 60000\n" for i in range(n)
    ),
    "groups, and sections for others": lambda n: (
        "[processes]\n"
        + "".join(f'g{i} = "x $P"\n' for i in range(n))
        + "".join(f'[[mounts]]\nsource = "a"\ndestination = "/a"\nprocesses = ["h{i}"]\n' for i in range(n))
    ),
    "groups, and a check and a size for each": lambda n: (
        "[processes]\n"
        + "".join(f'g{i} = "x"\n' for i in range(n))
        + "".join(f'[checks.c{i}]\ntype = "tcp"\nprocesses = ["g{i}"]\n' for i in range(n))
        + "".join(f'[[vm]]\nsize = "shared-cpu-1x"\nprocesses = ["g{i}"]\n' for i in range(n))
    ),
    "unknown keys, and comments that suppress them": lambda n: "".join(
        f"auto_stop_mach{i} = 1 # flightplan: ignore[unknown-key, region]\n" for i in range(n)
    ),
    "comments in a row": lambda n: "# flightplan: ignore[region]\n" * n,
    "what flyctl rejects": lambda n: "".join(f'[[restart]]\npolicy = "x{i}"\n' for i in range(n)),
}  # fmt: skip


def _calls(text: str) -> int:
    """Functions called by all rules and suppressions together."""
    manifest = read(text, file="fly.toml").manifest
    assert manifest is not None
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for _ in lint(manifest, (), Policy()):
            pass
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_times_the_file_is_ten_times_the_work(shape: str) -> None:
    small, large = (_calls(SHAPES[shape](n)) for n in (100, 1000))  # from 100 groups on, no more are searched
    assert large <= 11 * small
