"""The team's repository and app: one fly.toml whose every change can be told apart, and the fleet it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.builders import add_app, add_machine
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.world import World as FlyWorld

APP = "acme-shop"
SETTINGS = ("LEVEL", "COLOUR", "LIMIT", "QUEUE", "REGION_HINT")
"""Keys of [env], each with a line of its own and one around it, so that two changes fit together unless they are of one key."""


def manifest(env: Mapping[str, str], commands: Mapping[str, str], *, more: str = "") -> str:
    """fly.toml."""
    lines = [f'app = "{APP}"', 'primary_region = "ams"', "", "[env]"]
    for name in SETTINGS:
        lines += [f"  # {name} is read at boot", f'  {name} = "{env.get(name, "start")}"', ""]
    lines += ["[processes]"]
    for group, command in commands.items():
        lines += [f"  # the group {group}", f'  {group} = "{command}"', ""]
    lines += [
        "[http_service]",
        '  processes = ["web"]',
        "  internal_port = 8080",
        '  auto_stop_machines = "off"',
        "  auto_start_machines = true",
        "",
        "[[vm]]",
        '  size = "shared-cpu-1x"',
        '  memory = "256mb"',
        "",
    ]
    return "\n".join(lines) + more


def policy(web: int, worker: int) -> str:
    """flightplan.toml."""
    return (
        f"[groups.web]\n# how many serve\ncount = {web}\n\n# the workers\n\n"
        f"[groups.worker]\n# how many work\ncount = {worker}\n"
    )


START_COMMANDS = {"web": "bin/web", "worker": "bin/worker"}
FILES = {
    "fly.toml": manifest({}, START_COMMANDS),
    "flightplan.toml": policy(2, 1),
    "src/app.py": "print('hello')\n",
    "README.md": "A shop.\n",
}


def fleet() -> FlyWorld:
    """Two machines of web and one of worker, as flyctl left them."""
    world = FlyWorld()
    app = add_app(world, APP)
    for group, count in (("web", 2), ("worker", 1)):
        for _ in range(count):
            add_machine(world, app, config=live_config(group))
    world.behaviours.append(Behaviour(image="*:bad-*", checks="never", boot="failed"))
    return world


def live_config(group: str) -> dict[str, Any]:
    """A machine before Flightplan came."""
    web: dict[str, Any] = {
        "services": [
            {
                "protocol": "tcp",
                "internal_port": 8080,
                "autostop": "off",
                "autostart": True,
                "ports": [
                    {"port": 80, "handlers": ["http"]},
                    {"port": 443, "handlers": ["http", "tls"]},
                ],
            }
        ]
    }
    return {
        "image": f"registry.fly.io/{APP}:before",
        "init": {"cmd": [START_COMMANDS[group]]},
        "env": {
            "FLY_PROCESS_GROUP": group,
            "PRIMARY_REGION": "ams",
            **dict.fromkeys(SETTINGS, "start"),
        },
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": group},
        **(web if group == "web" else {}),
    }
