"""A plan on a terminal: verdict first, colours where they are wanted and of ours alone, the next step last."""

from __future__ import annotations

import re

import pytest

from entrypoint.adapters.runner.cli.parse import parse_arguments
from entrypoint.app import Process, _is_coloured
from entrypoint.kernel.run import AllowDestroy, Color, Look
from entrypoint.report.plan.terminal import plan_text
from tests.unit.planning import kit
from tests.unit.report.made import HOSTILE, finding

WEB = '[processes]\nweb = "bin/web -v"\n'
INK = re.compile(r"\x1b\[[0-9;]+m")


def text(made, *findings, **look):
    return plan_text(made, findings, look=Look(**look))


def test_colours__change_nothing_but_the_colour():
    made = kit.plan(WEB, kit.machine("a"), kit.machine("b", "gone"))
    colored = text(made, color=True)
    assert INK.search(colored)
    assert INK.sub("", colored) == text(made)
    assert "\x1b" not in text(made)


def test_foreign_text__brings_no_colours_and_no_lines():
    made = kit.plan(
        WEB,
        kit.machine("a", HOSTILE, config={"init": {"cmd": [HOSTILE]}}),
        policy_text='[comment]\nnote = "\\u001b[31mred"\n',
    )
    said = text(made, finding(message=HOSTILE, hint=HOSTILE), detail=True)
    assert "\x1b" not in said
    assert "\x9b" not in said
    assert not [line for line in said.split("\n") if line.startswith("::")]


def test_values_that_differ_by_spaces__do_not_look_alike():
    made = kit.plan(WEB, kit.machine("a", config={"init": {"cmd": ["bin/web", "x  y"]}}))
    assert '- ["bin/web", "x  y"]' in text(made)


def test_in_a_pull_request__what_follows_is_its_review():
    said = plan_text(kit.plan(WEB, kit.machine("a")), (), look=Look(), in_review=True)
    assert said.endswith("Next: review it in the pull request: the merge deploys what it shows.\n")


def test_a_finding__has_its_file_and_line_and_what_to_do():
    said = text(
        kit.plan(WEB, kit.machine("a")), finding(message="there is no key `x`", hint="Remove it.", line=7)
    )
    assert "warning: there is no key `x` (fly.toml:7)\n  Remove it." in said


@pytest.mark.parametrize(
    ("machines", "changes", "verdict", "following"),
    [
        (("a",), {}, "shop  update 1 machine", "open a pull request: its merge deploys what its review showed. Or deploy with gate: none."),
        (("a", "b"), {}, "shop  cannot deploy: would destroy 1 machine, update 1", "to allow it, set allow-destroy: surplus. Then plan again."),
        (("a", "b"), {"allow_destroy": AllowDestroy.ALL}, "shop  destroy 1 machine, update 1", "open a pull request"),
        (("a",), {"scale": "x=1"}, "shop  cannot deploy: 1 problem", "fix what is marked error, then plan again."),
    ],
)  # fmt: skip
def test_the_verdict_is_first_and_the_next_step_last(machines, changes, verdict, following):
    members = [kit.machine(id_, "web" if id_ == "a" else "gone") for id_ in machines]
    lines = text(kit.plan(WEB, *members, **changes)).rstrip("\n").split("\n")
    assert lines[0] == verdict
    assert lines[-1].startswith(f"Next: {following}")


def test_nothing_to_do__says_so():
    live = kit.fleet(kit.machine("a"))
    again = kit.after(kit.plan(WEB, *live.machines), live)
    assert (
        text(kit.plan(WEB, *again.machines))
        .rstrip()
        .endswith("Next: nothing; the fleet is as the files ask.")
    )


def test_every_machine_that_goes__is_named_and_its_volume():
    members = [kit.machine(f"gone{n}", "gone") for n in range(20)]
    mount = {"mounts": [{"path": "/d", "volume": "vol_1", "name": "data"}]}
    made = kit.plan(
        WEB,
        kit.machine("a"),
        *members,
        kit.machine("b", "gone", config=mount),
        volumes=(kit.volume("vol_1", attached="b"),),
    )
    said = text(made)
    assert all(f"gone{n}" in said for n in range(20))
    assert "leaves vol_1 attached to nothing" in said


def test_detail__has_every_machine():
    made = kit.plan(WEB, *(kit.machine(f"m{n}") for n in range(9)))
    assert "m8" not in text(made)
    assert "and 3 more" in text(made)
    assert "  update   " in text(made, detail=True)
    assert "m8" in text(made, detail=True)


@pytest.mark.parametrize(
    ("color", "terminal", "environ", "colored"),
    [
        (Color.AUTO, True, {}, True),
        (Color.AUTO, False, {}, False),
        (Color.AUTO, True, {"NO_COLOR": "1"}, False),
        (Color.AUTO, True, {"NO_COLOR": ""}, True),
        (Color.AUTO, True, {"TERM": "dumb"}, False),
        (Color.AUTO, True, {"GITHUB_ACTIONS": "true"}, False),
        (Color.ALWAYS, False, {"NO_COLOR": "1"}, True),
        (Color.NEVER, True, {}, False),
    ],
)
def test_when_it_is_coloured(color, terminal, environ, colored):
    process = Process(arguments=["plan"], environ=environ, out=print, err=print, is_terminal=terminal)
    assert _is_coloured(process, color) is colored


def test_the_flags():
    for words, color, detail in (
        (["--color", "never", "--detail"], Color.NEVER, True),
        ([], Color.AUTO, False),
    ):
        asked = parse_arguments(["plan", *words], environ={})
        assert isinstance(asked, list)
        assert [(given.color, given.detail) for given in asked] == [(color, detail)]
