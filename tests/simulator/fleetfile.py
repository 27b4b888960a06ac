"""Fleet and fault files: readable JSON → a world, and what a simulator of it is set to."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.simulator.builders import add_app, add_machine, add_volume
from tests.simulator.faults import Rule
from tests.simulator.http.tokens import Token
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.dice import Dice
from tests.simulator.state.hands import perform
from tests.simulator.state.model import App
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.releases import close_release, open_release
from tests.simulator.state.secrets import set_secrets
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.state.world import World

_APP_KEYS = {
    "app",
    "organization",
    "status",
    "configs",
    "machines",
    "volumes",
    "secrets",
    "staged_secrets",
    "rooms",
    "releases",
    "machine_limit",
}
_BEFORE_ALL = 10 * 365 * 86400.0
"""Seconds: secrets of a fleet file are older than its machines, but for `staged_secrets`."""
_SETTING_KEYS = {
    "apps",
    "timing",
    "switches",
    "behaviours",
    "tokens",
    "rules",
    "acts",
    "rate_limits",
    "replica_lag",
    "latency",
    "about",
}


@dataclass(slots=True, kw_only=True)
class Setup:
    """What a fleet file and a fault file ask for together."""

    world: World
    rules: list[Rule] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    rate_limits: bool = True
    replica_lag: float = 0.0
    latency: float = 0.0


def read_setup(
    fleet: dict[str, Any],
    *,
    faults: dict[str, Any] | None = None,
    seed: int = 0,
    speed: float = 1.0,
    epoch: float | None = None,
) -> Setup:
    """The world of a fleet file, with the faults of a fault file. Raises ValueError for unknown keys."""
    _check_keys(fleet, _APP_KEYS | _SETTING_KEYS, "fleet file")
    _check_keys(faults or {}, _SETTING_KEYS - {"apps"}, "fault file")
    world = World(dice=Dice(seed), speed=speed)
    if epoch is not None:
        world.epoch = epoch
    setup = Setup(world=world)
    for source in (fleet, faults or {}):
        _read_settings(setup, source)
    for source in fleet.get("apps", [fleet] if "app" in fleet else []):
        _check_keys(source, _APP_KEYS | _SETTING_KEYS, "app")
        _read_app(world, source)
    for source in (fleet, faults or {}):
        for words in source.get("acts", []):
            world.timers.at(float(words.get("at", 0.0)), "script", partial(_act, world, words))
    return setup


def _act(world: World, words: dict[str, Any]) -> None:
    """What the script does at its time. Something that the platform refuses does not happen."""
    with suppress(Refusal):
        perform(world, {key: value for key, value in words.items() if key != "at"})


def _check_keys(source: dict[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(source) - known)
    if unknown:
        raise ValueError(f"{what}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _read_settings(setup: Setup, source: dict[str, Any]) -> None:
    world = setup.world
    if "timing" in source:
        world.timing = _read_timing(source["timing"])
    if "switches" in source:
        world.switches = Switches(**source["switches"])
    world.behaviours = [Behaviour(**words) for words in source.get("behaviours", [])] + world.behaviours
    setup.rules += [Rule(**words) for words in source.get("rules", [])]
    setup.tokens += [
        Token(**{**t, "apps": tuple(t["apps"]) if t.get("apps") is not None else None})
        for t in source.get("tokens", [])
    ]
    setup.rate_limits = source.get("rate_limits", setup.rate_limits)
    setup.replica_lag = source.get("replica_lag", setup.replica_lag)
    setup.latency = source.get("latency", setup.latency)


def _read_timing(words: dict[str, Any]) -> Timing:
    """Seconds as one number or as [least, most]."""
    known = {key: tuple(value) if isinstance(value, list) else (value, value) for key, value in words.items()}
    visible = known.pop("destroyed_visible", (Timing().destroyed_visible,))
    return Timing(**known, destroyed_visible=visible[0])


def _read_app(world: World, source: dict[str, Any]) -> App:
    app = add_app(
        world,
        source["app"],
        organization=source.get("organization", "acme"),
        status=source.get("status", "deployed"),
    )
    app.machine_limit = source.get("machine_limit")
    for words in source.get("volumes", []):
        add_volume(world, app, **words)
    configs = source.get("configs", {})
    for words in source.get("machines", []):
        given = words.get("config")
        if isinstance(given, str):
            if given not in configs:
                raise ValueError(f"machine {words.get('id')}: no config {given!r} under configs")
            given = copy.deepcopy(configs[given])
        add_machine(world, app, **{**words, "config": given})
    if source.get("secrets"):
        set_secrets(world, app, values=source["secrets"])
        for secret in app.secrets.values():
            secret.created_at = secret.updated_at = -_BEFORE_ALL
    if source.get("staged_secrets"):
        set_secrets(world, app, values=source["staged_secrets"])
    world.rooms |= source.get("rooms", {})
    for words in source.get("releases", []):
        release = open_release(
            world,
            app,
            image=words.get("image", ""),
            strategy=words.get("strategy", "ROLLING"),
            definition=words.get("definition"),
        )
        release.version = words.get("version", release.version)
        release.id = words.get("id", release.id)
        close_release(release, status=words.get("status", "complete"), metadata=None)
    return app
