"""Which machine checks test which group, and what a gate with tests is."""

from __future__ import annotations

import pytest

from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.read import read
from entrypoint.planning.machine_checks import checks_of
from tests.unit.planning.kit import blocked_by, plan

TWO = 'app = "a"\n[processes]\nweb = "x"\nworker = "y"\n'
WEB, WORKER = GroupName("web"), GroupName("worker")


@pytest.mark.parametrize(
    ("text", "web", "worker"),
    [
        ('[[machine_checks]]\ncommand = ["t"]\n', 1, 1),
        (
            '[http_service]\nprocesses = ["worker"]\ninternal_port = 1\n[[http_service.machine_checks]]\ncommand = ["t"]\n',
            0,
            1,
        ),
        (
            (
                '[[services]]\nprocesses = ["web", "worker"]\ninternal_port = 1\n[[services.machine_checks]]\ncommand = ["t"]\n'
                '[[machine_checks]]\ncommand = ["u"]\n[[machine_checks]]\ncommand = ["v"]\n'
            ),
            3,
            3,
        ),
        ("", 0, 0),
    ],
)
def test_a_services_checks_test_the_groups_that_have_it__others_all(text: str, web: int, worker: int) -> None:
    manifest = read(TWO + text, file="fly.toml").manifest
    assert manifest is not None
    assert (len(checks_of(manifest, WEB)), len(checks_of(manifest, WORKER))) == (web, worker)


def test_a_service_that_names_no_group_is_the_default_groups() -> None:
    text = 'app = "a"\n[http_service]\ninternal_port = 1\n[[http_service.machine_checks]]\ncommand = ["t"]\n'
    manifest = read(text, file="fly.toml").manifest
    assert manifest is not None
    assert len(checks_of(manifest, manifest.default_group)) == 1


def test_a_first_deploy_without_an_image__asks_for_one() -> None:
    made = plan('[processes]\nweb = "x"\n[[machine_checks]]\ncommand = ["t"]\n', status="pending", ref=None)
    assert blocked_by(made) == {"image-needed"}
