"""What shapes the plan of a run besides the files that git has: inputs that are given, and files that are read and not in git in this state."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.run import Inputs
from entrypoint.modes.ports import Checkout
from entrypoint.modes.source import Source, overrides_of, policy_input
from entrypoint.planning.review.inputs import InputHashes, shaping_inputs


def shaped_by(inputs: Inputs, source: Source, files: Checkout) -> InputHashes:
    """As records and done marks hold it. Looks into the repository."""
    return shaping_inputs(
        overrides_of(inputs),
        policy=policy_input(inputs, source),
        generated=_generated(source, files),
        secret=inputs.record_key,
    )


def _generated(source: Source, files: Checkout) -> Mapping[str, bytes | None]:
    """By path, with their content: generated, changed by a step before this one, links, or everything where there is no commit."""
    return {
        path: data
        for path, data in source.contents.items()
        if data is not None and not files.is_committed(path, data)
    }
