"""The plan as JSON, schema flightplan/plan-1 (docs/plan-json.md). It has field changes, but no config, and no secret values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import assert_never

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.digests import SCHEMA
from entrypoint.planning.model.cost import Cost, Price
from entrypoint.planning.model.forecast import Forecast, Seconds
from entrypoint.planning.model.plan import Counts, Kept, Plan, Stage, VolumeRow
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    FieldChange,
    Route,
    Start,
    Step,
    Swap,
    Update,
    gate_of,
    is_done,
    machine_of,
    tests_of,
)
from entrypoint.report.findings.as_json import finding_json
from entrypoint.report.plan.created import created_json
from entrypoint.report.plan.preflight_json import preflight_json
from entrypoint.report.plan.verbs import COUNTED, COUNTED_IF_ANY, is_shown, verb_of


def plan_json(plan: Plan, findings: Sequence[Finding]) -> str:
    """The whole plan. Steps that an interrupted run has done are not listed; their machines count as `keep`."""
    return json.dumps(plan_object(plan, findings), indent=2, ensure_ascii=False)


def plan_object(plan: Plan, findings: Sequence[Finding]) -> JsonObject:
    """The plan as an object."""
    return {
        "schema": SCHEMA,
        "app": plan.app,
        "image": plan.image.ref,
        "image_digest": plan.image.digest,
        "strategy": plan.strategy,
        "changes": plan.has_changes,
        "blocked": bool(plan.blockers),
        "resumes": plan.resumes,
        "digests": {"intent": plan.digests.intent, "base": plan.digests.base, "plan": plan.digests.plan},
        "allow_destroy": plan.allow_destroy.value,
        "release_command": plan.release.command if plan.release and plan.has_changes else None,
        **({"leaves_out": True} if plan.leaves_out else {}),
        **({"verify": plan.verify.described()} if plan.verify else {}),
        "groups": {
            group.name: {region: _counts(counts) for region, counts in group.regions} for group in plan.groups
        },
        "volumes": [_volume_row(row) for row in plan.volumes],
        "cost": _cost(plan.cost) if plan.cost else None,
        "snapshots": [{"group": taken.group, "volume": taken.volume} for taken in plan.snapshots],
        "growths": [
            {
                "group": g.group,
                "volume": g.volume,
                "machine": g.machine.id if g.machine else None,
                "from_gb": g.was_gb,
                "to_gb": g.size_gb,
            }
            for g in plan.growths
        ],
        "addresses": [kind.value for kind in plan.addresses],
        "stages": [_stage(stage) for stage in plan.stages],
        "forecast": _forecast(plan.forecast) if plan.forecast else None,
        "preflight": preflight_json(plan.preflight) if plan.preflight else None,
        "steps": [_step(step, wave) | _swap(plan, step) for wave, step in plan.steps() if _is_listed(step)],
        **({"note": plan.note} if plan.note else {}),
        "kept": [_kept(kept) for group in plan.groups for kept in group.kept],
        "settings": dict(plan.settings),
        "findings": [finding_json(finding) for finding in (*findings, *plan.findings, *plan.blockers)],
    }


def totals(plan: Plan) -> Mapping[str, int]:
    """How many machines each verb has, over all groups."""
    every = [_counts(counts) for group in plan.groups for _, counts in group.regions]
    return {
        name: sum(int(str(counts.get(name, 0))) for counts in every) for name in (*COUNTED, *COUNTED_IF_ANY)
    }


def _counts(counts: Counts) -> JsonObject:
    some = [name for name in COUNTED_IF_ANY if getattr(counts, name)]
    return {name: getattr(counts, name) for name in (*COUNTED, *some)}


def _is_listed(step: Step) -> bool:
    """Whether the step is listed: if it is not done. A replacement and a swap are listed once, at the machine that is destroyed."""
    return not is_done(step) and is_shown(step)


def _step(step: Step, wave: int) -> JsonObject:
    common: JsonObject = {"group": step.group, "region": step.region, "reason": step.reason, "wave": wave}
    if (live := machine_of(step)) is not None:
        common["state"] = live.state
    if tests := tests_of(step):
        common["tests"] = [test.label for test in tests]
    match step:
        case Create():
            standby = str(step.standby_for) if step.standby_for else None
            return {
                "verb": verb_of(step),
                "machine": None,
                **common,
                "slot": str(step.slot),
                "standby_for": standby,
                "volume": step.volume,
                "makes": created_json(step),
                "new_volume": _new_volume(step),
            }
        case Update():
            return {
                "verb": "update",
                "machine": step.machine.id,
                **common,
                "starts": step.start,
                "image_changes": step.image_changes,
                "changes": [_change(change) for change in step.changes],
                **({"drain": True} if step.drain else {}),
            }
        case Start():
            return {"verb": "start", "machine": step.machine.id, **common}
        case Destroy():
            return {"verb": verb_of(step), "machine": step.id, **common, "volumes": list(step.volumes)}
        case Route() | Cordon() | Discard():
            machine = machine_of(step)
            return {"verb": verb_of(step), "machine": machine.id if machine else None, **common}
        case _:
            assert_never(step)


def _new_volume(step: Create) -> JsonObject | None:
    made = step.new_volume
    return None if made is None else {"name": made.name, "region": made.region, "size_gb": made.size_gb}


def _kept(kept: Kept) -> JsonObject:
    machine = kept.machine
    return {
        "machine": machine.id,
        "group": kept.group,
        "region": machine.region,
        "state": machine.state,
        "reason": kept.reason,
    }


def _volume_row(row: VolumeRow) -> JsonObject:
    return {
        "name": row.name,
        "region": row.region,
        "groups": list(row.groups),
        "attached": list(row.attached),
        "attach": list(row.attach),
        "create": row.create,
        "left": list(row.left),
        "unused": list(row.unused),
        "sizes_gb": dict(row.sizes),
    }


def _cost(cost: Cost) -> JsonObject:
    """US dollars a month."""
    return {
        "since": cost.since.isoformat(),
        "before": _price(cost.before),
        "after": _price(cost.after),
        "groups": {
            row.name: {"before": _price(row.before), "after": _price(row.after)} for row in cost.groups
        },
        "volumes": {"before": _price(cost.volumes.before), "after": _price(cost.volumes.after)},
        "addresses": {"before": _price(cost.addresses.before), "after": _price(cost.addresses.after)},
    }


def _price(price: Price) -> JsonObject:
    return {
        "low": round(float(price.low), 2),
        "high": round(float(price.high), 2),
        "unknown": price.unknown,
    }


def _stage(stage: Stage) -> JsonObject:
    """A stage: its waves in their order, and what each waits for."""
    return {
        "forward": stage.forward,
        **({"asks": True} if stage.asks else {}),
        "lanes": [
            {
                "group": lane.group,
                "waves": [
                    {
                        "wave": wave.number,
                        "steps": len(wave.steps),
                        "waits_for": sorted({gate.label for step in wave.steps if (gate := gate_of(step))}),
                    }
                    for wave in lane.waves
                ],
            }
            for lane in stage.lanes
        ],
    }


def _forecast(forecast: Forecast) -> JsonObject:
    """Seconds."""
    return {
        "measured": forecast.measured,
        "total": _span(forecast.total),
        "stages": [_span(stage) for stage in forecast.stages],
    }


def _span(found: Seconds) -> JsonObject:
    return {"low": round(found.low, 1), "likely": round(found.likely, 1), "high": round(found.high, 1)}


def _swap(plan: Plan, step: Step) -> JsonObject:
    """How the config of the new machine differs."""
    if not isinstance(step, Destroy) or step.swap is not Swap.TAKEN_OVER:
        return {}
    made = next(s for _, s in plan.steps() if isinstance(s, Create) and s.replaces == step.id)
    standby = str(made.standby_for) if made.standby_for else None
    return {
        "slot": str(made.slot),
        "standby_for": standby,
        "rests": made.skip_launch or made.rests_after,
        "changes": [_change(change) for change in made.changes],
    }


def _change(change: FieldChange) -> JsonObject:
    result: JsonObject = {
        "path": ".".join(change.path),
        "kind": change.kind.value,
        "redacted": change.redacted,
    }
    if not change.redacted:
        result |= {"before": change.before, "after": change.after}
    return result
