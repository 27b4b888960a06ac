"""Reading a file and saying what is wrong with it costs what the text is long: ten times the file, at most eleven times the work.

Work is counted, not timed: Python and C calls, the same on every machine. What a single C call may hide (a search through the whole text
at every line) is caught by the clock, in one process, with a margin that only a square can miss.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence

import pytest

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import Look
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read
from entrypoint.planning.model.plan import Plan
from entrypoint.report.findings.annotations import annotation_lines
from entrypoint.report.findings.as_sarif import findings_sarif
from entrypoint.report.findings.terminal import findings_text
from entrypoint.report.plan.as_json import plan_json
from entrypoint.report.plan.comment import plan_markdown
from entrypoint.report.plan.terminal import plan_text
from tests.golden.vectors import ROOT
from tests.samples import some
from tests.unit.planning import kit
from tests.unit.report.made import run_context

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
    "suppressions of nothing": lambda n: "# flightplan: ignore[region] x\n" * 5 * n,
    "many suppressions in a comment": lambda n: (
        "# flightplan: ignore[" + ", ".join(f"rule-{i}" for i in range(10 * n)) + "]\n"
    ),
    "findings on one line": lambda n: (
        "deploy = { " + ", ".join(f"k{i} = 1" for i in range(10 * n)) + " }\r\n"
    ),
    "findings below a long name": lambda n: (
        f"[checks.{'x' * 100 * n}]\n" + "".join(f"k{i} = 1\n" for i in range(5 * n))
    ),
    "long groups, and others that there are not": lambda n: (
        "[processes]\n"
        + "".join(f'{letter * 100 * n} = "run"\n' for letter in "abcdefgh")
        + "".join(f'[[services]]\ninternal_port = {i}\nprocesses = ["x{i}"]\n' for i in range(1, 4 * n))
    ),
    "a long duration": lambda n: f'kill_timeout = "{"1ns" * 200 * n}"\n',
    "a long duration that is none": lambda n: f'kill_timeout = "{"1ns" * 200 * n}x"\n',
    "one file, often": lambda n: '[[files]]\nguest_path = "/a"\nlocal_path = "a"\n' * 4 * n,
    "broken, and suppressions": lambda n: (
        "# flightplan: ignore[no-such-rule]\n" * 5 * n + "kill_timeout = []\n"
    ),
}
POLICIES: dict[str, Callable[[int], str]] = {
    "rules that there are not": lambda n: "[rules]\n" + "".join(f'rule-{i} = "off"\n' for i in range(5 * n)),
    "groups": lambda n: "".join(f"[groups.g{i}]\ncount = 1\n" for i in range(5 * n)),
    "keys of one group": lambda n: "[groups.web]\n" + "".join(f"k{i} = 1\n" for i in range(5 * n)),
    "keys below a long name": lambda n: (
        f"[groups.{'x' * 100 * n}]\n" + "".join(f"k{i} = 1\n" for i in range(5 * n))
    ),
    "regions": lambda n: "[groups.web]\ncount = { " + ", ".join(f"r{i} = 1" for i in range(5 * n)) + " }\n",
    "an order": lambda n: "[rollout]\norder = [" + ", ".join(f'["g{i}"]' for i in range(5 * n)) + "]\n",
    "an order with the same group": lambda n: "[rollout]\norder = [" + '["g"], ' * 5 * n + "]\n",
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


class Checkout:
    """The one file that there is."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, _path: str) -> bytes:
        self.asked += 1
        return b"x"


def check(text: str) -> int:
    """What validate does with fly.toml; how much it says of it."""
    reading = read(text, file="fly.toml", local=Checkout())
    return say(reading.findings, {"fly.toml": text})


def check_policy(text: str) -> int:
    """What it does with flightplan.toml, beside a fly.toml that has one group."""
    manifest = read("[processes]\nweb = 'run'\n", file="fly.toml").manifest
    assert manifest is not None
    reading = read_policy(text, file="flightplan.toml")
    return say((*reading.findings, *reading.unknown_groups(manifest)), {"flightplan.toml": text})


def say(findings: Sequence[Finding], texts: dict[str, str]) -> int:
    """In every format; how many characters."""
    said = (findings_text(findings, texts=texts), findings_sarif(findings), *annotation_lines(findings))
    return sum(len(text) for text in said)


def work(text: str, action: Callable[[str], object] = check) -> int:
    """Calls that it takes."""
    return calls_of(lambda: action(text))


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


def seconds(text: str, action: Callable[[str], object] = check) -> float:
    """Of this process, whatever else the machine does; the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        action(text)
        best = min(best, time.process_time() - begun)
    return best


def plan_of(groups: int) -> Plan:
    """Of an app that has none of so many groups."""
    commands = "".join(f'g{n} = "bin/{n} {"x" * 300}"\n' for n in range(groups))
    return kit.plan(f"[processes]\n{commands}")


def told_in_text(plan: Plan) -> object:
    return plan_text(plan, (), look=Look())


def told_in_json(plan: Plan) -> object:
    return plan_json(plan, ())


def told_in_markdown(plan: Plan) -> object:
    return plan_markdown(plan, findings=(), run=run_context(), environment="", room=10**8)


@pytest.mark.parametrize("shape", some(sorted(SHAPES), one_in=6))
def test_ten_times_the_text_is_at_most_eleven_times_the_work(shape: str) -> None:
    make = SHAPES[shape]
    check(make(1))  # compiles what is compiled once
    assert work(make(40)) <= 11 * work(make(4))
    assert check(make(400)) <= 11 * check(make(40))


@pytest.mark.parametrize("shape", some(sorted(POLICIES), one_in=6))
def test_ten_times_the_policy_is_at_most_eleven_times_the_work(shape: str) -> None:
    make = POLICIES[shape]
    check_policy(make(1))
    assert work(make(40), check_policy) <= 11 * work(make(4), check_policy)
    assert check_policy(make(400)) <= 11 * check_policy(make(40))


@pytest.mark.parametrize("shape", some(sorted(POLICIES), one_in=7))
def test_nothing_of_the_policy_grows_with_the_square(shape: str) -> None:
    make = POLICIES[shape]
    gc.collect()
    assert seconds(make(100), check_policy) <= 1_000 * seconds(make(1), check_policy)


def test_a_file_that_many_entries_name_is_read_once() -> None:
    checkout = Checkout()
    read(SHAPES["one file, often"](10), file="fly.toml", local=checkout)
    assert checkout.asked == 1


def test_ten_times_a_usual_file_is_at_most_eleven_times_the_work() -> None:
    small, large = usual(3), usual(36)
    assert 9.5 < len(large) / len(small) < 10.5
    check(small)
    assert work(large) <= 11 * work(small)


@pytest.mark.parametrize("shape", some(sorted(SHAPES), one_in=10))
def test_nothing_grows_with_the_square(shape: str) -> None:
    """A hundred times the text: linear is 100 times the time, a square 10,000."""
    make = SHAPES[shape]
    gc.collect()
    assert seconds(make(100)) <= 1_000 * seconds(make(1))


@pytest.mark.parametrize("tell", [told_in_text, told_in_json, told_in_markdown])
def test_ten_times_the_groups_of_a_plan_is_at_most_eleven_times_the_work(
    tell: Callable[[Plan], object],
) -> None:
    """New groups with long commands, on a terminal, for programs, and in Markdown that has room for all."""
    small, large = (plan_of(n) for n in (40, 400))
    tell(small)
    assert calls_of(lambda: tell(large)) <= 11 * calls_of(lambda: tell(small))


def test_the_counter_sees_a_square() -> None:
    def square(n: int) -> int:
        return sum(len(str(j)) for i in range(n) for j in range(i))

    assert calls_of(lambda: square(100)) > 50 * calls_of(lambda: square(10))
