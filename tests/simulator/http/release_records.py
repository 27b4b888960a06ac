"""The api.fly.io side in REST: organizations, builds, release records, logs."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.tokens import check_app
from tests.simulator.http.wire import show_release, show_time
from tests.simulator.state.behaviours import find_behaviour
from tests.simulator.state.refusals import invalid, not_found
from tests.simulator.state.releases import close_release, find_release, open_release


def get_organization(call: Call) -> Reply:
    """The organization of a slug."""
    slug = call.path["org"]
    if slug not in {app.organization for app in call.world.apps.values()}:
        raise not_found("organization not found")
    return Reply(
        body={"organization": {"id": slug, "slug": slug, "name": slug, "type": "SHARED", "paid_plan": True}}
    )


def start_build(call: Call) -> Reply:
    """A build begins: flyctl says so even where it builds nothing."""
    return Reply(body={"id": call.world.count(), "status": "started"})


def finish_build(call: Call) -> Reply:
    """A build ended."""
    return Reply(
        body={"id": call.object().get("build_id") or 0, "status": "completed", "wallclock_time_ms": 1}
    )


def create(call: Call) -> Reply:
    """A new release record."""
    body = call.object()
    name, strategy = body.get("app_name"), body.get("strategy")
    if not isinstance(name, str) or not isinstance(strategy, str):
        raise invalid("app_name and strategy are required")
    check_app(call.token, name)
    app = call.world.app(name)
    release = open_release(
        call.world,
        app,
        image=str(body.get("image") or ""),
        strategy=strategy,
        definition=body.get("definition"),
    )
    return Reply(status=201, body={"release": show_release(call.world, release)})


def update(call: Call) -> Reply:
    """How the release goes."""
    release, body = find_release(call.world, call.path["release"]), call.object()
    close_release(release, status=body.get("status"), metadata=body.get("metadata"))
    return Reply(body=show_release(call.world, release))


def list_releases(call: Call) -> Reply:
    """The app's records, newest first."""
    limit = call.get("limit")
    records = list(reversed(call.app.releases))
    if limit and limit.isdigit():
        records = records[: int(limit)]
    return Reply(body={"releases": [show_release(call.world, release) for release in records]})


def current_release(call: Call) -> Reply:
    """The newest record."""
    if not call.app.releases:
        raise not_found("release not found")
    return Reply(body={"release": show_release(call.world, call.app.releases[-1])})


def read_logs(call: Call) -> Reply:
    """What a machine printed: its script's output, and that it exited."""
    machine = call.app.machines.get(call.get("instance") or "")
    if machine is None or call.get("next_token"):
        return Reply(body={"data": [], "meta": {"next_token": call.get("next_token") or ""}})
    lines = [text for text in find_behaviour(call.world.behaviours, machine).task_output.splitlines() if text]
    lines += [
        f"Main child exited with code {event.request['exit_event']['exit_code']}"
        for event in reversed(machine.events)
        if event.type == "exit" and event.request
    ]
    rows = [
        {
            "id": f"{machine.id}-{number}",
            "attributes": {
                "timestamp": show_time(call.world, call.world.now),
                "message": text,
                "level": "info",
                "instance": machine.id,
                "region": machine.region,
                "meta": {},
            },
        }
        for number, text in enumerate(lines)
    ]
    return Reply(body={"data": rows, "meta": {"next_token": "end" if rows else ""}})


_API = "/api/v1"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path=_API + "/organizations/{org}",
        operation="organization_get",
        handle=get_organization,
        limited=False,
    ),
    Endpoint(
        method="POST", path=_API + "/builds", operation="build_start", handle=start_build, limited=False
    ),
    Endpoint(
        method="POST",
        path=_API + "/builds/finish",
        operation="build_finish",
        handle=finish_build,
        limited=False,
    ),
    Endpoint(
        method="POST", path=_API + "/releases", operation="release_create", handle=create, limited=False
    ),
    Endpoint(
        method="PATCH",
        path=_API + "/releases/{release}",
        operation="release_update",
        handle=update,
        limited=False,
    ),
    Endpoint(
        method="GET",
        path=_API + "/apps/{app}/releases",
        operation="release_list",
        handle=list_releases,
        limited=False,
    ),
    Endpoint(
        method="GET",
        path=_API + "/apps/{app}/releases/current",
        operation="release_current",
        handle=current_release,
        limited=False,
    ),
    Endpoint(
        method="GET", path=_API + "/apps/{app}/logs", operation="log_read", handle=read_logs, limited=False
    ),
)
