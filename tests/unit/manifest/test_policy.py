"""flightplan.toml: what it says, and a place and a suggestion for what it says wrongly."""

from __future__ import annotations

import pytest

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import OnFailure
from entrypoint.kernel.verify import Verify
from entrypoint.manifest.policy.groups import GroupPolicy, parse_scale
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read

WHOLE = """
[groups.web]
count = { iad = 2, gru = 1 }
max_unavailable = 1
[groups.worker]
count = 1
singleton = true
when_empty = "fail"
start = true
[rollout]
order = [["web"], ["worker", "cron"]]
on_failure = "hold"
[verify]
url = "https://example.fly.dev/healthz"
[rules]
region = "off"
"""


def problems(text: str) -> list[tuple[str, int, int, str, str]]:
    """Rule, line, column, message, hint."""
    return [_short(finding) for finding in read_policy(text, file="flightplan.toml").findings]


def _short(finding: Finding) -> tuple[str, int, int, str, str]:
    assert finding.span is not None
    assert finding.file == "flightplan.toml"
    return finding.rule, finding.span.line, finding.span.column, finding.message, finding.hint


def test_the_whole_file() -> None:
    reading = read_policy(WHOLE, file="flightplan.toml")
    assert reading.findings == ()
    policy = reading.policy
    assert policy.groups == {
        "web": GroupPolicy(count={Region("iad"): 2, Region("gru"): 1}, max_unavailable=1.0),
        "worker": GroupPolicy(count=1, singleton=True, when_empty="fail", start=True),
    }
    assert policy.order == (("web",), ("worker", "cron"))
    assert policy.on_failure is OnFailure.HOLD
    assert policy.verify == Verify(url="https://example.fly.dev/healthz")
    assert {rule: level.level for rule, level in policy.rules.items()} == {"region": "off"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[group.web]\n", ("policy-key", 1, 1, "there is no key `group` here", "Did you mean `groups`?")),
        (
            "[groups.web]\nsingelton = true",
            ("policy-key", 2, 1, "there is no key `singelton` here", "Did you mean `singleton`?"),
        ),
        (
            "[groups.web]\nx = 1",
            (
                "policy-key",
                2,
                1,
                "there is no key `x` here",
                "Known here: count, max_unavailable, singleton, when_empty, start, drain, snapshot, volume_size.",
            ),
        ),
        (
            "[groups.web]\nwhen_empty = 'creat'",
            (
                "policy-value",
                2,
                14,
                "when_empty must be one of create, leave, fail",
                "Did you mean `create`?",
            ),
        ),
        (
            "groups.web.count = { iad = 2, Gru = 1 }",
            ("policy-value", 1, 37, "`Gru` is not a region: regions have three letters", ""),
        ),
        (
            "[groups.web]\ncount = -1",
            ("policy-value", 2, 9, "count must be a whole number from 0 to 1000", ""),
        ),
        (
            "[groups.web]\ncount = 3\nsingleton = true",
            ("policy-value", 2, 9, "a singleton has one machine, and count says 3", ""),
        ),
        (
            "[verify]\nurl = 'example.com'",
            ("policy-value", 2, 7, "url must name a host", ""),
        ),
        (
            "[rollout]\non_failure = 'rolback'",
            ("policy-value", 2, 14, "on_failure must be one of rollback, hold", "Did you mean `rollback`?"),
        ),
        (
            "[rollout]\norder = [['web'], 'worker']",
            (
                "policy-value",
                2,
                19,
                'order is a list of lists of groups, each group once: [["web"], ["worker", "cron"]]',
                "",
            ),
        ),
        (
            "[rollout]\norder = [['web'], ['web']]",
            (
                "policy-value",
                2,
                19,
                'order is a list of lists of groups, each group once: [["web"], ["worker", "cron"]]',
                "",
            ),
        ),
        (
            "[rules]\nunknwon-key = 'off'",
            ("policy-rule", 2, 1, "there is no rule `unknwon-key`", "Did you mean `unknown-key`?"),
        ),
        (
            "[rules]\nunknown-key = 'of'",
            (
                "policy-value",
                2,
                15,
                "unknown-key must be one of off, notice, warning, error",
                "Did you mean `off`?",
            ),
        ),
        (
            "[rules]\nunknown-key = false",
            ("policy-value", 2, 15, "unknown-key must be a string", ""),
        ),
    ],
)
def test_each_problem_has_a_place_and_a_suggestion(
    text: str, expected: tuple[str, int, int, str, str]
) -> None:
    assert problems(text) == [expected]


def test_what_is_wrong_does_not_hide_the_rest() -> None:
    reading = read_policy("[groups.web]\ncount = 'x'\nstart = true\n[rollout]\norder = 1", file="p.toml")
    assert reading.policy.groups[GroupName("web")] == GroupPolicy(start=True)
    assert len(reading.findings) == 2


def test_groups_that_fly_toml_does_not_have() -> None:
    policy = read_policy("[groups.wroker]\ncount = 1\n[rollout]\norder = [['web'], ['cron']]", file="p.toml")
    manifest = read('[processes]\nweb = "x"\nworker = "y"\n', file="fly.toml").manifest
    assert manifest is not None
    found = [
        (f.span.line if f.span else 0, f.message, f.hint, f.path) for f in policy.unknown_groups(manifest)
    ]
    assert found == [
        (1, "fly.toml has no group `wroker`", "Did you mean `worker`?", "groups.wroker"),
        (4, "fly.toml has no group `cron`", "Groups are web, worker.", "rollout.order[1][0]"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "[groups]\nweb = 1", "groups = []", "rules = 1", "[rules]\nregion = {}", "[groups.web.count]\niad = {}",
     "[rollout]\norder = {}", "[[groups]]\n", "[verify]\nurl = []", "groups.web.count = nan", "x = [[[[]]]]"],
)  # fmt: skip
def test_no_text_makes_it_raise(text: str) -> None:
    for finding in read_policy(text, file="p.toml").findings:
        assert finding.span is not None


def test_scale_says_some_of_the_same() -> None:
    assert parse_scale("web=2 worker=iad:1,gru:0") == {"web": 2, "worker": {"iad": 1, "gru": 0}}
    for wrong in ("web", "web=", "=2", "web=2 web=3", "web=-1", "web=1001", "web=iad:1,iad:2", "web=IAD:1"):
        with pytest.raises(ValueError, match=r"."):
            parse_scale(wrong)


@pytest.mark.parametrize("text", ["[groups", b"\n[groups.w\xff]", b"\xff"])
def test_a_file_that_is_no_toml_is_not_flyctl_s_business(text: str | bytes) -> None:
    (finding,) = read_policy(text, file="p.toml").findings
    assert (finding.rule, finding.file, finding.flyctl_rejects) == ("toml-syntax", "p.toml", False)
    assert finding.span is not None
    assert finding.span.line == (2 if text == b"\n[groups.w\xff]" else 1)


@pytest.mark.parametrize(("text", "size"), [("10", 10), ('"10gb"', 10), ('"500"', 500), ("1", 1)])
def test_volume_size__is_gb_or_a_size(text, size):
    reading = read_policy(f"[groups.db]\nvolume_size = {text}\nsnapshot = true\n", file="flightplan.toml")
    assert not reading.findings
    assert (
        reading.policy.groups[GroupName("db")].volume_size,
        reading.policy.groups[GroupName("db")].snapshot,
    ) == (size, True)


@pytest.mark.parametrize("text", ["0", "501", "true", '"x"', '"10mb"', "-1", "1.5"])
def test_volume_size__must_be_one_that_fly_makes(text):
    (finding,) = read_policy(f"[groups.db]\nvolume_size = {text}\n", file="flightplan.toml").findings
    assert (finding.rule, "from 1 to 500 GB" in finding.message) == ("policy-value", True)


def test_addresses__is_one_of_four():
    (finding,) = read_policy('[network]\naddresses = "dedicatd"\n', file="flightplan.toml").findings
    assert "shared, dedicated, private, none" in finding.message
    assert "dedicated" in finding.hint
