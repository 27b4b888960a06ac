"""bluegreen: for each machine that would be updated a new one is made beside it, out of routing. Once all have shown that they run, all
get requests; then the old ones get none any more, end their work, and go.

Until the old ones are cordoned any failure takes the new ones away and nothing else. After that it goes forward: what fails stops
nothing else, and the next run finishes it (planning/extras.py).

What is not swapped is updated in place before the switch: a singleton and a scheduled task must not run twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from entrypoint.fleet.extras import is_cordoned_by_hand, retires
from entrypoint.fleet.marks import Slot
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.json import Json
from entrypoint.planning.desired import STANDBY_FOR, Desired
from entrypoint.planning.diff import diff_configs
from entrypoint.planning.made import find_made
from entrypoint.planning.model.gates import gate_at_rest, gate_for, lease_span, retire_gate
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Cordon, Create, Destroy, FieldChange, Route, Swap, Update
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.strategy.unrouted import unrouted


def shape(group: Reconciled, *, desired: Desired, members: Sequence[Seen]) -> Reconciled:
    """The group with a new machine for each that would be updated."""
    swapped = _to_swap(group)
    if not swapped:
        return group
    seen = {s.machine.id: s for s in members}
    swap = _Swap(group, desired=desired, members=members, blues=[seen[id_] for id_ in swapped])
    greens = list(swap.greens())
    others = [
        unrouted(step, _made(step, members, desired)) for step in group.creates if step.replaces is None
    ]
    replacing = [step for step in group.creates if step.replaces is not None]
    return replace(
        group,
        creates=(*(create for create, _ in others), *replacing, *(green for green, _ in greens)),
        changes=tuple(c for c in group.changes if c.machine.id not in swapped),
        destroys=(*group.destroys, *(swap.destroy(blue) for blue in swap.blues)),
        kept=tuple(k for k in group.kept if k.machine.id not in swapped),
        routing=(
            *(route for _, route in others),
            *(route for _, route in greens if route is not None),
            *(swap.cordon(green) for green, _ in greens),
        ),
    )


def _made(step: Create, members: Sequence[Seen], desired: Desired) -> Seen | None:
    return find_made(step.slot, members, config=step.config, desired=desired)


def _to_swap(group: Reconciled) -> dict[MachineId, str]:
    """Which machines, and why: those that change, and the standbys of those."""
    found = {c.machine.id: c.reason for c in group.changes if isinstance(c, Update) and _is_swapped(c)}
    for kept in group.kept:
        if not found.keys().isdisjoint(_primaries(kept)):
            found[kept.machine.id] = "the machine that it stands by for is swapped"
    return found


def _is_swapped(update: Update) -> bool:
    """Nothing of it may run twice, and a volume cannot be on two machines (that plan is blocked)."""
    return not (update.config.get("schedule") or update.config.get("mounts"))


def _primaries(kept: Kept) -> set[str]:
    names = kept.machine.config.get("standbys")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list | tuple) else set()


class _Swap:
    """The new machines of one group, and what becomes of the old ones. `blues` in the order of the fleet."""

    def __init__(
        self, group: Reconciled, *, desired: Desired, members: Sequence[Seen], blues: Sequence[Seen]
    ) -> None:
        self.group = group
        self.desired = desired
        self._new = [seen for seen in members if seen.is_new]
        self.blues = sorted(blues, key=lambda s: (s.machine.region, s.machine.id))
        self._updates = {c.machine.id: c for c in group.changes if isinstance(c, Update)}
        self._machines = {blue.machine.id: blue.machine for blue in self.blues}
        self._timeout = group.gate.timeout if group.gate else 0.0
        self._slots = self._places()

    def greens(self) -> Iterator[tuple[Create, Route | None]]:
        """Standbys last: they need to know whom they stand by for."""
        shows = self._representative()
        for blue in sorted(self.blues, key=self._stands_by):
            yield self._green(blue, shows=blue is shows)

    def destroy(self, blue: Seen) -> Destroy:
        """The old machine, once it is cordoned."""
        machine = blue.machine
        return Destroy(
            group=self.group.group,
            region=machine.region,
            id=machine.id,
            machine=machine,
            before=blue.before,
            volumes=blue.volumes,
            reason=self._reason(blue),
            gate=retire_gate(machine.config),
            lease=lease_span(machine),
            swap=Swap.TAKEN_OVER,
            retire=True,
        )

    def cordon(self, green: Create) -> Cordon:
        """The old machine of a new one."""
        assert green.replaces is not None, "a green is made for a blue"
        machine = self._machines[green.replaces]
        switched = green.done is not None and retires(machine)
        return Cordon(
            group=self.group.group,
            machine=machine,
            reason=green.reason,
            lease=lease_span(machine),
            done=switched and machine.cordoned,
        )

    def _green(self, blue: Seen, *, shows: bool) -> tuple[Create, Route | None]:
        slot, stands_for = self._slots[blue.machine.id], self._stands_for(blue)
        config = self._config(blue, stands_for)
        launch = shows or (self._launches(blue) and not self._stands_by(blue))
        made = find_made(slot, self._new, config=config, desired=self.desired)
        timeout = self._timeout
        create = Create(
            group=self.group.group,
            region=blue.machine.region,
            slot=slot,
            config=config,
            after=self.desired.owned_fingerprint,
            standby_for=stands_for,
            volume=None,
            reason=self._reason(blue),
            gate=gate_for(config, launch=True, timeout=timeout) if launch else gate_at_rest(timeout=timeout),
            done=made.machine.id if made else None,
            replaces=blue.machine.id,
            skip_launch=not launch,
            rests_after=shows and blue.run is RunClass.RESTING,
            changes=self._changes(blue),
            extra=blue.machine.id,
        )
        create, route = unrouted(create, made)
        return create, None if is_cordoned_by_hand(blue.machine) else route

    def _places(self) -> dict[MachineId, Slot]:
        """Those that follow the places of machines that are made anyway."""
        taken = Counter(step.slot.region for step in self.group.creates)
        slots: dict[MachineId, Slot] = {}
        for blue in self.blues:
            region = blue.machine.region
            taken[region] += 1
            slots[blue.machine.id] = Slot(group=self.group.group, region=region, index=taken[region])
        return slots

    def _representative(self) -> Seen | None:
        """If none of the new machines would run, one is started nevertheless: nothing else shows that the version starts."""
        if any(self._launches(blue) and not self._stands_by(blue) for blue in self.blues):
            return None
        return next((blue for blue in self.blues if not self._stands_by(blue)), None)

    def _launches(self, blue: Seen) -> bool:
        update = self._updates.get(blue.machine.id)
        return update.launch if update else blue.is_launched

    def _stands_by(self, blue: Seen) -> bool:
        return bool(self._wanted(blue).get("standbys"))

    def _stands_for(self, blue: Seen) -> Slot | None:
        """Where the group has services now, it stands by no more (flytoml spec §4.1)."""
        names = self._wanted(blue).get("standbys")
        for name in names if isinstance(names, list | tuple) else ():
            if isinstance(name, str) and name != blue.machine.id and MachineId(name) in self._slots:
                return self._slots[MachineId(name)]
        return None

    def _config(self, blue: Seen, stands_for: Slot | None) -> Mapping[str, Json]:
        """What the old one would have got; whom it stands by for is known later."""
        wanted = dict(self._wanted(blue))
        env = wanted.get("env")
        if stands_for is not None and wanted.pop("standbys", None) and isinstance(env, Mapping):
            wanted["env"] = {key: value for key, value in env.items() if key != STANDBY_FOR}
        return wanted

    def _changes(self, blue: Seen) -> tuple[FieldChange, ...]:
        """Of the config; found already, where the old one would have been updated."""
        update = self._updates.get(blue.machine.id)
        return update.changes if update else diff_configs(blue.machine.config, self._wanted(blue))

    def _wanted(self, blue: Seen) -> Mapping[str, Json]:
        update = self._updates.get(blue.machine.id)
        wanted = update.config if update else self.desired.updated_config(blue.machine)
        return blue.machine.config if isinstance(wanted, tuple) else wanted

    def _reason(self, blue: Seen) -> str:
        update = self._updates.get(blue.machine.id)
        return update.reason if update else "the machine that it stands by for is swapped"
