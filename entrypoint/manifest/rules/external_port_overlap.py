"""Two services on one external port (docs/rules/external-port-overlap.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.rules.sections import Section, finding_at, line_of, services
from entrypoint.manifest.source import Path

ID = "external-port-overlap"
SUMMARY = "Two services claim one external port; the proxy sends requests to the machines of both."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A service's claim of external ports. `order` is where it stands in the file."""

    protocol: str
    first: int
    last: int
    service: Section
    path: Path
    order: tuple[int, int]


def check(manifest: Manifest) -> Iterator[Finding]:
    """The port matrix: protocol and port or range × group. Each claim is held against the widest ones before it.

    Two are kept, of different services: a service's own ports must not hide another's.
    """
    widest: list[_Claim] = []
    for claim in sorted(_claims(manifest), key=lambda c: (c.protocol, c.first, c.order)):
        widest = [w for w in widest if w.protocol == claim.protocol]
        met = [w for w in widest if w.last >= claim.first]
        if met:
            others = [w for w in met if w.service.path != claim.service.path]
            yield _report(manifest, claim, (others or met)[0])
        widest = _two_widest([*widest, claim])
    yield from _shared(manifest)


def _two_widest(claims: list[_Claim]) -> list[_Claim]:
    best: dict[Path, _Claim] = {}
    for claim in claims:
        before = best.get(claim.service.path)
        if before is None or claim.last > before.last:
            best[claim.service.path] = claim
    return sorted(best.values(), key=lambda c: -c.last)[:2]


def _report(manifest: Manifest, one: _Claim, other: _Claim) -> Finding:
    """At the one further down, naming the line of the one further up."""
    upper, lower = sorted((one, other), key=lambda c: c.order)
    port, last = max(one.first, other.first), min(one.last, other.last)
    ports = f"port {port}/{one.protocol} is" if port == last else f"ports {port} to {last}/{one.protocol} are"
    line = line_of(manifest, upper.path)
    alike = one.service.values.get("internal_port") == other.service.values.get("internal_port")
    if one.service.groups == other.service.groups and alike:
        message, severity = (
            f"external {ports} claimed at line {line} too, for the same internal port",
            Severity.WARNING,
        )
        hint = "One of the two does nothing: remove it."
    elif one.service.groups == other.service.groups:
        message = (
            f"external {ports} also claimed at line {line}, "
            f"with internal port {quote(upper.service.values.get('internal_port'))}"
        )
        severity, hint = Severity.ERROR, "A port leads to one internal port. Give one of them another port."
    else:
        mine, theirs = _names(lower), _names(upper)
        message = f"external {ports} claimed for {mine}, and at line {line} for {theirs}"
        severity = Severity.ERROR
        hint = "Fly Proxy does not know groups: it sends to any machine with the port. Give one of them another port."
    return finding_at(manifest, lower.path, rule=ID, severity=severity, message=message, hint=hint)


def _names(claim: _Claim) -> str:
    return ", ".join(quote(group) for group in claim.service.groups[:4])


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
                    service=service,
                    path=where,
                    order=(line_of(manifest, where), first),
                )


def _shared(manifest: Manifest) -> Iterator[Finding]:
    """One service for several groups shares the traffic: said, not blamed."""
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
