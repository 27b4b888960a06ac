"""bluegreen: each machine that would be updated gets a new (green) machine, which is cordoned. Once all green machines are healthy, all get
requests. Then the old (blue) ones are cordoned, drained and destroyed.

Until the blue machines are cordoned, a failure only destroys the green ones. After that nothing is rolled back: a failed step does not stop
the others, and the next run finishes it (planning/extras.py).

Singletons and scheduled machines must not run twice, so they are not swapped, but updated in place before the switch.
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
from entrypoint.planning.diff import changes_of_write
from entrypoint.planning.made import find_made, made_by_place
from entrypoint.planning.model.gates import gate_at_rest, gate_for, lease_span, retire_gate
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.model.steps import Cordon, Create, Destroy, FieldChange, Route, Swap, Update
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.strategy.unrouted import unrouted


def shape(group: Reconciled, *, desired: Desired, members: Sequence[Seen]) -> Reconciled:
    """The group with a green machine for each machine that would be updated."""
    swapped = _to_swap(group)
    if not swapped:
        return group
    seen = {s.machine.id: s for s in members}
    by_place = made_by_place(members)
    swap = _Swap(group, desired=desired, by_place=by_place, blues=[seen[id_] for id_ in swapped])
    greens = list(swap.greens())
    others = [
        unrouted(step, _made(step, by_place, desired)) for step in group.creates if step.replaces is None
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


def _made(step: Create, by_place: Mapping[str, Seen], desired: Desired) -> Seen | None:
    return find_made(step.slot, by_place, config=step.config, desired=desired)


def _to_swap(group: Reconciled) -> dict[MachineId, str]:
    """The machines to swap, with the reason: those that change, and their standbys."""
    found = {c.machine.id: c.reason for c in group.changes if isinstance(c, Update) and _is_swapped(c)}
    for kept in group.kept:
        if not found.keys().isdisjoint(standbys_of(kept.machine.config)):
            found[kept.machine.id] = "the machine that it stands by for is swapped"
    return found


def _is_swapped(update: Update) -> bool:
    """Not with a schedule, because its task must not run twice; nor with a volume, for which the plan is blocked."""
    return not (update.config.get("schedule") or update.config.get("mounts"))


class _Swap:
    """The green machines of one group, and the steps for the blue ones. `blues` is in the order of the fleet."""

    def __init__(
        self, group: Reconciled, *, desired: Desired, by_place: Mapping[str, Seen], blues: Sequence[Seen]
    ) -> None:
        self.group = group
        self.desired = desired
        self._by_place = by_place
        self.blues = sorted(blues, key=lambda s: (s.machine.region, s.machine.id))
        self._updates = {c.machine.id: c for c in group.changes if isinstance(c, Update)}
        self._machines = {blue.machine.id: blue.machine for blue in self.blues}
        self._timeout = group.gate.timeout if group.gate else 0.0
        self._slots = self._places()

    def greens(self) -> Iterator[tuple[Create, Route | None]]:
        """The new machines with their Route steps. Standbys come last, because they need the id of their primary."""
        shows = self._representative()
        for blue in sorted(self.blues, key=self._stands_by):
            yield self._green(blue, shows=blue is shows)

    def destroy(self, blue: Seen) -> Destroy:
        """The step that destroys a blue machine once it is cordoned."""
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
        """The step that cordons the blue machine of a green one."""
        assert green.replaces is not None, "a green machine replaces a blue one"
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
        made = find_made(slot, self._by_place, config=config, desired=self.desired)
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
        """The slots of the green machines. They follow those of other new machines."""
        taken = Counter(step.slot.region for step in self.group.creates)
        slots: dict[MachineId, Slot] = {}
        for blue in self.blues:
            region = blue.machine.region
            taken[region] += 1
            slots[blue.machine.id] = Slot(group=self.group.group, region=region, index=taken[region])
        return slots

    def _representative(self) -> Seen | None:
        """If no green machine would run, one is started all the same, because nothing else shows that the version starts."""
        if any(self._launches(blue) and not self._stands_by(blue) for blue in self.blues):
            return None
        return next((blue for blue in self.blues if not self._stands_by(blue)), None)

    def _launches(self, blue: Seen) -> bool:
        update = self._updates.get(blue.machine.id)
        return update.launch if update else blue.is_launched

    def _stands_by(self, blue: Seen) -> bool:
        return bool(self._wanted(blue).get("standbys"))

    def _stands_for(self, blue: Seen) -> Slot | None:
        """The slot of the primary, if that is swapped too. None for a group with services, which has no standbys."""
        for name in standbys_of(self._wanted(blue)):
            if name != blue.machine.id and name in self._slots:
                return self._slots[name]
        return None

    def _config(self, blue: Seen, stands_for: Slot | None) -> Mapping[str, Json]:
        """The config that an update would have written, without the standby's primary, whose id is known later."""
        wanted = dict(self._wanted(blue))
        env = wanted.get("env")
        if stands_for is not None and wanted.pop("standbys", None) and isinstance(env, Mapping):
            wanted["env"] = {key: value for key, value in env.items() if key != STANDBY_FOR}
        return wanted

    def _changes(self, blue: Seen) -> tuple[FieldChange, ...]:
        """The differences of the config. If there was an update, it has them already."""
        update = self._updates.get(blue.machine.id)
        return update.changes if update else changes_of_write(blue.machine.config, self._wanted(blue))

    def _wanted(self, blue: Seen) -> Mapping[str, Json]:
        update = self._updates.get(blue.machine.id)
        wanted = update.config if update else self.desired.updated_config(blue.machine)
        return blue.machine.config if isinstance(wanted, tuple) else wanted

    def _reason(self, blue: Seen) -> str:
        update = self._updates.get(blue.machine.id)
        return update.reason if update else "the machine that it stands by for is swapped"
