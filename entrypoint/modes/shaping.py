"""What shapes a plan besides the files of the commit: the inputs, and files that were read in another state than the commit has them."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.run import Inputs
from entrypoint.modes.ports import Checkout
from entrypoint.modes.source import Source, overrides_of, policy_input
from entrypoint.planning.review.inputs import InputHashes, shaping_inputs


def shaped_by(inputs: Inputs, source: Source, files: Checkout) -> InputHashes:
    """The inputs as records and done marks hold them. Looks into the repository."""
    return shaping_inputs(
        overrides_of(inputs),
        policy=policy_input(inputs, source),
        generated=_generated(source, files),
        secret=inputs.record_key,
    )


def _generated(source: Source, files: Checkout) -> Mapping[str, bytes | None]:
    """Files by path, with their content: those generated or changed by an earlier step, links, and every file where there is no commit."""
    return {
        path: data
        for path, data in source.contents.items()
        if data is not None and not files.is_committed(path, data)
    }
