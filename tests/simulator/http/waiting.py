"""The long poll: it holds nothing while it waits."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.state.refusals import not_found
from tests.simulator.state.waits import find_fulfilment, is_superseded, make_wish, missed


async def wait(call: Call) -> Reply:
    """Answer when the machine is as asked, or refuse when the time is over."""
    world, machine, clock = call.world, call.machine, call.simulator.clock
    wish = make_wish(
        world,
        machine,
        states=call.get_all("state"),
        version=call.get("version", "instance_id"),
        from_event_id=call.get("from_event_id"),
        timeout=call.get("timeout"),
    )
    since, deadline = len(machine.moments), world.now + wish.seconds
    while True:
        moment = find_fulfilment(machine, wish, since=since)
        if moment is not None:
            state = "settled" if moment.state not in wish.states else moment.state
            body = {"ok": True, "state": state, "version": moment.version, "event_id": moment.event_id}
            return Reply(body=body)
        if (
            machine.state == "destroyed"
        ):  # flyctl takes it for "has run and is gone", and still reads the exit with GET
            raise not_found("machine not found")
        if is_superseded(machine, wish) or world.now >= deadline - 1e-6:
            raise missed(machine, wish)
        watched = (machine.id, *(machine.config.get("standbys") or ()))
        dues = [due for owner in watched if (due := world.timers.next_due(owner)) is not None]
        await clock.wait_for_change(machine.id, until=min([deadline, *dues]))
        call.simulator.look()


ENDPOINTS = (
    Endpoint(
        method="GET", path="/v1/apps/{app}/machines/{machine}/wait", operation="machine_wait", hold=wait
    ),
)
