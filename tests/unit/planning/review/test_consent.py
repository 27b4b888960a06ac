"""Rule 3 asks for consent: a record that lists a machine without it is no consent to take it away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.kernel.ids import VolumeId
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.plan import BootWatch, FirstProof, Lane, Stage, Wave
from entrypoint.planning.model.steps import Destroy
from entrypoint.planning.review.destruction import not_shown
from tests.unit.planning.kit import machine, plan, record_of

SURPLUS = plan(
    '[processes]\nweb = "bin/web"\n',
    machine("a"),
    machine("b"),
    policy_text="[groups.web]\ncount = 1\n",
    allow_destroy=AllowDestroy.ALL,
)
NO, YES = 1, 0


@pytest.mark.parametrize(
    ("allowed", "with_volume", "replaced", "missing"),
    [
        (AllowDestroy.NONE, False, False, NO),
        (AllowDestroy.SURPLUS, False, False, YES),
        (AllowDestroy.SURPLUS, True, False, NO),
        (AllowDestroy.SURPLUS, False, True, NO),
        (AllowDestroy.ALL, True, True, YES),
    ],
)
def test_what_a_record_consents_to(allowed, with_volume, replaced, missing):
    record = replace(record_of(SURPLUS), allow_destroy=allowed)
    (shown,) = record.destroys
    volumes = (VolumeId("vol_1"),) if with_volume else ()
    record = replace(record, destroys=(replace(shown, volumes=volumes),))
    step = next(step for _, step in SURPLUS.steps() if isinstance(step, Destroy))
    assert step.machine is not None
    goes = replace(step, volumes=volumes, replaced=replaced)
    wave = Wave(number=1, steps=(goes,), boot_watch=BootWatch.HOLDS)
    asked = replace(
        SURPLUS,
        stages=(Stage(lanes=(Lane(group=step.group, waves=(wave,), first_proof=FirstProof.NOBODY),)),),
    )
    assert len(not_shown(asked, [record], exempt=frozenset())) == missing
