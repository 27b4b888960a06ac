"""One story, drawn from a seed: a fleet, a change, a strategy, and what goes wrong with the runs that deploy it."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, replace
from typing import Any

from tests.bench import FLEET, MANIFEST
from tests.shop import STANDBY, WEBS, WORKERS
from tests.shop import fleet as shop_fleet

FIRST: dict[str, Any] = {"app": "acme-shop", "status": "pending"}
VOLUME = "vol_4xj2k9w8m5r7q1zd"
SLEEPS = "a group that sleeps"
RULE_OPERATIONS = (
    "machine_create",
    "machine_update",
    "machine_cordon",
    "machine_uncordon",
    "machine_stop",
    "machine_start",
    "machine_destroy",
    "metadata_set",
    "metadata_delete",
    "volume_create",
    "volume_extend",
    "snapshot_create",
    "ip_assign",
    "metadata_merge",
    "lease_acquire",
    "lease_release",
    "lease_refresh",
    "machine_get",
    "machine_list",
    "machine_wait",
    "volume_list",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one run ends. `kill` and `cancel`: at which request; `acts` at seconds after its begin."""

    kill: int | None = None
    executed: bool = True
    cancel: int | None = None
    rules: tuple[dict[str, Any], ...] = ()
    behaviours: tuple[dict[str, Any], ...] = ()
    acts: tuple[tuple[float, dict[str, Any]], ...] = ()
    breach: bool = False
    inputs: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is told. `between`: what somebody does after each run that went wrong."""

    seed: int
    manifest: str
    fleet: dict[str, Any]
    policy: str
    strategy: str
    drains: bool
    reviewed: bool
    runs: tuple[Run, ...]
    between: tuple[tuple[dict[str, Any], ...], ...]
    words: tuple[str, ...]
    after: str
    """The fly.toml of the last runs: the same, or another change that was merged meanwhile."""

    @property
    def by_hand(self) -> bool:
        """Whether somebody else touches the fleet."""
        return any(self.between) or any(run.acts for run in self.runs)


def draw(seed: int) -> Story:
    """The same for the same seed."""
    dice, more = random.Random(seed), random.Random(f"{seed}, and more")
    strategy = dice.choice(["rolling", "rolling", "canary", "bluegreen", "bluegreen", "immediate"])
    first = dice.random() < 0.15
    words = [strategy]
    fleet: dict[str, Any] = (
        copy.deepcopy(FIRST) if first else shop_fleet(sleeps=False, standby=dice.random() < 0.6)
    )
    text = MANIFEST[: MANIFEST.index("[[mounts]]")].replace("rolling", strategy)
    text = text.replace("[env]", '  wait_timeout = "40s"\n\n[env]')
    if first:
        words.append("first deploy")
    elif more.random() < 0.25:
        words.append(SLEEPS)
        _add_sleeper(fleet)
        text = text.replace("[processes]\n", '[processes]\n  sleeper = "bin/sleep"\n')
    has_cron = strategy in ("rolling", "immediate") and dice.random() < 0.7
    mounts = '\n[[mounts]]\n  processes = ["cron"]\n  source = "data"\n  destination = "/data"\n'
    if has_cron:
        words.append("cron with a volume")
        if not first:
            original = copy.deepcopy(FLEET)
            fleet["machines"] += [m for m in original["machines"] if m["config"] == "cron"]
            fleet["volumes"] = original["volumes"]
        text += mounts
    else:
        text = text.replace('  cron = "supercronic /app/crontab"\n', "")
    if dice.random() < 0.5:
        text = text.replace('  mailer = "bin/mailer"\n', "")
    else:
        words.append("a new group mailer")
    if dice.random() < 0.7:
        text = text.replace('  release_command = "bin/migrate"\n', "")
    else:
        words.append("a release command")
    if dice.random() < 0.25:
        text = text.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"')
        words.append("autostop")
        if not first and more.random() < 0.7:
            words.append(f"{_put_to_sleep(fleet, more)} of web rest")
    if dice.random() < 0.15:
        text = text.replace(
            "  [[http_service.checks]]",
            '  [[http_service.machine_checks]]\n    command = ["bin/test"]\n    image = "registry.fly.io/acme-shop:v42"\n\n  [[http_service.checks]]',
        )
        words.append("machine checks")
    policy, drains = "", False
    if dice.random() < 0.4:
        drains = strategy in ("rolling", "canary")
        policy += "[groups.web]\ndrain = true\n"
        words.append("drain")
        if dice.random() < 0.3:
            policy += "count = { ams = 3, gru = 1 }\n"
            words.append("web grows")
    elif dice.random() < 0.2:
        policy += "[groups.web]\ncount = { ams = 3, gru = 2 }\n"
        words.append("web grows")
    if has_cron and dice.random() < 0.6:
        extra = dice.choice(
            ["count = 2\n", "snapshot = true\n", "volume_size = 4\n", "singleton = true\ncount = 1\n"]
        )
        policy += "[groups.cron]\n" + extra
        words.append("cron: " + extra.replace("\n", " "))
    verifies = dice.random() < 0.3
    if verifies:
        policy += '[verify]\nurl = "https://shop.example/up"\nbake = 12\n'
        words.append("verify")
    allows = has_cron and not first and dice.random() < 0.25
    if allows:
        text = text.replace('source = "data"', 'source = "other"')
        words.append("mount renamed")
    after = text
    if dice.random() < 0.3:
        after = text.replace("LOG_LEVEL", "LOG_LEVELS")
        if dice.random() < 0.3:
            after = after.replace('source = "other"', 'source = "data"')
    hands = dice.random() < 0.25
    runs, between = [], []
    for _ in range(dice.choice([1, 1, 1, 2])):
        run = _run(dice, hands=hands, verifies=verifies)
        runs.append(_with_silence(run, more, hosts=not first and hands))
        between.append(
            tuple(_act(dice) for _ in range(dice.randint(1, 2))) if hands and dice.random() < 0.6 else ()
        )
    return Story(
        seed=seed,
        manifest=text,
        fleet=fleet,
        policy=policy,
        strategy=strategy,
        drains=drains,
        reviewed=not hands and dice.random() < 0.3,
        runs=tuple(runs),
        between=tuple(between),
        words=(
            *words,
            *(["allow-destroy"] if allows else []),
            *(["another change"] if after != text else []),
        ),
        after=after,
    )


def _add_sleeper(fleet: dict[str, Any]) -> None:
    """A group of which nothing runs, and nothing is started by the proxy."""
    asleep = shop_fleet(sleeps=True)
    fleet["configs"]["sleeper"] = asleep["configs"]["sleeper"]
    fleet["machines"] += [m for m in asleep["machines"] if m["config"] == "sleeper"]


def _put_to_sleep(fleet: dict[str, Any], dice: random.Random) -> int:
    """Some or all machines of web rest, as the proxy left them. How many."""
    for service in fleet["configs"]["web"]["services"]:
        service |= {"autostop": "stop", "autostart": True}
    webs = [m for m in fleet["machines"] if m["config"] == "web"]
    resting = dice.sample(webs, dice.randint(1, len(webs)))
    for machine in resting:
        machine["state"] = "stopped"
    return len(resting)


def _with_silence(run: Run, dice: random.Random, *, hosts: bool) -> Run:
    """The same run; answers may be held for minutes, and, where somebody touches the fleet anyway, a host may die."""
    if dice.random() < 0.3:
        held = tuple(_held(dice) for _ in range(dice.randint(1, 2)))
        run = replace(run, rules=(*run.rules, *held))
    if hosts and dice.random() < 0.5:
        dies = {"act": "host", "machine": dice.choice([*WEBS, *WORKERS])}
        run = replace(run, acts=(*run.acts, (dice.uniform(0, 90), dies)))
    return run


def _held(dice: random.Random) -> dict[str, Any]:
    """An answer for which a client waits in vain: the request is done before that, or after it."""
    return {
        "operation": dice.choice(RULE_OPERATIONS),
        "nth": dice.randint(1, 9),
        "times": dice.randint(1, 2),
        "fault": "slow",
        dice.choice(["delay", "delay_after"]): dice.choice([70.0, 120.0, 300.0]),
    }


def _run(dice: random.Random, *, hands: bool, verifies: bool) -> Run:
    what = dice.choice(["kill", "kill", "kill", "cancel", "rules", "behaviour", "kill+rules", "filter"])
    acts = (
        tuple((dice.uniform(0, 90), _act(dice)) for _ in range(dice.randint(1, 2)))
        if hands and dice.random() < 0.6
        else ()
    )
    rules = tuple(_rule(dice) for _ in range(dice.randint(1, 3))) if "rules" in what else ()
    behaviours: tuple[dict[str, Any], ...] = ()
    if what == "behaviour":
        ill = dice.choice([{"boot": "crash"}, {"boot": "exit"}, {"checks": "never"}, {"boot": "failed"}])
        behaviours = ({"image": "*:v42*", "group": dice.choice(["web", "worker", "mailer", "cron"]), **ill},)
    inputs: tuple[tuple[str, Any], ...] = ()
    if what == "filter":
        inputs = (
            dice.choice(
                [("groups", ("web",)), ("groups", ("worker",)), ("regions", ("ams",)), ("regions", ("gru",))]
            ),
        )
    return Run(
        kill=dice.randint(5, 330) if "kill" in what else None,
        executed=dice.random() < 0.5,
        cancel=dice.randint(5, 330) if what == "cancel" else None,
        rules=rules,
        behaviours=behaviours,
        acts=acts,
        breach=verifies and dice.random() < 0.4,
        inputs=inputs,
    )


def _rule(dice: random.Random) -> dict[str, Any]:
    place = {
        "operation": dice.choice(RULE_OPERATIONS),
        "nth": dice.randint(1, 9),
        "times": dice.randint(1, 3),
    }
    return dice.choice(
        [
            {
                **place,
                "fault": "answer",
                "status": dice.choice([408, 429, 500, 502, 503, 504]),
                "commit": dice.random() < 0.5,
            },
            {**place, "fault": "answer", "status": dice.choice([400, 403, 409, 412, 422])},
            {**place, "fault": "drop", "when": dice.choice(["refused", "before", "after", "body"])},
            {**place, "fault": "drop", "when": "after", "delay_after": dice.choice([5.0, 60.0])},
            {**place, "fault": "slow", "delay": dice.choice([2.0, 20.0])},
        ]
    )


def _act(dice: random.Random) -> dict[str, Any]:
    """What somebody, or the proxy, does. `fresh`: on one of the machines that were made since the beginning."""
    return dice.choice(
        [
            {"act": "uncordon", "fresh": True},
            {"act": "destroy", "fresh": True},
            {"act": "stop", "fresh": True},
            {"act": "cordon", "machine": dice.choice(WEBS)},
            {"act": "uncordon", "machine": dice.choice(WEBS)},
            {"act": "destroy", "machine": dice.choice([*WEBS, *WORKERS])},
            {"act": "stop", "machine": dice.choice([*WEBS, *WORKERS])},
            {"act": "start", "machine": STANDBY},
            {"act": "update", "machine": dice.choice(WEBS), "config": {"env": {"BY": "HAND"}}},
            {"act": "update", "fresh": True, "config": {"env": {"BY": "HAND"}}},
            {"act": "clear_lease", "fresh": True},
            {"act": "update", "group": "web", "config": {"image": "registry.fly.io/acme-shop:v41"}},
        ]
    )
