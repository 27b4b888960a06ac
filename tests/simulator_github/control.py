"""`/_sim/`: what people and tests do to this world from outside.

GET  /_sim/                          comments, pulls, journal, violations
POST /_sim/pulls                     {number?, title?, author?, head_sha?, base_ref?, locked? …}
POST /_sim/pulls/{n}/merge           {sha, commits?, hidden_for?}
POST /_sim/pulls/{n}/comments        {author, body}
POST /_sim/comments/{id}             {editor, body}        an edit by somebody else
POST /_sim/comments/{id}/delete
POST /_sim/tokens                    {token, login, permissions?, installation?}
POST /_sim/faults                    the fields of faults.Fault
POST /_sim/statuses                  {sha, creator, state, context?, description? …}
POST /_sim/do/NAME                   a function of branches.py by name: commit, open_pull, merge_pull …, and its arguments;
                                     check_out {sha, folder}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.simulator_github import branches
from tests.simulator_github.checkout import check_out_beside
from tests.simulator_github.world import WRITE, Token, Trouble, World

if TYPE_CHECKING:
    from tests.simulator_github.server import Simulator


def check_out(world: World, *, sha: str, folder: str) -> None:
    """Write the commit's .git into a folder of this computer."""
    check_out_beside(world.git, sha, Path(folder))


DOINGS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        branches.commit,
        branches.push,
        branches.open_pull,
        branches.merge_ref_of,
        branches.merge_pull,
        branches.close_pull,
        branches.change_base,
        branches.update_branch,
        branches.enqueue,
        branches.complete,
        branches.eject,
        check_out,
    )
}


def control_routes(simulator: Simulator) -> list[Route]:
    """The routes below /_sim."""

    async def dump(_request: Request) -> JSONResponse:
        world = simulator.world
        return JSONResponse(
            {
                "repository": world.repository,
                "comments": [asdict(comment) for _, comment in sorted(world.comments.items())],
                "pulls": [asdict(pull) for pull in world.pulls.values()],
                "branches": {name: branch.sha for name, branch in world.branches.items()},
                "statuses": [asdict(status) for status in world.statuses],
                "journal": simulator.journal.dump(),
                "violations": simulator.journal.violations(),
            }
        )

    async def act(request: Request) -> JSONResponse:
        number = request.path_params.get("number", 0)
        fields = await request.json() if await request.body() else {}
        try:
            made = _act(simulator, request.url.path.rstrip("/").rsplit("/", 1)[-1], number, fields)
        except (Trouble, branches.Conflict, KeyError, TypeError) as trouble:
            return JSONResponse({"message": f"{type(trouble).__name__}: {trouble}"}, status_code=400)
        return JSONResponse(made, status_code=201)

    return [
        Route("/_sim/", dump, methods=["GET"]),
        *(
            Route(f"/_sim/{path}", act, methods=["POST"])
            for path in (
                "pulls",
                "pulls/{number:int}/merge",
                "pulls/{number:int}/comments",
                "comments/{number:int}",
                "comments/{number:int}/delete",
                "tokens",
                "faults",
                "statuses",
                *(f"do/{name}" for name in DOINGS),
            )
        ),
    ]


def _act(simulator: Simulator, what: str, number: int, fields: dict[str, Any]) -> Any:
    world = simulator.world
    match what:
        case "pulls":
            return asdict(world.add_pull(**fields))
        case "merge":
            return asdict(world.merge(number, **{**fields, "commits": tuple(fields.get("commits", ()))}))
        case "comments":
            return asdict(world.add_comment(number, **fields))
        case "delete":
            world.delete_comment(number)
            return {}
        case "tokens":
            add_token(world, **fields)
            return {}
        case "statuses":
            return asdict(world.add_status(**fields))
        case name if name in DOINGS:
            made = DOINGS[name](world, **fields)
            return asdict(made) if is_dataclass(made) and not isinstance(made, type) else made
        case "faults":
            return asdict(simulator.faults.order(**fields))
        case _:
            return asdict(world.edit_comment(number, **fields))


def add_token(world: World, *, token: str, login: str, **fields: Any) -> None:
    """Make `token` one of `login`."""
    world.tokens[token] = Token(login=login, **{"permissions": WRITE, **fields})


def load_state(world: World, state: dict[str, Any]) -> None:
    """Fill a world from a state file: repository, default_branch, private, tokens, pulls, comments (as posted above)."""
    for name in ("repository", "default_branch", "private"):
        if name in state:
            setattr(world, name, state[name])
    if "tokens" in state:
        world.tokens.clear()
    for fields in state.get("tokens", ()):
        add_token(world, **fields)
    for fields in state.get("pulls", ()):
        world.add_pull(**fields)
    for fields in state.get("comments", ()):
        world.add_comment(fields["pull"], author=fields["author"], body=fields["body"])
