"""Machines, changed: create, update, start, stop, restart, suspend, destroy, cordon."""

from __future__ import annotations

from typing import Any

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import OK, Reply
from tests.simulator.http.wire import show_machine
from tests.simulator.state.cordon import set_cordon
from tests.simulator.state.create import Launch, create_machine
from tests.simulator.state.destroy import destroy_machine
from tests.simulator.state.leases import guard_from_all
from tests.simulator.state.power import restart_machine, start_machine, stop_machine, suspend_machine
from tests.simulator.state.probes import read_seconds
from tests.simulator.state.refusals import invalid, precondition
from tests.simulator.state.update import update_machine

_BASE = "/v1/apps/{app}/machines"
_ONE = _BASE + "/{machine}"


def _read_launch(body: dict[str, Any]) -> Launch:
    for key in ("name", "region", "current_version"):
        if not isinstance(body.get(key), str | None):
            raise invalid(f"invalid {key}")
    secrets = body.get("min_secrets_version")
    if isinstance(secrets, bool) or not isinstance(secrets, int | None):
        raise invalid("invalid min_secrets_version")
    for key in ("skip_launch", "skip_service_registration", "skip_secrets"):
        if not isinstance(body.get(key), bool | None):
            raise invalid(f"invalid {key}")
    return Launch(
        config=body.get("config"),
        name=body.get("name") or None,
        region=body.get("region") or None,
        skip_launch=bool(body.get("skip_launch")),
        skip_service_registration=bool(body.get("skip_service_registration")),
        lease_ttl=body.get("lease_ttl"),
        min_secrets_version=None if body.get("skip_secrets") else secrets,
        current_version=body.get("current_version") or None,
    )


def create(call: Call) -> Reply:
    """A new machine, at once in `created`."""
    machine, nonce = create_machine(
        call.world, call.app, launch=_read_launch(call.object()), owner=call.token.owner
    )
    return Reply(body=show_machine(call.world, machine, nonce=nonce))


def update(call: Call) -> Reply:
    """A whole new configuration."""
    machine = call.guarded_machine
    nonce = update_machine(call.world, machine, launch=_read_launch(call.object()), owner=call.token.owner)
    return Reply(body=show_machine(call.world, machine, nonce=nonce))


def start(call: Call) -> Reply:
    """Start a stopped or suspended machine."""
    before = start_machine(call.world, call.guarded_machine)
    return Reply(body={"previous_state": before, "migrated": False, "new_host": ""})


def stop(call: Call) -> Reply:
    """Stop it."""
    machine, wish = call.guarded_machine, call.object().get("timeout")
    stop_machine(call.world, machine, timeout=_read_timeout(wish))
    return Reply(body=OK)


def _read_timeout(wish: object) -> float | None:
    """Seconds or Go text; clients send both."""
    if wish is None or isinstance(wish, bool):
        return None
    if isinstance(wish, int | float):
        return float(wish)
    text = str(wish)
    return float(text) if text.isascii() and text.isdigit() else read_seconds(text, default=0.0)


def restart(call: Call) -> Reply:
    """Stop and start."""
    restart_machine(call.world, call.guarded_machine)
    return Reply(body=OK)


def suspend(call: Call) -> Reply:
    """Suspend it."""
    suspend_machine(call.world, call.guarded_machine)
    return Reply(body=OK)


def signal(call: Call) -> Reply:
    """A signal to the main process, by name or number; it is not guarded by the lease."""
    machine, word = call.machine, call.object().get("signal")
    if isinstance(word, bool) or not isinstance(word, str | int):
        raise invalid("invalid signal")
    if machine.state != "started":
        raise precondition(f"machine not running, currently {machine.state}")
    return Reply(body=OK)


def destroy(call: Call) -> Reply:
    """Destroy; `kill` is fly-go's word for force."""
    destroy_machine(call.world, call.guarded_machine, force=call.is_set("force", "kill"))
    return Reply(body=OK)


def cordon(call: Call) -> Reply:
    """Cordon it."""
    set_cordon(call.world, call.guarded_machine, cordoned=True)
    return Reply(body=OK)


def uncordon(call: Call) -> Reply:
    """Uncordon it."""
    set_cordon(call.world, call.guarded_machine, cordoned=False)
    return Reply(body=OK)


def execute(call: Call) -> Reply:
    """Run a command inside: it always succeeds without output. Refused while anybody holds the lease."""
    machine, body = call.machine, call.object()
    guard_from_all(call.world, machine)
    if not (body.get("command") or body.get("cmd")):
        raise invalid("command is required")
    if machine.state != "started":
        raise precondition(f"machine not running, currently {machine.state}")
    return Reply(body={"exit_code": 0, "exit_signal": 0, "stdout": "", "stderr": ""})


ENDPOINTS = (
    Endpoint(method="POST", path=_BASE, operation="machine_create", handle=create),
    Endpoint(method="POST", path=_ONE, operation="machine_update", handle=update),
    Endpoint(method="DELETE", path=_ONE, operation="machine_destroy", handle=destroy),
    Endpoint(method="POST", path=_ONE + "/start", operation="machine_start", handle=start),
    Endpoint(method="POST", path=_ONE + "/stop", operation="machine_stop", handle=stop),
    Endpoint(method="POST", path=_ONE + "/restart", operation="machine_restart", handle=restart),
    Endpoint(method="POST", path=_ONE + "/suspend", operation="machine_suspend", handle=suspend),
    Endpoint(method="POST", path=_ONE + "/signal", operation="machine_signal", handle=signal),
    Endpoint(method="POST", path=_ONE + "/cordon", operation="machine_cordon", handle=cordon),
    Endpoint(method="POST", path=_ONE + "/uncordon", operation="machine_uncordon", handle=uncordon),
    Endpoint(method="POST", path=_ONE + "/exec", operation="machine_exec", handle=execute),
)
