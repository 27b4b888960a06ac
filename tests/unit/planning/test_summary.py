"""What stands in a group's row of the plan."""

from __future__ import annotations

import pytest

from tests.unit.planning.kit import machine, plan

CHECKED = """
[processes]
web = "bin/web"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/up"
"""


def gate(*machines, text=CHECKED):
    return {str(group.name): group.gate for group in plan(text, *machines).groups}["web"]


@pytest.mark.parametrize(
    ("machines", "said"),
    [
        ([machine("a"), machine("b", state="stopped")], "http /up"),
        ([machine("a", state="stopped"), machine("b", state="stopped")], "stays stopped"),
        ([machine("a"), machine("b", state="stopped", config={"standbys": ["a"]})], "http /up"),
    ],
    ids=["one runs", "none runs", "a standby beside"],
)
def test_the_gate__of_machines_that_nothing_launches(machines, said):
    assert gate(*machines) == said


def test_the_gate__of_a_standby_whose_primary_is_of_another_group():
    text = '[processes]\nweb = "bin/web"\nother = "bin/other"\n'
    machines = [machine("a", "other"), machine("b", state="stopped", config={"standbys": ["a"]})]
    assert gate(*machines, text=text) == "stands by"


def test_the_gate__of_a_machine_that_is_started_too():
    (group,) = plan(CHECKED, machine("a", state="stopped"), policy_text="[groups.web]\nstart = true\n").groups
    assert group.gate == "http /up"
