"""The port matrix against the obvious way: every pair of ports compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoint.kernel.findings import Severity
from entrypoint.manifest.checks.rules.external_port_overlap import ID
from entrypoint.manifest.read import read


@dataclass(frozen=True)
class Port:
    """One service with one port or range. No group's services are part of another's here."""

    group: str
    protocol: str
    internal: int
    first: int
    last: int

    def toml(self) -> str:
        return (
            f'[[services]]\nprocesses = ["{self.group}"]\nprotocol = "{self.protocol}"\n'
            f"internal_port = {self.internal}\n[[services.ports]]\nstart_port = {self.first}\nend_port = {self.last}\n"
        )

    def meets(self, other: Port) -> bool:
        return self.protocol == other.protocol and self.first <= other.last and other.first <= self.last

    def leads_elsewhere(self, other: Port) -> bool:
        return (self.group, self.internal) != (other.group, other.internal)


PORTS = st.builds(
    lambda group, protocol, internal, first, length: Port(group, protocol, internal, first, first + length),
    st.sampled_from(["cron", "web", "worker"]),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from([8080, 9090]),
    st.integers(1, 30),
    st.integers(0, 12),
)
HEAD = '[processes]\ncron = "c"\nweb = "w"\nworker = "k"\n'
LINES = 7
"""Lines of a service; its start_port is the sixth."""


@given(st.lists(PORTS, max_size=7))
@settings(max_examples=150, deadline=None)
def test_it_finds_what_comparing_every_pair_finds(ports: list[Port]) -> None:
    text = HEAD + "".join(port.toml() for port in ports)
    found = [f for f in read(text, file="fly.toml").findings if f.rule == ID]
    met = [(a, b) for (a, one), (b, other) in combinations(enumerate(ports), 2) if one.meets(other)]
    wrong = [(a, b) for a, b in met if ports[a].leads_elsewhere(ports[b])]
    assert any(f.severity is Severity.ERROR for f in found) == bool(wrong)
    assert bool(found) == bool(met)
    for finding in found:
        assert finding.span is not None
        above, below = ((line - 10) // LINES for line in _lines(finding.message))
        assert finding.span.line == below * LINES + 10
        assert (above, below) in met
        assert ((above, below) in wrong) == (finding.severity is Severity.ERROR)


def _lines(message: str) -> list[int]:
    """Both lines of the collision, the upper one first."""
    found = [int(number) for number in re.findall(r"(?:line|lines|and) (\d+)", message)]
    assert len(found) == 2
    return found
