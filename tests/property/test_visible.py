"""Whatever is asked for otherwise moves the digest, and is seen in the comment: a field at random, among all that reach a deploy.

HYPOTHESIS_MAX_EXAMPLES asks for more of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from entrypoint.fleet.model import Fleet
from entrypoint.fleet.normalise import normal_config
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import AllowDestroy, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.decode.schema import CONFIG
from entrypoint.manifest.decode.types import ListOf, MapOf, Struct, Type
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.read import read
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.selection import Selection
from entrypoint.planning.model.steps import Create, Update
from entrypoint.report.plan.comment import plan_markdown
from entrypoint.report.plan.verbs import verb_of
from tests.property.asked import ELSEWHERE, FIELDS, POLICY, QUIET, Asked, asked, changed
from tests.stage import ROOT
from tests.unit.planning import kit
from tests.unit.report.made import run_context

RUN = run_context(repository="octo/shop", sha="a" * 40, server_url="https://github.com")
EXAMPLES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "150"))
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="HYPOTHESIS_MAX_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
REFS = {n: f"registry.fly.io/shop:v{n}@sha256:{str(n) * 64}" for n in (1, 2, 3)}
FLEETS: Mapping[str, Fleet] = {
    "empty": kit.fleet(status="pending"),
    "live": kit.fleet(kit.machine("a"), kit.machine("b"), kit.machine("c", "worker")),
    "mounted": kit.fleet(
        kit.machine("a", region="gru"),
        kit.machine("c", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}),
        volumes=(kit.volume("vol_1", attached="c"), kit.volume("vol_2", name="other")),
    ),
    "resting": kit.fleet(kit.machine("a", state="stopped"), kit.machine("b", "app")),
}


class Local:
    """manifest.read.LocalFiles: two files."""

    def read(self, path: str) -> bytes | None:
        return path.encode() if path in ("a.txt", "b.txt") else None


@cache
def _manifest(text: str) -> Manifest:
    reading = read(f'app = "shop"\n{text}', file="fly.toml", local=Local())
    assert reading.manifest is not None, reading.findings
    return reading.manifest


def make(wanted: Asked, live: Fleet) -> Plan:
    inputs = dict(wanted.inputs)
    ref = inputs.pop("ref", 2)
    if "strategy" in inputs:
        inputs["strategy"] = Strategy(inputs["strategy"])
    if "on_failure" in inputs:
        inputs["on_failure"] = OnFailure(inputs["on_failure"])
    selection = Selection(
        groups=frozenset(map(GroupName, inputs.pop("groups", ()))),
        regions=frozenset(map(Region, inputs.pop("regions", ()))),
    )
    return make_plan(
        _manifest(wanted.toml),
        policy=kit.policy(wanted.policy_toml),
        overrides=kit.overrides(allow_destroy=AllowDestroy.ALL, selection=selection, **inputs),
        fleet=live,
        image=kit.image(REFS[ref]),
    )


def comment(plan: Plan) -> str:
    """What is read of it: neither the record, which is no part of this, nor the small print with the plan's id."""
    text = plan_markdown(plan, findings=(), run=RUN, environment="", room=5_000_000)
    return re.sub(r"<sub>.*</sub>", "", text)


def sent(plan: Plan) -> list[str]:
    """What a deploy would do: every request in order, its gate and its pace, and what is done around them."""
    if not plan.has_changes:
        return []
    around = (plan.strategy, plan.on_failure, plan.verify, plan.snapshots, plan.growths, plan.addresses)
    release = plan.release and (
        plan.release.command,
        normal_config(plan.release.config),
        plan.release.timeout,
    )
    return [str(around), str(release), *_requests(plan)]


def _requests(plan: Plan) -> Iterator[str]:
    for number, stage in enumerate(plan.stages):
        for lane in stage.lanes:
            for wave in lane.waves:
                for step in wave.steps:
                    config = normal_config(step.config) if isinstance(step, Create | Update) else None
                    volume = step.new_volume if isinstance(step, Create) else None
                    gate = getattr(step, "gate", None)
                    yield f"{number} {wave.number} {lane.group} {verb_of(step)} {kit.step_name(step)} {config} {volume} {gate}"


@quick
@given(st.data(), asked(), st.sampled_from(sorted(FLEETS)), st.booleans())
def test_any_other_wish__moves_the_digest_and_is_seen(
    data: st.DataObject, wanted: Asked, live: str, deployed: bool
) -> None:
    fleet = FLEETS[live]
    if deployed:
        first = make(wanted, fleet)
        assume(not first.blockers)
        fleet = kit.after(first, fleet)
    other, change = data.draw(changed(wanted))
    before, after = make(wanted, fleet), make(other, fleet)
    is_done_alike = sent(before) == sent(after)
    moved = before.digests.plan != after.digests.plan
    assert moved or is_done_alike, change
    if is_done_alike and change.file == "manifest":
        event("a key that nothing here needs")
    elif moved and (deployed or not change.is_private):
        event(f"{change.file} is changed")
        assert comment(before) != comment(after), change


def test_no_key_is_forgotten() -> None:
    """Every key of fly.toml is drawn, or is said to reach nothing."""
    drawn = {_schema_path(field) for field in FIELDS}
    assert {key for key in _keys(CONFIG) if not _is_elsewhere(key)} == drawn


def _is_elsewhere(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in ELSEWHERE)


def _keys(kind: Type, path: str = "") -> Iterator[str]:
    dot = "." if path else ""
    match kind:
        case Struct(fields=fields):
            for name, inner in fields.items():
                yield from _keys(inner, f"{path}{dot}{name}")
        case ListOf(of=inner) if isinstance(inner, Struct):
            yield from _keys(inner, f"{path}.[]")
        case MapOf(of=inner):
            yield from _keys(inner, f"{path}.*")
        case _:
            yield path


def _schema_path(field: str) -> str:
    kind: Any = CONFIG
    found = []
    for part in field.split("."):
        if isinstance(kind, Struct):
            found.append(part)
            kind = kind.fields[part]
        else:
            found.append("[]" if isinstance(kind, ListOf) else "*")
            kind = kind.of
    return ".".join(found)


def test_no_key_of_flightplan_toml_is_forgotten() -> None:
    """The same of its page."""
    page = (ROOT / "docs" / "flightplan-toml.md").read_text("utf-8")
    keys = re.findall(r"^\| `\[([a-zX.]+)\] ([a-z_]+)`", page, re.MULTILINE)
    drawn = {re.sub(r"^groups\.[a-z]+", "groups.X", field) for field in POLICY}
    assert drawn == {f"{section}.{key}" for section, key in keys} - set(QUIET)
