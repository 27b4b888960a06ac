"""Sentences on what a rollout that ended early has done, and what not."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.run import OnFailure
from entrypoint.planning.model.steps import Create, Destroy, Step, Update, is_done, machine_of
from entrypoint.report.outcome.standing import standing
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.words import count
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome, ReleaseResult, StepStatus


def what_was_done(outcome: Outcome, halted: Halted) -> Iterator[Md]:
    touched = [r for r in outcome.results if r.status is not StepStatus.SKIPPED]
    if outcome.rolled_back:
        yield from _put_back(outcome)
    elif (
        halted.kind in (HaltKind.UNHEALTHY, HaltKind.REFUSED, HaltKind.UNPROVEN, HaltKind.UNVERIFIED)
        and touched
    ):
        yield _not_rolled_back(outcome)
    yield standing(outcome)
    if halted.kind is HaltKind.CANCELLED and touched:
        yield Md("Run the deploy again: it goes on where it stopped.")
    if touched:
        yield from _untouched(outcome)
    if outcome.release is not None and not tells_of_release(outcome, halted):
        yield release_words(outcome.release)
    if unanswered := _unanswered(outcome):
        it, its = ("it", "Its lease ends") if unanswered == 1 else ("them", "Their leases end")
        may = (
            f"{count(unanswered, 'new machine')} may exist: Fly had not answered when the run was cancelled."
        )
        yield Md(f"{may} {its} within {outcome.lease_ttl} s, and the next run finds {it}.")
    if outcome.leases_left:
        left = count(outcome.leases_left, "lease")
        yield Md(f"{left} could not be given back and will expire within {outcome.lease_ttl} s.")


def _not_rolled_back(outcome: Outcome) -> Md:
    if outcome.is_forward:
        return Md(
            "Nothing was rolled back: the new machines had taken over. Run the deploy again: it goes on where it stopped."
        )
    if outcome.plan.on_failure is OnFailure.HOLD:
        return Md(
            "Nothing was rolled back, as on-failure is `hold`: what was updated stays. Run the deploy again: it goes on where it stopped."
        )
    kept = _kept(outcome)
    return _stay(kept) if kept else Md("There was nothing to roll back.")


def tells_of_release(outcome: Outcome, halted: Halted | None) -> bool:
    """Whether the reason of the halt is about the release command already."""
    if halted is None or outcome.release is None:
        return False
    failed = halted.kind is HaltKind.RELEASE_FAILED and outcome.release.exit_code not in (None, 0)
    return failed or "release command has run" in halted.message


def _untouched(outcome: Outcome) -> Iterator[Md]:
    """Machines that the deploy did not reach, neither in this run nor in an interrupted one."""
    skipped = [r.step for r in outcome.results if r.status is StepStatus.SKIPPED and not is_done(r.step)]
    begun = {r.machine for r in outcome.results if r.status is not StepStatus.SKIPPED or is_done(r.step)}
    left = {machine for step in skipped if (machine := _live(step)) is not None} - begun
    unmade = sum(isinstance(step, Create) for step in skipped)
    if left:
        yield Md(f"{count(len(left), 'machine')} {'was' if len(left) == 1 else 'were'} not changed.")
    if unmade:
        yield Md(f"{count(unmade, 'new machine')} {'was' if unmade == 1 else 'were'} not created.")


def _unanswered(outcome: Outcome) -> int:
    """Creates that were sent, and whose answer a cancelled run did not wait for. A rollback looks for their machines."""
    if outcome.rolled_back:
        return 0
    unknown = (r for r in outcome.results if r.status is StepStatus.UNKNOWN and r.machine is None)
    return sum(isinstance(r.step, Create) and not is_done(r.step) for r in unknown)


def _live(step: Step) -> MachineId | None:
    """The machine of a step, if it existed before the deploy."""
    if isinstance(step, Destroy):
        return step.id
    machine = machine_of(step)
    return machine.id if machine else None


def _put_back(outcome: Outcome) -> Iterator[Md]:
    good = [r for r in outcome.rolled_back if r.restored]
    back = [r for r in good if r.action in ("restored", "stopped again")]
    restored, ill = sum(r.healthy for r in back), sum(not r.healthy for r in back)
    routed = sum(r.action == "uncordoned again" for r in good)
    destroyed = sum(r.action == "destroyed" for r in good)
    if restored:
        yield Md(
            f"{count(restored, 'machine')} {'is back as it was' if restored == 1 else 'are back as they were'}."
        )
    if ill:
        yield Md(
            f"{count(ill, 'machine')} {'has its' if ill == 1 else 'have their'} old config back, and {'is' if ill == 1 else 'are'} not healthy."
        )
    if routed:
        yield Md(f"{count(routed, 'old machine')} {'gets' if routed == 1 else 'get'} requests again.")
    if destroyed:
        made = f"{count(destroyed, 'machine')} created by this rollout"
        yield Md(f"{made} {'was' if destroyed == 1 else 'were'} destroyed again.")
    if kept := _kept(outcome):
        yield _stay(kept)


def _stay(kept: int) -> Md:
    stay = f"{count(kept, 'machine')} {'stays' if kept == 1 else 'stay'} on the new version"
    return Md(
        f"{stay}, because an earlier run of this deploy, which was interrupted, had changed {'it' if kept == 1 else 'them'}."
        " To go back, deploy the version before."
    )


def _kept(outcome: Outcome) -> int:
    """How many machines keep what an interrupted run has done: what they ran before it is not recorded."""
    put_back = {r.machine for r in outcome.rolled_back}
    done = [r for r in outcome.results if isinstance(r.step, Update | Create) and is_done(r.step)]
    # a created machine that this run has not come to is named by its step only
    return len({r.step.done if isinstance(r.step, Create) else r.machine for r in done} - put_back)


def release_words(release: ReleaseResult) -> Md:
    if release.exit_code == 0 and release.adopted and release.machine is None:
        return Md("The release command had succeeded for this commit before, and was not run again.")
    if release.exit_code == 0:
        return Md("The release command ran and is not undone.")
    command = f"The release command {code(release.command)}"
    if release.exit_code is not None:
        memory = ", out of memory" if release.oom_killed else ""
        return Md(f"{command} ended with exit code {release.exit_code}{memory}.")
    if release.ended:
        return Md(f"{command} ended, and Fly does not tell its exit code.")
    return Md(f"{command} did not end in time.")
