"""What happens to commits: pushes, pull requests and their test merges, the four ways to merge, and the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tests.simulator_github.git import Content
from tests.simulator_github.world import Branch, Pull, QueueEntry, Trouble, World

WEB = "web-flow"
"""GitHub itself, as the committer of what its buttons make."""


class Method(StrEnum):
    """The buttons."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


class Conflict(Exception):
    """The changes do not fit together: GitHub offers no merge."""


def commit(
    world: World,
    branch: str,
    changes: Mapping[str, Content],
    *,
    message: str,
    author: str = "mona",
    start: str | None = None,
) -> str:
    """Push one more commit to `branch`; a new branch begins at `start` (a commit), or with an empty tree."""
    parent = world.branches[branch].sha if branch in world.branches else start
    files = (
        world.git.changed(parent, changes)
        if parent
        else {path: world.git.entry(content) for path, content in changes.items() if content is not None}
    )
    sha = world.git.commit(
        files,
        parents=[parent] if parent else [],
        author=author,
        message=message,
        when=int(world.now()),
    )
    push(world, branch, sha)
    return sha


def push(world: World, branch: str, sha: str) -> None:
    """Move a branch, by force where need be. Open pull requests that it heads follow; those it contains now are merged."""
    if branch in world.branches:
        world.branches[branch].sha = sha
    else:
        world.branches[branch] = Branch(sha=sha)
    for pull in world.pulls.values():
        if pull.closed is not None:
            continue
        if _head_branch(pull, world) == branch and pull.head_sha != sha:
            pull.head_sha, pull.updated = sha, int(world.now())
        if pull.base_ref == branch and pull.head_sha in world.git:
            _ride_in(world, pull, sha)


def _ride_in(world: World, pull: Pull, sha: str) -> None:
    """GitHub calls a pull request merged when its base contains its head, whoever pushed it.

    `merge_commit_sha` is then the commit of the base's own line that did.
    """
    if not world.git.contains(sha, pull.head_sha):
        return
    bringing = [c for c in world.git.line(sha) if world.git.contains(c, pull.head_sha)][-1]
    _close(world, pull, bringing, commits=(bringing,))


def open_pull(
    world: World,
    head: str,
    *,
    base: str = "main",
    author: str = "mona",
    title: str = "A change",
    fork: str | None = None,
    draft: bool = False,
) -> Pull:
    """Ask for branch `head` (of the repository `fork`, where there is one) to be merged into `base`."""
    name = f"{fork}:{head}" if fork else head
    sha = world.branches[name].sha
    return world.add_pull(
        head_ref=head,
        head_repository=fork,
        head_sha=sha,
        base_ref=base,
        base_sha=world.branches[base].sha,
        author=author,
        title=title,
        draft=draft,
    )


def merge_ref_of(world: World, number: int) -> str | None:
    """refs/pull/N/merge by number."""
    return merge_ref(world, world.pull(number))


def merge_ref(world: World, pull: Pull) -> str | None:
    """refs/pull/N/merge as it would be made now: base first, head second. None: they conflict."""
    if pull.head_sha not in world.git or pull.base_ref not in world.branches:
        return None
    base = world.branches[pull.base_ref].sha
    files = world.git.merged(base, pull.head_sha)
    if files is None:
        return None
    return world.git.commit(
        files,
        parents=[base, pull.head_sha],
        author=pull.author,
        committer=WEB,
        message=f"Merge {pull.head_sha} into {base}",
        when=world.git.info(pull.head_sha).when,
    )


def merge_pull(world: World, number: int, method: Method = Method.MERGE) -> str:
    """Merge it. Returns the commit that the base branch is at then. Raises Conflict, Trouble (405)."""
    pull = world.pull(number)
    if pull.closed is not None or pull.draft:
        raise Trouble(405, "Pull Request is not mergeable")
    made = landed(world, pull, onto=world.branches[pull.base_ref].sha, method=Method(method))
    _land(world, pull, made, push_it=True)
    return made[-1]


def landed(world: World, pull: Pull, *, onto: str, method: Method) -> tuple[str, ...]:
    """The commits that a merge by `method` would put on top of `onto`, oldest first."""
    git, now = world.git, int(world.now())
    if method is Method.REBASE:
        return _rebased(world, pull, onto=onto)
    files = git.merged(onto, pull.head_sha)
    if files is None:
        raise Conflict
    title = f"{pull.title} (#{pull.number})"
    parents = [onto]
    if method is Method.MERGE:
        title = f"Merge pull request #{pull.number} from {pull.head_ref}\n\n{pull.title}"
        parents.append(pull.head_sha)
    sha = git.commit(files, parents=parents, author=pull.author, committer=WEB, message=title, when=now)
    return (sha,)


def _rebased(world: World, pull: Pull, *, onto: str) -> tuple[str, ...]:
    """Each commit of its own, merges left out, as git picks them."""
    git, tip, made = world.git, onto, []
    own = [s for s in git.between(onto, pull.head_sha) if len(git.info(s).parents) == 1]
    for sha in own:
        info = git.info(sha)
        files = git.merged(tip, sha, base=info.parents[0])
        if files is None:
            raise Conflict
        tip = git.commit(
            files,
            parents=[tip],
            author=info.author,
            committer=WEB,
            message=info.message,
            when=int(world.now()),
        )
        made.append(tip)
    if not made:
        raise Conflict
    return tuple(made)


def _land(world: World, pull: Pull, made: Sequence[str], *, push_it: bool) -> None:
    pull.count = len(world.git.between(world.branches[pull.base_ref].sha, pull.head_sha))
    _close(world, pull, made[-1], commits=tuple(made))
    if push_it:
        push(world, pull.base_ref, made[-1])


def _close(world: World, pull: Pull, sha: str, *, commits: tuple[str, ...]) -> None:
    pull.base_sha = world.branches[pull.base_ref].sha
    pull.merged = pull.closed = pull.updated = int(world.now())
    pull.merge_commit_sha, pull.commits = sha, commits


def close_pull(world: World, number: int) -> None:
    """Close it without merging."""
    pull = world.pull(number)
    pull.closed = pull.updated = int(world.now())


def change_base(world: World, number: int, base: str) -> None:
    """What the Edit button does: the event is `edited`, the head stays."""
    pull = world.pull(number)
    pull.base_ref, pull.base_sha, pull.updated = base, world.branches[base].sha, int(world.now())


def update_branch(world: World, number: int) -> str:
    """What the button Update branch does: the base is merged into the head. Raises Conflict."""
    pull = world.pull(number)
    base = world.branches[pull.base_ref].sha
    files = world.git.merged(pull.head_sha, base)
    if files is None:
        raise Conflict
    sha = world.git.commit(
        files,
        parents=[pull.head_sha, base],
        author=pull.author,
        committer=WEB,
        message=f"Merge branch '{pull.base_ref}' into {pull.head_ref}",
        when=int(world.now()),
    )
    push(world, _head_branch(pull, world), sha)
    return sha


def enqueue(world: World, number: int, *, method: Method = Method.MERGE) -> QueueEntry:
    """Add it at the end of the queue, which makes the commit that would be merged. Raises Conflict."""
    pull = world.pull(number)
    queue = world.queues.setdefault(pull.base_ref, [])
    base = queue[-1].head if queue else world.branches[pull.base_ref].sha
    entry = QueueEntry(pull=number, base=base, head=landed(world, pull, onto=base, method=Method(method))[-1])
    queue.append(entry)
    return entry


def complete(world: World, branch: str, count: int = 1) -> str:
    """The checks of the first `count` passed: they are merged in one push, as exactly the commits that were checked."""
    queue = world.queues[branch]
    done, world.queues[branch] = queue[:count], queue[count:]
    for entry in done:
        pull = world.pull(entry.pull)
        made = world.git.between(entry.base, entry.head)
        own = [s for s in made if s in world.git.line(entry.head)]
        _land(world, pull, own, push_it=False)
    push(world, branch, done[-1].head)
    return done[-1].head


def eject(world: World, branch: str, number: int) -> None:
    """A check failed: it leaves the queue, and those behind it are built again. Raises Conflict."""
    queue = world.queues[branch]
    index = next(i for i, entry in enumerate(queue) if entry.pull == number)
    behind, world.queues[branch] = queue[index + 1 :], queue[:index]
    for entry in behind:
        squashed = len(world.git.info(entry.head).parents) == 1
        enqueue(world, entry.pull, method=Method.SQUASH if squashed else Method.MERGE)


def _head_branch(pull: Pull, world: World) -> str:
    """The branch that it heads, by the world's name of it."""
    if pull.head_repository in (None, world.repository):
        return pull.head_ref
    return f"{pull.head_repository}:{pull.head_ref}"
