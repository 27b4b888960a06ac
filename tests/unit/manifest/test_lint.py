"""Levels by comment and by [rules], and suppressions that do nothing."""

from __future__ import annotations

import pytest

from entrypoint.kernel.findings import Finding
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read

TYPO = '[http_service]\ninternal_port = 8080\nautostop = "stop"'


def findings(toml: str, policy: str = "") -> tuple[Finding, ...]:
    reading = read_policy(policy, file="flightplan.toml")
    assert reading.findings == ()
    return read(toml, file="fly.toml", policy=reading.policy).findings


def rules(toml: str, policy: str = "") -> list[tuple[str, str, int]]:
    return [(f.rule, f.severity.value, f.span.line if f.span else 0) for f in findings(toml, policy)]


@pytest.mark.parametrize(
    "comment",
    [
        "# flightplan: ignore[unknown-key]",
        "# flightplan: ignore[unknown-key] our own tool reads it",
        "# kept: see below",
        "#flightplan:ignore[ unknown-key ]",
    ],
)
def test_a_comment_at_the_end_of_the_line_is_for_that_line(comment: str) -> None:
    expected = [] if "ignore" in comment else [("unknown-key", "warning", 3)]
    assert rules(f"{TYPO} {comment}") == expected


def test_a_comment_on_a_line_of_its_own_is_for_the_next_that_says_something() -> None:
    toml = TYPO.replace("autostop", "# flightplan: ignore[unknown-key]\n\n# why\nautostop")
    assert rules(toml) == []


def test_a_comment_turns_down_and_up() -> None:
    assert rules(f"{TYPO} # flightplan: notice[unknown-key]") == [("unknown-key", "notice", 3)]
    toml = "[deploy]\nwait_timeout = 600 # flightplan: warning[duration-unit]"
    assert rules(toml) == [("duration-unit", "warning", 2)]


def test_several_rules_in_one_comment() -> None:
    toml = (
        "[[services]] # flightplan: ignore[internal-port-missing, service-protocol]\n"
        "ports = [{ port = 443 }] # flightplan: ignore[dedicated-ip]"
    )
    assert rules(toml) == []


def test_a_comment_is_for_its_own_rule_and_line_only() -> None:
    assert rules(f"{TYPO} # flightplan: ignore[key-case]") == [
        ("unknown-key", "warning", 3),
        ("unused-suppression", "warning", 3),
    ]
    assert rules(f"# flightplan: ignore[unknown-key]\n{TYPO}") == [
        ("unused-suppression", "warning", 1),
        ("unknown-key", "warning", 4),
    ]


def test_an_unused_one_stands_where_its_id_stands() -> None:
    (finding,) = findings('app = "a" # flightplan: ignore[region, unknwon-key]'.replace("region, ", ""))
    assert finding.span is not None
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (1, 32, 43)
    assert finding.hint == "Did you mean `unknown-key`?"


@pytest.mark.parametrize(
    "comment",
    [
        "# flightplan: ignore",
        "# flightplan: ignore[]",
        "# flightplan: off[unknown-key]",
        "# flightplan: unknown-key",
        "# flightplan:",
    ],
)
def test_a_comment_of_another_form_is_told(comment: str) -> None:
    assert rules(f"{TYPO} {comment}") == [
        ("unknown-key", "warning", 3),
        ("unused-suppression", "warning", 3),
    ]


@pytest.mark.parametrize(
    "line",
    [
        'autostop = "# flightplan: ignore[unknown-key]"',
        "autostop = '# flightplan: ignore[unknown-key]'",
        'autostop = """# flightplan: ignore[unknown-key]"""',
        'autostop = """a"""" # flightplan: ignore[unknown-key]',
        "autostop = '''\n# flightplan: ignore[unknown-key]'''",
        'autostop = "\\" # flightplan: ignore[unknown-key]"',
    ],
)
def test_what_looks_like_a_comment_inside_a_string_is_none(line: str) -> None:
    toml = f"[http_service]\ninternal_port = 8080\n{line}"
    is_comment = line.startswith('autostop = """a')
    assert rules(toml) == ([] if is_comment else [("unknown-key", "warning", 3)])


def test_windows_line_ends() -> None:
    assert (
        rules(f"{TYPO} # flightplan: ignore[unknown-key]\r\n".replace("\n", "\r\n").replace("\r\r", "\r"))
        == []
    )


def test_the_policy_turns_off_and_down_and_the_comment_is_stronger() -> None:
    assert rules(TYPO, '[rules]\nunknown-key = "off"') == []
    assert rules(TYPO, '[rules]\nunknown-key = "error"') == [("unknown-key", "error", 3)]
    both = f"{TYPO} # flightplan: notice[unknown-key]"
    assert rules(both, '[rules]\nunknown-key = "off"') == [("unknown-key", "notice", 3)]


def test_unused_suppressions_can_be_turned_off_too() -> None:
    toml = "swap_size_mb = 1 # flightplan: ignore[region]"
    assert rules(toml, '[rules]\nunused-suppression = "off"') == []


def test_what_flyctl_rejects_stays() -> None:
    toml = '[[restart]]\npolicy = "no" # flightplan: ignore[restart-policy]'
    assert rules(toml) == [("restart-policy", "error", 2), ("refused-suppression", "warning", 2)]
    (rejected,) = [f for f in findings(toml) if f.rule == "restart-policy"]
    assert rejected.flyctl_rejects


def test_what_flyctl_rejects_stays_whatever_the_policy_says() -> None:
    toml = '[checks.a]\ntype = "x"\n[checks.b]\ntype = "x"\n'
    found = findings(toml, '[rules]\nregion = "off"\ncheck-type = "notice"')
    assert sorted((f.rule, f.file, f.span.line if f.span else 0) for f in found) == [
        ("check-type", "fly.toml", 2),
        ("check-type", "fly.toml", 4),
        ("refused-suppression", "flightplan.toml", 3),
    ]


def test_a_policy_may_turn_a_rejected_one_up_to_what_it_is() -> None:
    toml = '[[restart]]\npolicy = "no"'
    assert rules(toml, '[rules]\nrestart-policy = "error"') == [("restart-policy", "error", 2)]


def test_prose_that_names_flightplan_is_prose() -> None:
    assert rules("app = 'a' # flightplan: deploys this on merge") == []


def test_a_broken_file_hides_findings_so_nothing_is_called_unused() -> None:
    toml = "[http_service]\ninternal_port = 'x'\nmin_machines_running = 'x' # flightplan: ignore[min-machines-running]"
    assert {rule for rule, _, _ in rules(toml)} == {"wrong-type"}
