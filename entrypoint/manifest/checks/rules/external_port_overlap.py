"""Two services on one external port (docs/rules/external-port-overlap.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import finding_at, line_of, services
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "external-port-overlap"
SUMMARY = "Two services claim one external port; the proxy sends requests to the machines of both."

_Target: TypeAlias = "tuple[tuple[GroupName, ...], str]"


class _Claim(NamedTuple):
    """A service's claim of external ports. `order`: its place in the file."""

    protocol: str
    first: int
    last: int
    target: _Target
    """Where the traffic goes: groups and internal port."""
    handlers: frozenset[str]
    path: Path
    order: tuple[int, int]


def check(manifest: Manifest) -> Iterator[Finding]:
    """Sorts all claims by protocol and first port, and compares each with earlier ones.

    Two earlier ones are enough for each protocol: the one that ends last, and among those with another target the one that ends last. A
    claim that overlaps any earlier one overlaps one of these.
    """
    last: list[_Claim] = []
    for claim in sorted(_claims(manifest), key=lambda c: (c.protocol, c.first, c.order)):
        last = [other for other in last if other.protocol == claim.protocol]
        met = [other for other in last if other.last >= claim.first]
        if met:
            elsewhere = [other for other in met if other.target != claim.target]
            yield _report(manifest, claim, (elsewhere or met)[0])
        last = _two_last([*last, claim])
    yield from _shared(manifest)


def _two_last(claims: list[_Claim]) -> list[_Claim]:
    best: dict[_Target, _Claim] = {}
    for claim in claims:
        before = best.get(claim.target)
        if before is None or claim.last > before.last:
            best[claim.target] = claim
    return sorted(best.values(), key=lambda c: -c.last)[:2]


def _report(manifest: Manifest, one: _Claim, other: _Claim) -> Finding:
    """The finding at the lower of the two, with the lines of both."""
    upper, lower = sorted((one, other), key=lambda c: c.order)
    port, last = max(one.first, other.first), min(one.last, other.last)
    ports = f"port {port}/{one.protocol} is" if port == last else f"ports {port} to {last}/{one.protocol} are"
    lines = (line_of(manifest, upper.path), line_of(manifest, lower.path))
    (groups, internal), (lower_groups, lower_internal) = upper.target, lower.target
    nested = set(groups) <= set(lower_groups) or set(lower_groups) <= set(groups)
    if nested and internal == lower_internal:
        message = f"external {ports} claimed at lines {lines[0]} and {lines[1]}, for the same internal port"
        severity, hint = Severity.WARNING, "One of the two does nothing: remove it."
        if upper.handlers != lower.handlers:
            message, hint = (
                f"{message} with other handlers",
                "Only one of the two can hold: remove the other.",
            )
    elif groups == lower_groups:
        message = (
            f"external {ports} claimed for internal port {internal} at line {lines[0]} "
            f"and for {lower_internal} at line {lines[1]}"
        )
        severity, hint = Severity.ERROR, "A port leads to one internal port. Give one of them another port."
    else:
        message = (
            f"external {ports} claimed for {_names(groups)} at line {lines[0]} "
            f"and for {_names(lower_groups)} at line {lines[1]}"
        )
        severity = Severity.ERROR
        hint = "Fly Proxy does not know groups: it sends to any machine with the port. Give one of them another port."
    return finding_at(manifest, lower.path, rule=ID, severity=severity, message=message, hint=hint)


def _names(groups: tuple[GroupName, ...]) -> str:
    return ", ".join(quote(group) for group in groups[:4])


def _claims(manifest: Manifest) -> Iterator[_Claim]:
    for service in services(manifest):
        protocol = str(service.values.get("protocol") or "tcp")
        for path, port in service.tables("ports"):
            first, last = port.get("port", port.get("start_port")), port.get("port", port.get("end_port"))
            if service.groups and isinstance(first, int) and isinstance(last, int) and first <= last:
                where: Path = (*path, "port" if "port" in port else "start_port")
                yield _Claim(
                    protocol=protocol,
                    first=first,
                    last=last,
                    target=(service.groups, str(service.values.get("internal_port") or "none")),
                    handlers=frozenset(strings(port.get("handlers"))),
                    path=where,
                    order=(line_of(manifest, where), first),
                )


def _shared(manifest: Manifest) -> Iterator[Finding]:
    """One service for several groups: probably intended, so only a notice."""
    for service in services(manifest):
        if len(service.groups) > 1 and service.values.get("ports"):
            yield finding_at(
                manifest,
                (*service.path, "processes"),
                rule=ID,
                severity=Severity.NOTICE,
                message="machines of "
                + ", ".join(quote(g) for g in service.groups[:4])
                + " share this traffic",
                hint="Fly Proxy balances over all of them. If they differ, give each group a service and ports of its own.",
            )
