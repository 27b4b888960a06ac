"""The REST operations: each takes a Call and gives status, JSON and headers, or raises Trouble."""

from __future__ import annotations

from tests.simulator_github import commits, graphql
from tests.simulator_github.calls import Answer, Call, Operation, fields, login, page_of
from tests.simulator_github.world import Pull, Trouble


def list_comments(call: Call) -> Answer:
    return page_of(call, [call.shapes.comment(c) for c in call.world.comments_of(call.path["number"])])


def create_comment(call: Call) -> Answer:
    comment = call.world.add_comment(
        call.path["number"], author=login(call), body=fields(call).get("body", "")
    )
    document = call.shapes.comment(comment)
    return Answer(status=201, document=document, headers={"location": document["url"]})


def get_comment(call: Call) -> Answer:
    return Answer(document=call.shapes.comment(call.world.comment(call.path["number"])))


def edit_comment(call: Call) -> Answer:
    comment = call.world.edit_comment(
        call.path["number"], editor=login(call), body=fields(call).get("body", "")
    )
    return Answer(document=call.shapes.comment(comment))


def delete_comment(call: Call) -> Answer:
    call.world.delete_comment(call.path["number"])
    return Answer(status=204)


def get_pull(call: Call) -> Answer:
    return Answer(document=call.shapes.full_pull(call.world.pull(call.path["number"])))


def list_pulls(call: Call) -> Answer:
    """docs: list pull requests. Of parameters, those that it documents."""
    query, world = call.query, call.world
    found = [pull for pull in world.pulls.values() if _is_listed(call, pull)]
    key = {"updated": lambda pull: (pull.updated, pull.number)}.get(
        query.get("sort", "created"), lambda pull: (pull.created, pull.number)
    )
    descending = (
        query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "desc"
    )
    found.sort(key=key, reverse=descending)
    return page_of(call, [call.shapes.pull(pull) for pull in found])


def _is_listed(call: Call, pull: Pull) -> bool:
    state, base, head = (call.query.get(name) for name in ("state", "base", "head"))
    if pull.hidden_for and pull.closed is not None:
        pull.hidden_for -= 1
        return False
    owner = (pull.head_repository or call.world.repository).split("/")[0]
    return (
        (state == "all" or (state == "closed") == (pull.closed is not None))
        and (base is None or base == pull.base_ref)
        and (head is None or head == f"{owner}:{pull.head_ref}")
    )


def pull_commits(call: Call) -> Answer:
    pull = call.world.pull(call.path["number"])
    git = call.world.git
    shas = git.between(pull.base_sha, pull.head_sha) if pull.head_sha in git and pull.base_sha in git else []
    return page_of(call, [call.shapes.commit(sha) for sha in shas[:250]])


def commit_pulls(call: Call) -> Answer:
    return page_of(call, [call.shapes.pull(pull) for pull in call.world.pulls_with(call.path["sha"])])


def get_repository(call: Call) -> Answer:
    return Answer(document=call.shapes.full_repository())


def get_user(call: Call) -> Answer:
    if call.token is None or call.token.installation:
        raise Trouble(403, "Resource not accessible by integration")
    return Answer(document=call.shapes.user(call.token.login) | _PROFILE)


def run_graphql(call: Call) -> Answer:
    if call.token is None:
        raise Trouble(401, "This endpoint requires you to be authenticated.")
    may_read = not call.world.private or call.token.permissions.get("pull-requests", "none") != "none"
    permissions = call.token.permissions
    viewer = graphql.Viewer(
        login=call.token.login,
        may_read=may_read,
        may_write=permissions.get("pull-requests") == "write",
        may_read_files=not call.world.private or permissions.get("contents", "none") != "none",
    )
    return Answer(
        document=graphql.execute(call.world, viewer=viewer, site=call.shapes.site, document=call.body)
    )


_PROFILE = {
    **dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name")),
    **dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0),
    **dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z"),
    "user_view_type": "public",
}
_READ, _WRITE = ("pull-requests", "read"), ("pull-requests", "write")
_REPO = "/repos/{owner}/{repo}"

OPERATIONS = (
    Operation(
        name="list-comments",
        method="GET",
        path=f"{_REPO}/issues/{{number:int}}/comments",
        needs=_READ,
        run=list_comments,
    ),
    Operation(
        name="create-comment",
        method="POST",
        path=f"{_REPO}/issues/{{number:int}}/comments",
        needs=_WRITE,
        run=create_comment,
    ),
    Operation(
        name="get-comment",
        method="GET",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_READ,
        run=get_comment,
    ),
    Operation(
        name="edit-comment",
        method="PATCH",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_WRITE,
        run=edit_comment,
    ),
    Operation(
        name="delete-comment",
        method="DELETE",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_WRITE,
        run=delete_comment,
    ),
    Operation(name="get-pull", method="GET", path=f"{_REPO}/pulls/{{number:int}}", needs=_READ, run=get_pull),
    Operation(
        name="commit-pulls",
        method="GET",
        path=f"{_REPO}/commits/{{sha}}/pulls",
        needs=_READ,
        run=commit_pulls,
    ),
    Operation(name="list-pulls", method="GET", path=f"{_REPO}/pulls", needs=_READ, run=list_pulls),
    Operation(
        name="pull-commits",
        method="GET",
        path=f"{_REPO}/pulls/{{number:int}}/commits",
        needs=_READ,
        run=pull_commits,
    ),
    *commits.OPERATIONS,
    Operation(
        name="get-repository", method="GET", path=_REPO, needs=("metadata", "read"), run=get_repository
    ),
    Operation(name="get-user", method="GET", path="/user", needs=("metadata", "read"), run=get_user),
)
GRAPHQL = Operation(
    name="graphql", method="POST", path="/graphql", needs=("metadata", "read"), run=run_graphql
)
