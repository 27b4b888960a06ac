"""`machine_checks`: tests of a machine that has just become healthy. They are part of its gate.

The rules are flyctl's (machinebasedtest.go), with the differences in docs/flyctl-differences.md: new groups are tested too, and so is
each new machine of a blue-green deploy; the checks of a service test the groups that have the service.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.convert.tasks import test_config
from entrypoint.manifest.model import Manifest, objects, strings
from entrypoint.planning.model.steps import GateKind, HealthGate, MachineTest, Route, Start, Update
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings

MOST_LABEL = 80
"""Characters. A longer command is cut."""
_ANY_IMAGE = "any"
"""Stands for an image that is not known. A plan that would create a machine without an image is blocked."""


def checks_of(manifest: Manifest, group: GroupName) -> list[Mapping[str, Json]]:
    """The machine checks that test the machines of a group."""
    http = manifest.table("http_service")
    services = [*([http] if http else []), *manifest.tables("services")]
    of_services = [
        check
        for service in services
        if manifest.matches(group, service.get("processes"))
        for check in objects(service.get("machine_checks"))
    ]
    return [*of_services, *manifest.tables("machine_checks")]


def with_machine_tests(
    groups: Sequence[Reconciled], *, manifest: Manifest, settings: Settings
) -> list[Reconciled]:
    """The groups, with tests in the gates of all machines that will run.

    With strategy immediate there are none, because it does not wait for a machine before it updates the next.
    """
    if settings.strategy is Strategy.IMMEDIATE:
        return list(groups)
    return [_tested(group, manifest, checks_of(manifest, group.group)) for group in groups]


def find_untested(
    groups: Sequence[Reconciled], *, manifest: Manifest, settings: Settings
) -> Iterator[Finding]:
    """A warning if strategy immediate leaves out machine checks."""
    names = [g.group for g in groups if (g.creates or g.changes) and checks_of(manifest, g.group)]
    if settings.strategy is Strategy.IMMEDIATE and names:
        yield Finding(
            rule="machine-checks-not-run",
            severity=Severity.WARNING,
            message=f"machine_checks of {', '.join(ticked(name) for name in names)} are not run: strategy immediate updates all machines at once",
            hint="Set strategy: rolling to have them run.",
        )


def _tested(group: Reconciled, manifest: Manifest, checks: Sequence[Mapping[str, Json]]) -> Reconciled:
    if not checks or group.is_gone or group.gate is None:
        return group
    made = [test_config(manifest, check, origin={"image": _ANY_IMAGE}, address="") for check in checks]
    findings = [finding for conversion in made for finding in conversion.findings]
    if findings:
        return replace(group, findings=(*group.findings, *dict.fromkeys(findings)))

    def tested(gate: HealthGate, config: Mapping[str, Json]) -> HealthGate:
        if gate.kind not in (GateKind.CHECKS, GateKind.BOOT):
            return gate
        tests = tuple(_test(manifest, check, config) for check in checks)
        return replace(gate, tests=tests, label=", ".join([gate.label, *(test.label for test in tests)]))

    return replace(
        group,
        creates=tuple(replace(step, gate=tested(step.gate, step.config)) for step in group.creates),
        changes=tuple(replace(step, gate=tested(step.gate, _config(step))) for step in group.changes),
        routing=tuple(
            replace(step, gate=tested(step.gate, step.machine.config))
            if isinstance(step, Route) and step.machine and step.unproven
            else step
            for step in group.routing
        ),
        gate=tested(group.gate, {"image": _ANY_IMAGE}),
    )


def _config(step: Update | Start) -> Mapping[str, Json]:
    return step.config if isinstance(step, Update) else step.machine.config


def _test(manifest: Manifest, check: Mapping[str, Json], config: Mapping[str, Json]) -> MachineTest:
    """The test of one machine. The caller has converted `check` before, so the conversion cannot fail."""
    image = config.get("image") or _ANY_IMAGE
    made = test_config(manifest, check, origin={**config, "image": image}, address="").config
    assert made is not None
    command = shlex.join(strings(check.get("command")))
    shown = command if len(command) <= MOST_LABEL else f"{command[:MOST_LABEL]}…"
    return MachineTest(label=f"test {shown}", config=made)
