"""However large a plan and however strange its names: the comment fits, is whole, and keeps what is dangerous."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Destroy
from entrypoint.report.marker import parse_plan
from entrypoint.report.plan.comment import plan_markdown
from tests.property.test_escaping import PARSER
from tests.unit.planning import kit
from tests.unit.report.made import HOSTILE, run_context

GITHUB = 65_536
RUN = run_context(
    repository="octo/shop", sha="a" * 40, server_url="https://github.com", run_url="https://github.com/r/1"
)
NAMES = (
    "g",
    "web",
    "</details>",
    "<!-- flightplan:2 x -->",
    "`|`",
    "> [!NOTE]",
    "@team #1",
    "\n\n# x",
    "ж" * 90,
    "x" * 5000,
    HOSTILE,
)
LONG = ("", "y" * 300, "`" * 50, "ж" * 900)
SHAPES = st.tuples(
    st.integers(1, 60), st.integers(0, 60), st.integers(0, 400), st.integers(0, 10), st.sampled_from(LONG)
)
"""Groups, how many of them are gone from fly.toml, machines, which name comes first, and what makes a command long."""
few = settings(
    suppress_health_check=list(HealthCheck),
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
)
World = tuple[str, tuple[Any, ...], tuple[Any, ...]]


def large(shape: tuple[int, int, int, int, str]) -> World:
    """A fifth of the machines have volumes, and some have variables too many."""
    number, gone, count, first, long = shape
    groups = [f"{NAMES[(index + first) % len(NAMES)]}{index}" for index in range(number)]
    members, volumes = [], []
    for index in range(count):
        config: dict[str, Any] = {"env": {f"OLD{n}": "1" for n in range(index % 3)}}
        if index % 5 == 0:
            config["mounts"] = [{"path": "/data", "volume": f"vol_{index}", "name": "data"}]
            volumes.append(kit.volume(f"vol_{index}", attached=f"{index:014x}"))
        members.append(kit.machine(f"{index:014x}", groups[index % len(groups)], config=config))
    stays = [f"{_quoted(name)} = {_quoted(f'bin/x {long}')}" for name in groups[gone:]]
    return "\n".join(["[processes]", *stays, 'new = "bin/new"', ""]), tuple(members), tuple(volumes)


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(ch):08x}" if not ch.isalnum() else ch for ch in text) + '"'


@few
@given(SHAPES, st.sampled_from(AllowDestroy), st.sampled_from([65_000, 50_000, 35_000]))
def test_the_comment_fits__and_nothing_dangerous_is_cut(shape: Any, allowed: AllowDestroy, room: int) -> None:
    text, members, volumes = large(shape)
    made = kit.plan(text, *members, volumes=volumes, allow_destroy=allowed)
    body = plan_markdown(made, findings=(), run=RUN, environment="", room=room)
    assert len(body) <= room < GITHUB
    html = "".join(token.content for token in PARSER.parse(body) if token.type == "html_block")
    assert html.count("<details") == html.count("</details>")
    assert parse_plan(body) is None
    assert not [token for token in PARSER.parse(body) if token.type == "heading_open"][1:]
    going = [step for _, step in made.steps() if isinstance(step, Destroy)]
    assert all(f"`{step.id}`" in body for step in going)
    assert all(f"`{volume}`" in body for step in going for volume in step.volumes)
    for verb, number in Counter("replace" if step.replaced else "destroy" for step in going).items():
        assert re.search(rf"{verb} {number}\b", body.split("\n")[0])
    assert "`bin/new`" in body or '["bin/new"]' in body or "not shown" in body


@few
@given(SHAPES)
def test_what_is_cut__is_counted(shape: Any) -> None:
    """The summary has more room: what the comment lacks of the summary's machines is what it says it does not show."""
    text, members, volumes = large(shape)
    made = kit.plan(text, *members, volumes=volumes, allow_destroy=AllowDestroy.ALL)
    short = plan_markdown(made, findings=(), run=RUN, environment="", room=35_000)
    whole = plan_markdown(made, findings=(), run=RUN, environment="", room=5_000_000)
    assert "not shown" not in whole
    assert _counted(short, "machine") == _rows(whole) - _rows(short)
    assert _counted(short, "field change") == _fields(whole) - _fields(short)


def _rows(body: str) -> int:
    return len(re.findall(r"\| (?:update|create|destroy|replace|unchanged) \|", body))


def _fields(body: str) -> int:
    inside = re.findall(r"`{3,}diff\n(.*?)\n`{3,}\n", body, re.DOTALL)
    return sum(1 for block in inside for line in block.split("\n") if line.startswith("  "))


def _counted(body: str, noun: str) -> int:
    found = re.search(rf"(\d+) {noun}s?(?: and |, | is | are )[^:\n]*not shown", body)
    found = found or re.search(rf"(\d+) {noun}s? (?:is|are) not shown", body)
    return int(found.group(1)) if found else 0


def test_the_smallest_room__holds_the_verdict_and_counts_the_rest() -> None:
    members = [kit.machine(f"{n:014x}", f"g{n % 60}") for n in range(400)]
    made: Plan = kit.plan('[processes]\nweb = "bin/web"\n', *members)
    body = plan_markdown(made, findings=(), run=RUN, environment="", room=2_000)
    assert "Cannot deploy: would destroy 400 machines" in body
    assert "390 destroyed machines" in body
