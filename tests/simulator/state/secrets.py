"""Secrets: versions and digests, and machines that must not boot without them."""

from __future__ import annotations

import hashlib

from tests.simulator.state.model import App, Secret
from tests.simulator.state.refusals import Code, Refusal, invalid, not_found
from tests.simulator.state.world import World


def find_secret(app: App, name: str) -> Secret:
    """The secret of that name. Refuses where there is none."""
    if name not in app.secrets:
        raise not_found("secret not found")
    return app.secrets[name]


def set_secrets(world: World, app: App, *, values: object) -> None:
    """Set and, with null, unset. The version counts up when something changed."""
    if not isinstance(values, dict):
        raise invalid("values is required")
    changed = False
    for name, value in values.items():
        if value is None:
            changed = app.secrets.pop(name, None) is not None or changed
            continue
        if not isinstance(value, str):
            raise invalid(f"invalid value of secret {name}")
        changed = _set(world, app, name, value) or changed
    if changed:
        app.secrets_version += 1


def _set(world: World, app: App, name: str, value: str) -> bool:
    known = app.secrets.get(name)
    if known is not None and known.value == value:
        return False
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    created = known.created_at if known else world.now
    app.secrets[name] = Secret(
        name=name, digest=digest, value=value, created_at=created, updated_at=world.now
    )
    return True


def check_secrets(app: App, wanted: int | None) -> None:
    """Refuse to boot with secrets older than the caller has seen: the host waits for its replica, then gives up."""
    if wanted is not None and wanted > app.secrets_version:
        raise Refusal(
            Code.DEADLINE_EXCEEDED, f"deadline_exceeded: secrets version {wanted} not available on the host"
        )
