"""Who is called: a person, by a login that GitHub can have given out, and nobody else."""

from __future__ import annotations

import pytest

from entrypoint.report.text.mention import call
from tests.unit.report.made import run_context


def test_who_merged__is_called() -> None:
    assert call(run_context(actor="mona", event="push")) == "@mona, this came with your push or merge."
    assert call(run_context(actor="a-b", event="workflow_dispatch")) == "@a-b, you started this run."


@pytest.mark.parametrize(
    "actor", ["", "dependabot[bot]", "a b", "x\n@everybody", "-a", "a-", "a--b", "octo/team", "x" * 40]
)
def test_what_is_no_persons_login__calls_nobody(actor: str) -> None:
    assert call(run_context(actor=actor, event="push")) == ""
