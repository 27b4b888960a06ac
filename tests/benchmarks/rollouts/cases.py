"""What is measured: a fleet of so many machines in so many groups, a strategy, and how quickly its machines come up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

OLD, NEW = "registry.fly.io/acme-shop:v41", "registry.fly.io/acme-shop:v42"
LATENCY = 0.03
"""Seconds of one request."""
REPLACE, CHECK, STOP, DESTROY = 0.5, 1.0, 1.0, 1.0
"""Seconds that a replacement (or a new machine's preparation), the first passing check, a stop and a destroy take."""
BOOTS = {"quick": 2.0, "slow": 10.0}
STRATEGIES = ("rolling", "immediate", "canary", "bluegreen")
SIZES, GROUPS = (1, 10, 50, 200), (1, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One deploy. All machines serve, all have a check; drain and bake are off."""

    machines: int
    groups: int = 1
    strategy: str = "rolling"
    boot: str = "quick"

    @property
    def boot_seconds(self) -> float:
        """From the end of the replacement to started."""
        return BOOTS[self.boot]

    @property
    def names(self) -> tuple[str, ...]:
        """The groups."""
        return tuple(f"web{number}" for number in range(self.groups))

    def manifest(self) -> str:
        """Its fly.toml."""
        processes = "\n".join(f'  {name} = "bin/{name}"' for name in self.names)
        services = "\n".join(_service(name, 8080 + place) for place, name in enumerate(self.names))
        return (
            f'app = "acme-shop"\nprimary_region = "ams"\n\n[deploy]\n  strategy = "{self.strategy}"\n\n'
            f"[processes]\n{processes}\n\n{services}\n"
        )

    def fleet(self) -> dict[str, Any]:
        """Its machines, as a deploy of the version before has left them, and how quick the platform is."""
        machines = [
            {"id": f"{0x148ED21A000000 + number:014x}", "config": self.names[number % self.groups]}
            for number in range(self.machines)
        ]
        return {
            "app": "acme-shop",
            "configs": {name: _config(name, 8080 + place) for place, name in enumerate(self.names)},
            "machines": machines,
            "latency": LATENCY,
            "timing": {
                "prepare": REPLACE,
                "replace": REPLACE,
                "boot": self.boot_seconds,
                "stop": STOP,
                "destroy": DESTROY,
                "first_check": CHECK / 2,
            },
            "behaviours": [{"check_seconds": CHECK}],
        }


ALL = tuple(
    Case(machines=machines, groups=groups, strategy=strategy, boot=boot)
    for machines, groups, strategy, boot in product(SIZES, GROUPS, STRATEGIES, BOOTS)
    if machines >= groups
)
SOME = (
    Case(machines=1),
    Case(machines=10),
    Case(machines=10, groups=4),
    Case(machines=10, boot="slow"),
    *(Case(machines=10, strategy=strategy) for strategy in STRATEGIES[1:]),
    Case(machines=50),
    Case(machines=200),
)
"""What `make bench` measures unless it is asked for everything."""


def _service(group: str, port: int) -> str:
    return f"""\
[[services]]
  processes = ["{group}"]
  internal_port = {port}
  protocol = "tcp"

  [[services.ports]]
    port = {port}
    handlers = ["http"]

  [[services.http_checks]]
    interval = "5s"
    timeout = "2s"
    grace_period = "1s"
    method = "get"
    path = "/up"
"""


def _config(group: str, port: int) -> dict[str, Any]:
    check = {
        "type": "http", "method": "get", "path": "/up", "interval": "5s", "timeout": "2s", "grace_period": "1s",
    }  # fmt: skip
    service = {
        "protocol": "tcp",
        "internal_port": port,
        "ports": [{"port": port, "handlers": ["http"]}],
        "checks": [check],
    }
    return {
        "image": OLD,
        "env": {"FLY_PROCESS_GROUP": group, "PRIMARY_REGION": "ams"},
        "init": {"cmd": [f"bin/{group}"]},
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": group},
        "restart": {"policy": "on-failure", "max_retries": 10},
        "services": [service],
    }
