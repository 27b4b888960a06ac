"""A plan costs what the fleet is large: with ten times the machines no line runs more than fifteen times as often.

Lines are counted, not timed: each turn of a loop anew, also within one line. That is the same on every computer, and a square shows in
its own line long before it shows in the whole.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import pytest

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import config_fingerprint
from entrypoint.fleet.model import Fleet, Machine
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.sharing import Shared
from entrypoint.planning.make import make_plan, resume_record
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.known_fleet import unknown_machines
from tests.property.test_linear import told_in_json, told_in_markdown, told_in_text
from tests.unit.planning import kit

FEW, MANY, MOST = 10, 100, 15
OF_CONFIGS = ("/manifest/convert/", "/fleet/normalise.py", "/planning/diff.py", "/kernel/json.py:")
"""Code whose work follows from a config alone."""
LOOKED_UP = " of"
"""The function that asks whether it was worked out already."""
ALL = AllowDestroy.ALL
STRATEGIES = ("rolling", "immediate", "canary", "bluegreen")
SERVICE = (
    '[[services]]\nprocesses = ["web"]\ninternal_port = 8080\n[[services.ports]]\nport = 443\nhandlers = ["tls"]\n'
    '[[services.http_checks]]\ninterval = "15s"\ntimeout = "2s"\npath = "/healthz"\n'
)
MOUNT = '[[mounts]]\nsource = "data"\ndestination = "/data"\n'


def lines_of(action: Callable[[], object]) -> Counter[str]:
    """How often each line of Python runs."""
    lines: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            lines[f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"] += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return lines


def squares(action: Callable[[int], Callable[[], object]]) -> dict[str, tuple[int, int]]:
    """Lines that run too often, with how often they run for few machines and for many. `action` prepares, and gives back what is counted."""
    action(FEW)()  # what is made once
    few, many = lines_of(action(FEW)), lines_of(action(MANY))
    return {line: (few[line], count) for line, count in many.items() if count > MOST * max(few[line], FEW)}


def deployed(number: int, *, mounts: bool, edited: int = 0) -> Fleet:
    """Machines as a deploy of ours left them, each with a volume or none; somebody has edited the first ones since."""
    machines = []
    for place in range(number):
        id_ = f"{place:014x}"
        one = kit.machine(id_, config={"mounts": [mounted(id_)] if mounts else None})
        given = config_fingerprint(one.config, secret=None)
        one = with_config(one, metadata={**one.metadata, marks.FINGERPRINT: given})
        machines.append(with_config(one, env={"FLY_PROCESS_GROUP": "web"}) if place < edited else one)
    volumes = [kit.volume(f"vol_{m.id}", attached=m.id) for m in machines if mounts]
    return kit.fleet(*machines, volumes=tuple(volumes))


def as_read(number: int) -> Fleet:
    """Machines as a list of Fly's shows them, all with the same config."""
    fleet = deployed(number, mounts=False)
    configs = Shared()
    return replace(
        fleet, machines=tuple(replace(m, config=configs.share({**m.config})) for m in fleet.machines)
    )


def mounted(id_: str) -> dict[str, str]:
    return {"name": "data", "path": "/data", "volume": f"vol_{id_}"}


def with_config(machine: Machine, **parts: Mapping[str, Any]) -> Machine:
    return replace(machine, config={**machine.config, **parts})


def plan(fleet: Fleet, *, text: str, resumes: Plan | None = None, **changes: Any) -> Plan:
    return make_plan(
        kit.manifest(text),
        policy=kit.policy(""),
        overrides=kit.overrides(**changes),
        fleet=fleet,
        image=kit.image(),
        resume=resume_record(kit.record_of(resumes)) if resumes else None,
    )


def text_of(*, strategy: str, mounts: bool, command: str = "bin/web") -> str:
    return (
        f'[deploy]\nstrategy = "{strategy}"\n[processes]\nweb = "{command}"\n'
        + SERVICE
        + (MOUNT if mounts else "")
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_follows_from_a_config_is_worked_out_once__however_many_machines_have_it(strategy: str) -> None:
    """The lines that convert, compare and fingerprint run as often for a hundred machines as for ten."""
    text = text_of(strategy=strategy, mounts=False)
    few, many = (lines_of(partial(plan, as_read(n), text=text)) for n in (FEW, MANY))
    found = (line for line in many if any(name in line for name in OF_CONFIGS))
    of_configs = {line: many[line] for line in found if not line.endswith(LOOKED_UP)}
    assert of_configs
    assert {line: few[line] for line in of_configs} == of_configs


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_machines_that_were_deployed_before(strategy: str) -> None:
    text = text_of(strategy=strategy, mounts=False)
    assert not squares(lambda n: partial(plan, deployed(n, mounts=False), text=text))


def test_machines_with_volumes() -> None:
    text = text_of(strategy="rolling", mounts=True)
    assert not squares(lambda n: partial(plan, deployed(n, mounts=True), text=text))


def test_machines_that_somebody_edited() -> None:
    text = text_of(strategy="rolling", mounts=False)
    assert not squares(lambda n: partial(plan, deployed(n, mounts=False, edited=n // 2), text=text))


def test_machines_that_are_replaced() -> None:
    """A mount is new: each machine is replaced by another one."""
    text = text_of(strategy="rolling", mounts=True)
    assert not squares(lambda n: partial(plan, deployed(n, mounts=False), text=text, allow_destroy=ALL))


def test_machines_that_go() -> None:
    text = text_of(strategy="rolling", mounts=False)
    assert not squares(
        lambda n: partial(plan, deployed(n, mounts=False), text=text, scale="web=1", allow_destroy=ALL)
    )


def test_machines_that_are_made() -> None:
    text = text_of(strategy="rolling", mounts=False)
    assert not squares(lambda n: partial(plan, deployed(1, mounts=False), text=text, scale=f"web={n}"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_deploy_that_is_half_done(strategy: str) -> None:
    text = text_of(strategy=strategy, mounts=False)

    def prepare(number: int) -> Callable[[], object]:
        before = deployed(number, mounts=False)
        made = plan(before, text=text)
        half = dict.fromkeys(range(sum(1 for _ in made.steps()) // 2))
        return partial(plan, kit.after(made, before, only=half), text=text, resumes=made)

    assert not squares(prepare)


@pytest.mark.parametrize("mounts", [False, True])
def test_what_is_recorded_and_asked_of_a_review(*, mounts: bool) -> None:
    text = text_of(strategy="rolling", mounts=True)

    def prepare(number: int) -> Callable[[], object]:
        made = plan(deployed(number, mounts=mounts, edited=number // 2), text=text, allow_destroy=ALL)
        return lambda: unknown_machines(made, (kit.record_of(made),), secret=None)

    assert not squares(prepare)


@pytest.mark.parametrize("tell", [told_in_text, told_in_json, told_in_markdown])
@pytest.mark.parametrize("mounts", [False, True])
def test_what_people_read(tell: Callable[[Plan], object], *, mounts: bool) -> None:
    text = text_of(strategy="rolling", mounts=True)

    def prepare(number: int) -> Callable[[], object]:
        made = plan(deployed(number, mounts=mounts, edited=number // 2), text=text, allow_destroy=ALL)
        return partial(tell, made)

    assert not squares(prepare)


def test_the_counter_sees_a_square() -> None:
    assert squares(lambda n: lambda: [j for i in range(n) for j in range(i)])
