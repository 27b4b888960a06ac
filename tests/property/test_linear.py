"""Reading costs what the text is long: ten times the file, at most eleven times the work.

Work is counted, not timed: Python and C calls, the same on every machine. What a single C call may hide (a search through the whole text
at every line) is caught by the clock, in one process, with a margin that only a square can miss.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

import pytest

from entrypoint.manifest.read import read
from tests.golden.vectors import ROOT

EXAMPLE = (ROOT / "examples" / "acme-shop" / "fly.toml").read_text("utf-8")
SHAPES: dict[str, Callable[[int], str]] = {
    "comments": lambda n: "# c\n" * 20 * n,
    "blank lines": lambda n: "\n" * 50 * n,
    "a long string": lambda n: f'app = "{"x" * 500 * n}"\n',
    "escapes": lambda n: 'app = "' + "\\n" * 50 * n + '"\n',
    "a long array": lambda n: "a = [\n" + "  1, # c\n" * 20 * n + "]\n",
    "an inline table": lambda n: "a = {" + ", ".join(f"k{i} = 1" for i in range(10 * n)) + "}\n",
    "dotted keys": lambda n: "".join(f"a.k{i} = 1\n" for i in range(10 * n)),
    "unknown keys": lambda n: "".join(f"internal_prot{i} = 1\n" for i in range(5 * n)),
    "env": lambda n: "[env]\n" + "".join(f'V{i} = "x"\n' for i in range(10 * n)),
    "wrong types": lambda n: '[[services]]\ninternal_port = "x"\n' * 4 * n,
    "services of one group": lambda n: "".join(
        f"[[services]]\ninternal_port = {i}\n[[services.ports]]\nport = {i}\n" for i in range(1, 4 * n)
    ),
    "mounts": lambda n: '[[mounts]]\nsource = "a"\ndestination = "/d"\n' * 4 * n,
    "groups": lambda n: "[processes]\n" + "".join(f'g{i} = "run"\n' for i in range(5 * n)),
    "a group a service": lambda n: (
        "[processes]\n"
        + "".join(f'g{i} = "run"\n' for i in range(3 * n))
        + "".join(f'[[services]]\ninternal_port = {i}\nprocesses = ["g{i}"]\n' for i in range(3 * n))
    ),
    "files": lambda n: "".join(f'[[files]]\nguest_path = "/a{i}"\nraw_value = "x"\n' for i in range(4 * n)),
    "statics": lambda n: "".join(
        f'[[statics]]\nguest_path = "/a{i}"\nurl_prefix = "/x{i}"\n' for i in range(4 * n)
    ),
    "subtables": lambda n: "".join(f"[a.b{i}]\nc = 1\n" for i in range(5 * n)),
    "the same key": lambda n: "a = 1\n" * 10 * n,
    "suppressions": lambda n: "# flightplan: ignore unknown-key\n" * 5 * n,
}


def usual(times: int) -> str:
    """The example with that many of its groups: the same kinds of lines, more of them."""
    parts = [EXAMPLE[: EXAMPLE.index("[processes]")], "[processes]\n"]
    parts += [f'web{i} = "bin/web"\nworker{i} = "bin/worker --queue {i}"\n' for i in range(times)]
    for i in range(times):
        parts.append(
            f'[[services]]\nprocesses = ["web{i}"]\ninternal_port = {8000 + i}\nprotocol = "tcp"\nauto_stop_machines = "stop"\n'
            f'auto_start_machines = true\n[[services.ports]]\nport = {9000 + i}\nhandlers = ["tls"]\n'
            f'[[services.http_checks]]\ninterval = "15s"\ntimeout = "2s"\ngrace_period = "10s"\nmethod = "GET"\npath = "/healthz"\n'
            f'[[vm]]\nprocesses = ["web{i}"]\nsize = "shared-cpu-1x"\nmemory = "512mb"\n'
            f'[checks.c{i}]\ntype = "tcp"\nport = {7000 + i}\nprocesses = ["worker{i}"]\ninterval = "30s"\ntimeout = "5s"\n'
        )
    return "".join(parts)


def work(text: str) -> int:
    """Calls that reading the text takes."""
    return calls_of(lambda: read(text, file="fly.toml"))


def calls_of(action: Callable[[], object]) -> int:
    """Python and C calls of an action."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls


def seconds(text: str) -> float:
    """The best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        read(text, file="fly.toml")
        best = min(best, time.perf_counter() - begun)
    return best


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_ten_times_the_text_is_at_most_eleven_times_the_work(shape: str) -> None:
    make = SHAPES[shape]
    read(make(1), file="fly.toml")  # compiles what is compiled once
    assert work(make(40)) <= 11 * work(make(4))


def test_ten_times_a_usual_file_is_at_most_eleven_times_the_work() -> None:
    small, large = usual(3), usual(36)
    assert 9.5 < len(large) / len(small) < 10.5
    read(small, file="fly.toml")
    assert work(large) <= 11 * work(small)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_nothing_grows_with_the_square(shape: str) -> None:
    """A hundred times the text: linear is 100 times the time, a square 10,000."""
    make = SHAPES[shape]
    gc.collect()
    assert seconds(make(100)) <= 1_000 * seconds(make(1))


def test_the_counter_sees_a_square() -> None:
    def square(n: int) -> int:
        return sum(len(str(j)) for i in range(n) for j in range(i))

    assert calls_of(lambda: square(100)) > 50 * calls_of(lambda: square(10))
