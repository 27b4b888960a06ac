"""Writes the marks of fleet/marks.py into a config, and makes the mark of a green deploy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import config_fingerprint
from entrypoint.fleet.marks import CommitMark, DoneMark, format_commit, format_done, newest_done, next_run
from entrypoint.fleet.model import Machine
from entrypoint.kernel.json import Json, JsonObject, copy_object
from entrypoint.kernel.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMarks:
    """The marks that one run puts on every machine that it writes.

    `done`: the newest done mark of the key before the run; every write repeats it. `inputs`: go into this run's own done mark once it is
    green. `secret`: the input `record-key`.
    """

    commit: CommitMark
    done: DoneMark | None
    inputs: Mapping[str, str]
    secret: Secret | None


def run_marks(
    machines: Iterable[Machine], *, commit: str, key: str, inputs: Mapping[str, str], secret: Secret | None
) -> RunMarks:
    """The marks of a run of `commit` that begins now. `key`: ReviewKey.hash."""
    seen = tuple(machines)
    return RunMarks(
        commit=CommitMark(commit=commit, key=key, run=next_run(seen, key=key)),
        done=newest_done(seen, key=key),
        inputs=inputs,
        secret=secret,
    )


def stamp(config: Mapping[str, Json], *, own: Mapping[str, str], run: RunMarks | None) -> JsonObject:
    """The config with the marks of a write in its metadata, and without those of earlier ones.

    `own`: the marks of the step (PLAN, BEFORE, AFTER, SLOT). MADE, REPLACES and DONE are kept. Without `run`, as on a laptop where no
    commit is known, no commit is written. Other metadata is not changed.
    """
    body = copy_object(config)
    found = body.get("metadata")
    metadata: JsonObject = dict(found) if isinstance(found, Mapping) else {}
    kept = {key: metadata[key] for key in (marks.MADE, marks.DONE, marks.REPLACES) if key in metadata}
    metadata = {key: value for key, value in metadata.items() if key not in marks.OWN_KEYS}
    if own.get(marks.BEFORE) == marks.NEW:  # a copy of a sibling: its MADE and REPLACES do not apply
        kept = {key: value for key, value in kept.items() if key == marks.DONE}
    metadata |= {**kept, **own}
    if run is not None:
        metadata[marks.COMMIT] = format_commit(run.commit)
        if own.get(marks.BEFORE) == marks.NEW:
            metadata[marks.MADE] = format_commit(run.commit)
        if run.done is not None:
            metadata[marks.DONE] = format_done(run.done)
    metadata[marks.FINGERPRINT] = config_fingerprint(config, secret=run.secret if run else None)
    body["metadata"] = metadata
    return body


def done_mark(run: RunMarks, *, wrote: bool) -> DoneMark | None:
    """The mark that a green run leaves on a few machines; None where the newest mark says the same and nothing was written.

    A run that wrote something leaves a new mark, even for the same commit and inputs, because it uses up its approval if it had one.
    """
    mark = DoneMark(run=run.commit.run, commit=run.commit.commit, key=run.commit.key, inputs=dict(run.inputs))
    old = run.done
    same = old is not None and (old.commit, dict(old.inputs)) == (mark.commit, dict(mark.inputs))
    return None if same and not wrote else mark
