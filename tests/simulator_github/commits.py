"""REST operations about commits, their statuses, and branches."""

from __future__ import annotations

from tests.simulator_github.calls import Answer, Call, Operation, fields, login, page_of
from tests.simulator_github.world import Trouble, World


def create_status(call: Call) -> Answer:
    body = dict(fields(call))
    status = call.world.add_status(
        call.path["sha"], creator=login(call), state=body.pop("state", None), **body
    )
    document = call.shapes.status(status)
    return Answer(status=201, document=document, headers={"location": document["url"]})


def list_statuses(call: Call) -> Answer:
    sha = resolve(call.world, call.path["sha"]) or call.path["sha"]
    return page_of(call, [call.shapes.status(status) for status in call.world.statuses_of(sha)])


def get_commit(call: Call) -> Answer:
    return Answer(document=call.shapes.commit(_found(call, call.path["sha"])) | {"files": []})


def get_git_commit(call: Call) -> Answer:
    if call.path["sha"] not in call.world.git:
        raise Trouble(404, "Not Found")
    return Answer(document=call.shapes.git_commit(call.path["sha"]))


def list_commits(call: Call) -> Answer:
    """Newest first, of all parents."""
    world = call.world
    tip = _found(call, call.query.get("sha") or world.default_branch)
    shas = list(reversed(world.git.sorted(world.git.ancestors(tip))))
    return page_of(call, [call.shapes.commit(sha) for sha in shas])


def compare(call: Call) -> Answer:
    """docs: compare two commits. All commits in pages, the oldest first; without a page, the first 250."""
    git = call.world.git
    base, dots, head = call.path["basehead"].partition("...")
    if not dots:
        raise Trouble(404, "Not Found")
    base, head = _found(call, base), _found(call, head)
    common = git.merge_base(base, head)
    if common is None:
        raise Trouble(404, f"No common ancestor between {base} and {head}.")
    ahead, behind = git.between(base, head), git.between(head, base)
    words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    is_paged = "page" in call.query or "per_page" in call.query
    cut = page_of(call, [call.shapes.commit(sha) for sha in ahead], usual=30 if is_paged else 250)
    url = f"{call.shapes.repo_url}/compare/{base}...{head}"
    html = f"{call.shapes.site}/{call.world.repository}/compare/{base}...{head}"
    document = {
        "url": url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": call.shapes.commit(base),
        "merge_base_commit": call.shapes.commit(common),
        "status": words.get((bool(ahead), bool(behind)), "diverged"),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": cut.document,
        "files": [],
    }
    return Answer(document=document, headers=cut.headers)


def get_branch(call: Call) -> Answer:
    name = call.path["branch"]
    if name not in call.world.branches or ":" in name:
        raise Trouble(404, "Branch not found")
    return Answer(document=call.shapes.branch(name, call.world.branches[name]))


def get_ref(call: Call) -> Answer:
    kind, _, name = call.path["ref"].partition("/")
    if kind != "heads" or name not in call.world.branches:
        raise Trouble(404, "Not Found")
    return Answer(document=call.shapes.ref(f"refs/heads/{name}", call.world.branches[name].sha))


def resolve(world: World, name: str) -> str | None:
    """The commit that a branch's name or a number is, if any."""
    if name in world.branches:
        return world.branches[name].sha
    return name if name in world.git else None


def _found(call: Call, name: str) -> str:
    sha = resolve(call.world, name)
    if sha is None:
        raise Trouble(404, "Not Found")
    return sha


_REPO = "/repos/{owner}/{repo}"
_READ = ("contents", "read")

OPERATIONS = (
    Operation(
        name="create-status",
        method="POST",
        path=f"{_REPO}/statuses/{{sha}}",
        needs=("statuses", "write"),
        run=create_status,
    ),
    Operation(
        name="list-statuses",
        method="GET",
        path=f"{_REPO}/commits/{{sha}}/statuses",
        needs=("statuses", "read"),
        run=list_statuses,
    ),
    Operation(name="get-commit", method="GET", path=f"{_REPO}/commits/{{sha}}", needs=_READ, run=get_commit),
    Operation(
        name="get-git-commit",
        method="GET",
        path=f"{_REPO}/git/commits/{{sha}}",
        needs=_READ,
        run=get_git_commit,
    ),
    Operation(name="list-commits", method="GET", path=f"{_REPO}/commits", needs=_READ, run=list_commits),
    Operation(
        name="compare", method="GET", path=f"{_REPO}/compare/{{basehead:path}}", needs=_READ, run=compare
    ),
    Operation(
        name="get-branch",
        method="GET",
        path=f"{_REPO}/branches/{{branch:path}}",
        needs=_READ,
        run=get_branch,
    ),
    Operation(name="get-ref", method="GET", path=f"{_REPO}/git/ref/{{ref:path}}", needs=_READ, run=get_ref),
)
