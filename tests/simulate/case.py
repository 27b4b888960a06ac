"""A small fleet and a change of it: what a schedule deploys. Drawn from a number, so that many schedules share one."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.bench import FLEET

CASES = 600
"""So many there are: the way of each without misfortune is played once."""
OLD, NEW, NEWER = (f"registry.fly.io/acme-shop:v4{n}" for n in (1, 2, 3))
FRESH = "fra"
"""A region that has no machine before."""
GROUPS = ("web", "worker", "cron", "api")
_HEAD = """app = "acme-shop"
primary_region = "ams"
kill_signal = "SIGTERM"
kill_timeout = "30s"

[deploy]
  strategy = "{strategy}"
  max_unavailable = {width}
  wait_timeout = "40s"
{release}
[env]
  LOG_LEVEL = "info"

[processes]
"""
_COMMANDS = {
    "web": "bin/web --threads 8",
    "worker": "bin/worker --queue default",
    "cron": "supercronic /app/crontab",
    "api": "bin/api",
}
_WEB = """
[[services]]
  protocol = "tcp"
  processes = ["{group}"]
  internal_port = {port}
  auto_stop_machines = "{stops}"
  auto_start_machines = true

  [[services.ports]]
    port = {outside}
    handlers = ["http"]

  [[services.http_checks]]
    method = "GET"
    path = "/up"
    interval = "5s"
    timeout = "2s"
    grace_period = "2s"
"""
_MOUNTS = """
[[mounts]]
  processes = ["cron"]
  source = "{source}"
  destination = "/data"
"""
_VM = """
[[vm]]
  size = "shared-cpu-1x"
  memory = "256mb"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`manifest` is what is deployed to `fleet`; `after` what comes next, perhaps. `latency`: seconds a request."""

    number: int
    manifest: str
    after: str
    policy: str
    fleet: dict[str, Any]
    allow_destroy: bool
    latency: float
    words: tuple[str, ...]

    @property
    def strategy(self) -> str:
        return self.words[0]

    def has(self, word: str) -> bool:
        """Whether `word` is one of its words."""
        return word in self.words


@cache
def draw_case(number: int) -> Case:
    """The same for the same number."""
    dice = random.Random(f"case {number}")
    strategy = dice.choice(["rolling", "rolling", "canary", "bluegreen", "bluegreen", "immediate"])
    words = [strategy]
    groups = _draw_groups(dice, strategy)
    is_first = dice.random() < 0.12
    gone = not is_first and len(groups) > 1 and dice.random() < 0.12
    counts = {group: 1 if group == "cron" else dice.choice([2, 2, 3]) for group in groups}
    if len(groups) == 3:
        counts = dict.fromkeys(groups, 1) | {"web": 2}
    width = dice.choice([1, 1, 2])
    policy: dict[str, list[str]] = {}
    if "web" in groups and strategy in ("rolling", "canary") and dice.random() < 0.5:
        policy.setdefault("web", []).append("drain = true")
        words.append("drain")
    if "web" in groups and dice.random() < 0.2:
        in_gru = int(not is_first and counts["web"] == 3)
        by_region = f"{{ ams = {counts['web'] - in_gru}, gru = {in_gru}, {FRESH} = 1 }}"
        policy.setdefault("web", []).append(f"count = {dice.choice([counts['web'] + 1, by_region])}")
        words.append("web grows")
    if "worker" in groups and dice.random() < 0.3:
        policy.setdefault("worker", []).append("start = true")
        words.append("start")
    source, allows = "data", False
    if "cron" in groups:
        words.append("volume")
        extra = dice.choice(
            ["", "", "volume_size = 3", "snapshot = true", "singleton = true\ncount = 1", "rename"]
        )
        if extra == "rename":
            source, allows = "other", not is_first
            words.append("mount renamed")
        elif extra:
            policy.setdefault("cron", []).append(extra)
            words.append(extra.partition("\n")[0])
    release = dice.random() < 0.3
    words += ["release"] if release else []
    stops = "api" in groups
    words += ["autostop"] if stops else []
    if gone:
        allows = True
        words.append("a group gone")
    text_policy = "".join(f"[groups.{group}]\n" + "\n".join(lines) + "\n" for group, lines in policy.items())
    if dice.random() < 0.15:
        text_policy += '[verify]\nurl = "https://shop.example/up"\nbake = 12\n'
        words.append("verify")
    kept = [group for group in groups if not (gone and group == groups[-1])]
    if is_first:
        words.append("first deploy")
    text = _HEAD.format(
        strategy=strategy, width=width, release='  release_command = "bin/migrate"' if release else ""
    )
    text += "".join(f'  {group} = "{_COMMANDS[group]}"\n' for group in kept)
    text += "".join(
        _WEB.format(
            group=g,
            port=8080 if g == "web" else 8081,
            outside=80 if g == "web" else 8000,
            stops="stop" if g == "api" else "off",
        )
        for g in ("web", "api")
        if g in kept
    )
    if "cron" in kept:
        text += _MOUNTS.format(source=source)
    standby = "worker" in groups and dice.random() < 0.4
    words += ["standby"] if standby else []
    rests = "start" in words
    fleet: dict[str, Any] = {"app": "acme-shop", "status": "pending"}
    if not is_first:
        fleet = _draw_fleet(dice, groups, counts, standby=standby, rests=rests)
    changed = dice.random() < 0.25
    words += ["another change"] if changed else []
    latency = dice.choice([0.0, 0.0, 0.05, 0.3])
    if (
        rests and not is_first and dice.random() < 0.6
    ):  # its machines have what the change brings: one is only started
        words.append("only started")
        for name in ("worker", "standby"):
            if name in fleet["configs"]:
                fleet["configs"][name]["image"] = NEW
    return Case(
        number=number,
        manifest=text + _VM,
        after=(text + _VM).replace("LOG_LEVEL", "LOG_LEVELS") if changed else text + _VM,
        policy=text_policy,
        fleet=fleet,
        allow_destroy=allows,
        latency=latency,
        words=tuple(words),
    )


def _draw_groups(dice: random.Random, strategy: str) -> list[str]:
    """One to three; volumes only where the strategy can have them."""
    able = [g for g in GROUPS if g != "cron" or strategy in ("rolling", "immediate")]
    first = dice.choice(["web", "web", "web", "worker", "api", "cron" if "cron" in able else "web"])
    others = [g for g in able if g != first]
    return [first, *dice.sample(others, dice.choice([0, 1, 1, 2]))]


def _draw_fleet(
    dice: random.Random, groups: list[str], counts: dict[str, int], *, standby: bool, rests: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: copy.deepcopy(FLEET[key]) for key in ("app", "organization", "status", "configs")
    }
    configs = found["configs"]
    configs["api"] = copy.deepcopy(configs["web"])
    configs["api"]["services"][0] |= {"internal_port": 8081, "autostop": True, "autostart": True}
    configs["api"]["init"] = {"cmd": ["bin/api"]}
    for group in ("web", "api"):
        configs[group]["services"][0]["ports"] = [
            {"port": 80 if group == "web" else 8000, "handlers": ["http"]}
        ]
    configs["api"]["env"]["FLY_PROCESS_GROUP"] = configs["api"]["metadata"]["fly_process_group"] = "api"
    machines = []
    for group in groups:
        for n in range(counts[group]):
            state = "started"
            if group == "api" and dice.random() < 0.5:
                state = "stopped"
            if group == "worker" and rests and n == counts[group] - 1:
                state = "stopped"
            machines.append(
                {
                    "id": f"{GROUPS.index(group) + 1}{n}8ed21a031189",
                    "name": f"quiet-{group}-{n}",
                    "region": "gru" if group == "web" and n == 2 else "ams",
                    "config": group,
                    "state": state,
                }
            )
    if standby:
        primary = next(m["id"] for m in machines if m["config"] == "worker")
        config = copy.deepcopy(configs["worker"]) | {"standbys": [primary]}
        config["env"]["FLY_STANDBY_FOR"] = primary
        configs["standby"] = config
        machines.append(
            {
                "id": "598ed21a031189",
                "name": "still-moon",
                "region": "ams",
                "config": "standby",
                "state": "stopped",
            }
        )
    found["machines"] = machines
    found["volumes"] = copy.deepcopy(FLEET["volumes"]) if "cron" in groups else []
    return found
