"""Pull requests, commits, statuses and files over a real socket: every request as GitHub's OpenAPI document allows it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.review_errors import MayNot, MayNotSetStatus, NotFound, RateLimited, Unreachable
from entrypoint.kernel.reviews import Account, BlobState, QueueEntry, StatusState
from entrypoint.kernel.secrets import Secret
from tests.blocking import Blocking
from tests.simulator_github import branches
from tests.simulator_github.branches import Method
from tests.simulator_github.faults import primary_limit
from tests.simulator_github.git import LINK, Entry
from tests.simulator_github.running import Running, running
from tests.simulator_github.world import BOT, READ_ONLY, Branch, Token, World

PATIENCE = Patience(attempts=3, pause=0.01, longest_wait=0.5, timeout=2)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as served:
        yield served


@pytest.fixture
def github(served: Running) -> Iterator[Running]:
    served.simulator.reset()
    world = served.simulator.world
    branches.commit(world, "main", {"fly.toml": "one", "sub/x": "y"}, message="First\n\nwith more")
    branches.commit(world, "change", {"fly.toml": "two"}, message="Change", start=world.branches["main"].sha)
    branches.open_pull(world, "change", title="A change")
    yield served
    assert served.simulator.journal.violations() == []


def port(github: Running, *, token: str = "ghs_simulated") -> Blocking:
    return Blocking(
        GithubPullRequests(
            token=Secret(token), repository="Octo/acme-shop", api_url=github.url, patience=PATIENCE
        )
    )


def world_of(github: Running) -> World:
    return github.simulator.world


def test_whose_token_it_is_is_asked_once(github: Running) -> None:
    ours = port(github)
    viewer = ours.viewer()
    assert viewer == Account(id=world_of(github).account_id(BOT), login=BOT)
    assert ours.viewer() == viewer
    assert github.simulator.journal.asked("graphql") == 1


def test_an_open_pull_request_and_a_merged_one(github: Running) -> None:
    world, ours = world_of(github), port(github)
    found = ours.pull(1)
    assert (found.number, found.title, found.is_open, found.merged_at) == (1, "A change", True, None)
    assert (found.head_sha, found.base_ref) == (world.branches["change"].sha, "main")
    assert found.head_repository == found.base_repository == "octo/acme-shop"
    assert found.merge_commit_sha == branches.merge_ref_of(world, 1)
    assert ours.closed_pulls(base="main") == ()
    merged = branches.merge_pull(world, 1, Method.SQUASH)
    (closed,) = ours.closed_pulls(base="main")
    assert (closed.number, closed.merge_commit_sha, closed.is_open) == (1, merged, False)
    assert closed.merged_at == world.pulls[1].merged
    assert ours.closed_pulls(base="release/1 2") == ()
    with pytest.raises(NotFound):
        ours.pull(99)


def test_a_fork_that_is_gone_has_no_name() -> None:
    with running(allow_violations=True) as github:  # the document says that head.repo is never null
        world_of(github).add_pull(number=7, head_repository="")
        assert port(github).pull(7).head_repository == ""


def test_closed_pull_requests_come_in_pages(github: Running) -> None:
    world = world_of(github)
    for number in range(10, 140):
        pull = world.add_pull(number=number)
        pull.closed = pull.updated = number
    ours = port(github)
    first, second = (ours.closed_pulls(base="main", page=page) for page in (1, 2))
    assert (len(first), len(second)) == (100, 30)
    assert (first[0].number, second[-1].number) == (139, 10)
    assert [pull.updated_at for pull in first] == [pull.number for pull in first]


def test_commits_and_how_they_relate(github: Running) -> None:
    world, ours = world_of(github), port(github)
    main, head = world.branches["main"].sha, world.branches["change"].sha
    commit = ours.commit(main)
    assert (commit.sha, commit.tree, commit.parents) == (main, world.git.info(main).tree, ())
    assert (commit.title, commit.author) == ("First", "mona")
    ahead = ours.compare(main, head)
    assert (ahead.status, ahead.merge_base) == ("ahead", main)
    assert [(c.sha, c.parents, c.title) for c in ahead.commits] == [(head, (main,), "Change")]
    assert (ours.compare(head, main).status, ours.compare(main, main).status) == ("behind", "identical")
    branches.commit(world, "main", {"other": "1"}, message="More")
    apart = ours.compare(world.branches["main"].sha, head)
    assert (apart.status, apart.merge_base) == ("diverged", main)
    assert [c.sha for c in ours.history(head)] == [head, main]
    for ask in (lambda: ours.commit("9" * 40), lambda: ours.compare("9" * 40, head)):
        with pytest.raises(NotFound):
            ask()


def test_long_comparisons_and_histories_come_in_pages(github: Running) -> None:
    world, ours = world_of(github), port(github)
    base = world.branches["main"].sha
    shas = [branches.commit(world, "main", {"n": str(n)}, message=str(n)) for n in range(230)]
    assert [c.sha for c in ours.compare(base, shas[-1]).commits] == shas
    assert github.simulator.journal.asked("compare") == 3
    github.simulator.faults.order(operation="compare", headers={"link": ""}, times=9)
    with pytest.raises(Unreachable, match="does not have everything"):
        ours.compare(base, shas[-1])
    github.simulator.faults.ordered.clear()
    assert len(ours.history(shas[-1], pages=2)) == 200
    assert ours.history(shas[-1], pages=9)[-1].sha == base


def test_a_branch_and_whether_it_is_protected(github: Running) -> None:
    world, ours = world_of(github), port(github)
    world.branches["release/1"] = Branch(sha=world.branches["main"].sha, protected=True)
    assert not ours.branch("main").is_protected
    assert ours.branch("release/1").is_protected
    with pytest.raises(NotFound):
        ours.branch("gone")


def test_statuses_newest_first_with_their_creator(github: Running) -> None:
    world, ours = world_of(github), port(github)
    head = world.branches["change"].sha
    for state, text in ((StatusState.FAILURE, "one"), (StatusState.SUCCESS, "two")):
        made = ours.create_status(
            head, context="flightplan/x", state=state, description=text, target_url="https://github.com/x"
        )
        assert (made.state, made.description, made.context) == (state, text, "flightplan/x")
    world.add_status(head, creator="eve", state="success", context="flightplan/x", description="three")
    found = ours.statuses(head)
    assert [status.description for status in found] == ["three", "two", "one"]
    assert [status.creator_id == ours.viewer().id for status in found] == [False, True, True]
    assert world.statuses[0].target_url == "https://github.com/x"


def test_many_statuses_come_in_pages(github: Running) -> None:
    world = world_of(github)
    head = world.branches["change"].sha
    for number in range(130):
        world.add_status(head, creator=BOT, state="success", context="ci", description=str(number))
    assert [s.description for s in port(github).statuses(head)] == [str(n) for n in range(129, -1, -1)]


def test_a_token_that_cannot_set_statuses_is_told_which_permission_it_lacks(github: Running) -> None:
    world = world_of(github)
    world.tokens["ghs_read"] = Token(login=BOT, permissions=READ_ONLY | {"pull-requests": "write"})
    with pytest.raises(MayNotSetStatus, match="statuses: write"):
        port(github, token="ghs_read").create_status(
            world.branches["change"].sha,
            context="c",
            state=StatusState.SUCCESS,
            description="",
            target_url="",
        )


def test_a_status_without_a_clear_answer_is_set_again(github: Running) -> None:
    github.simulator.faults.order(operation="create-status", status=502, commit=True)
    head = world_of(github).branches["change"].sha
    port(github).create_status(
        head, context="c", state=StatusState.SUCCESS, description="x", target_url="https://github.com/x"
    )
    assert [status.description for status in world_of(github).statuses] == ["x", "x"], "append-only: no harm"


def test_files_at_commits_in_one_query(github: Running) -> None:
    world, ours = world_of(github), port(github)
    main, head = world.branches["main"].sha, world.branches["change"].sha
    wanted = [(main, "fly.toml"), (head, "fly.toml"), (main, "gone"), (main, "sub"), (main, "sub/x")]
    found = ours.file_states([*wanted, (main, "fly.toml")])
    assert {key: state.text if state else None for key, state in found.items()} == {
        wanted[0]: "one",
        wanted[1]: "two",
        wanted[2]: None,
        wanted[3]: None,
        wanted[4]: "y",
    }
    assert found[wanted[0]].oid == world.git.files(main)["fly.toml"].oid
    assert github.simulator.journal.asked("graphql") == 1
    assert ours.file_states([]) == {}


def test_a_link_is_its_blob_and_what_is_no_text_has_none(github: Running) -> None:
    world = world_of(github)
    link = Entry(mode=LINK, oid=world.git.entry("fly.toml").oid)
    sha = branches.commit(
        world, "main", {"link": link, "binary": b"\x00\xff", "long": "x" * 600_000}, message="m"
    )
    found = port(github).file_states([(sha, name) for name in ("link", "binary", "long")])
    assert found[sha, "link"] == BlobState(oid=link.oid, text="fly.toml")
    assert (found[sha, "binary"].text, found[sha, "long"].text) == (None, None)


def test_hundreds_of_files_take_a_few_queries(github: Running) -> None:
    sha = world_of(github).branches["main"].sha
    found = port(github).file_states([(sha, f"f{n}") for n in range(450)])
    assert len(found) == 450
    assert github.simulator.journal.asked("graphql") == 3


@pytest.mark.parametrize("path", ["a b", "ü/ß", '"quoted"', "a:b", "$x", "{}", "-x", "a\\b", "a\nb"])
def test_any_path_travels(github: Running, path: str) -> None:
    sha = branches.commit(world_of(github), "main", {path: "there"}, message="m")
    assert port(github).file_states([(sha, path)])[sha, path].text == "there"


def test_a_repository_that_the_token_cannot_see_is_no_missing_file(github: Running) -> None:
    """Otherwise nothing would ever have changed."""
    world = world_of(github)
    sha = world.branches["main"].sha
    other = Blocking(
        GithubPullRequests(
            token=Secret("ghs_simulated"), repository="octo/other", api_url=github.url, patience=PATIENCE
        )
    )
    with pytest.raises(Unreachable):
        other.file_states([(sha, "fly.toml")])
    world.tokens["ghs_blind"] = Token(login=BOT, permissions={"metadata": "read"})
    with pytest.raises(MayNot):
        port(github, token="ghs_blind").file_states([(sha, "fly.toml")])


def test_the_merge_queue(github: Running) -> None:
    world, ours = world_of(github), port(github)
    assert ours.merge_queue("main") == ()
    entry = branches.enqueue(world, 1)
    assert ours.merge_queue("main") == (QueueEntry(commit=entry.head, pull=1),)
    assert ours.merge_queue("release") == ()


def test_a_comment_by_its_number_and_folded_away(github: Running) -> None:
    world, ours = world_of(github), port(github)
    made = ours.create_comment(1, "plan")
    assert ours.comment(made.id) == made
    assert (made.pull, made.author_id) == (1, ours.viewer().id)
    ours.minimise_comment(made.node_id)
    assert world.comments[made.id].minimized is not None
    world.delete_comment(made.id)
    with pytest.raises(NotFound):
        ours.comment(made.id)


def test_the_rate_limit_is_an_error_and_not_an_empty_answer(github: Running) -> None:
    github.simulator.faults.order(**primary_limit("list-pulls", reset=int(time.time()) + 900))
    with pytest.raises(RateLimited):
        port(github).closed_pulls(base="main")


@pytest.mark.parametrize("sha", ["", "main", "a" * 39, "../../user", "a" * 40 + "\n", "A" * 40])
def test_what_is_no_commit_is_refused(github: Running, sha: str) -> None:
    ours = port(github)
    asks = (
        lambda: ours.commit(sha),
        lambda: ours.history(sha),
        lambda: ours.compare(sha, "a" * 40),
        lambda: ours.compare("a" * 40, sha),
        lambda: ours.statuses(sha),
        lambda: ours.file_states([(sha, "fly.toml")]),
    )
    for ask in asks:
        with pytest.raises(UsageError, match="commit"):
            ask()
    assert github.simulator.journal == []
