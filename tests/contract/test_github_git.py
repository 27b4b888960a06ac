"""Commits, merges and statuses in the GitHub simulator are as git and GitHub make them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator_github import branches
from tests.simulator_github.branches import Conflict, Method
from tests.simulator_github.checkout import Variant, checkout
from tests.simulator_github.git import LINK, MODULE, Entry, merge_lines
from tests.simulator_github.running import Running, running
from tests.simulator_github.world import READ_ONLY, WRITE, Token, World

REPO = "/repos/octo/acme-shop"
HEADERS = {"authorization": "Bearer ghs_simulated", "user-agent": "test"}
TOML = "app = 'shop'\n\n[env]\n  A = '1'\n\n[deploy]\n  strategy = 'rolling'\n"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as served:
        yield served


@pytest.fixture
def github(served: Running) -> Iterator[Running]:
    served.simulator.reset(made_world())
    yield served
    assert served.simulator.journal.violations() == []


@pytest.fixture
def client(github: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=github.url, headers=HEADERS) as client:
        yield client


def made_world() -> World:
    world = World()
    clock = iter(range(1_790_000_000, 1_800_000_000, 10))
    world.now = lambda: next(clock)
    branches.commit(world, "main", {"fly.toml": TOML, "src/app.py": "print(1)\n"}, message="First")
    return world


def asked_for(world: World, head: str, changes: dict[str, Any], **fields: Any) -> int:
    branches.commit(world, head, changes, message=f"Work on {head}", start=world.branches["main"].sha)
    return branches.open_pull(world, head, **fields).number


@pytest.mark.parametrize("method", Method)
def test_the_three_buttons_make_the_same_tree(method: Method) -> None:
    world = made_world()
    one = asked_for(world, "one", {"src/app.py": "print(2)\n"})
    other = asked_for(world, "other", {"fly.toml": TOML.replace("'1'", "'2'")})
    branches.merge_pull(world, one, Method.SQUASH)
    planned = branches.merge_ref(world, world.pulls[other])
    assert planned is not None
    landed = branches.merge_pull(world, other, method)
    assert world.git.info(landed).tree == world.git.info(planned).tree
    assert len(world.git.info(landed).parents) == (2 if method is Method.MERGE else 1)
    assert world.pulls[other].merge_commit_sha == landed == world.branches["main"].sha
    assert world.git.line(landed)[1] == world.pulls[one].merge_commit_sha
    assert world.pulls[other].count == 1


def test_a_rebase_lands_each_commit_and_names_the_last() -> None:
    world = made_world()
    number = asked_for(world, "many", {"a": "1"})
    branches.commit(world, "many", {"b": "2"}, message="More")
    branches.commit(world, "main", {"c": "3"}, message="Meanwhile")
    tip = branches.merge_pull(world, number, Method.REBASE)
    pull = world.pulls[number]
    assert (len(pull.commits), pull.count, pull.merge_commit_sha) == (2, 2, tip)
    assert [world.git.info(s).message for s in world.git.line(tip)] == [
        "More",
        "Work on many",
        "Meanwhile",
        "First",
    ]


def test_conflicts_are_conflicts() -> None:
    world = made_world()
    one = asked_for(world, "one", {"fly.toml": TOML.replace("'1'", "'2'")})
    other = asked_for(world, "other", {"fly.toml": TOML.replace("'1'", "'3'")})
    branches.merge_pull(world, one)
    assert branches.merge_ref(world, world.pulls[other]) is None
    for method in Method:
        with pytest.raises(Conflict):
            branches.merge_pull(world, other, method)


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("x\nb\nc\nd\n", "a\nb\nc\ny\n", "x\nb\nc\ny\n"),
        ("a\nx\nc\nd\n", "a\nb\ny\nd\n", None),
        ("a\nx\nc\nd\n", "a\nx\nc\nd\n", "a\nx\nc\nd\n"),
        ("a\nb\nc\nd\ne\n", "z\na\nb\nc\nd\n", "z\na\nb\nc\nd\ne\n"),
        ("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nf\n", None),
    ],
)
def test_lines_merge_as_in_git(ours: str, theirs: str, merged: str | None) -> None:
    assert merge_lines("a\nb\nc\nd\n", ours, theirs) == merged


def test_a_pull_request_whose_commit_rode_in_with_another_counts_as_merged() -> None:
    """GitHub: "Merged via another pull request": its merge commit is that of the one that brought it."""
    world = made_world()
    first = asked_for(world, "first", {"a": "1"})
    branches.push(world, "second", branches.commit(world, "first", {"b": "2"}, message="On top"))
    branches.push(world, "first", world.git.info(world.branches["second"].sha).parents[0])
    second = branches.open_pull(world, "second").number
    landed = branches.merge_pull(world, second)
    assert world.pulls[first].merged is not None
    assert world.pulls[first].merge_commit_sha == landed


def test_the_queue_lands_what_it_checked() -> None:
    world = made_world()
    one, two = asked_for(world, "one", {"a": "1"}), asked_for(world, "two", {"b": "2"})
    first, second = branches.enqueue(world, one), branches.enqueue(world, two)
    assert (second.base, world.git.files(second.head).keys() >= {"a", "b"}) == (first.head, True)
    assert branches.complete(world, "main", 2) == second.head == world.branches["main"].sha
    assert world.pulls[one].merge_commit_sha == first.head
    assert world.pulls[two].merge_commit_sha == second.head


def test_who_leaves_the_queue_is_left_out_of_those_behind() -> None:
    world = made_world()
    one, two = asked_for(world, "one", {"a": "1"}), asked_for(world, "two", {"b": "2"})
    branches.enqueue(world, one)
    branches.enqueue(world, two, method=Method.SQUASH)
    branches.eject(world, "main", one)
    landed = branches.complete(world, "main")
    assert "a" not in world.git.files(landed)
    assert world.pulls[one].merged is None


def test_a_changed_base_and_an_updated_branch() -> None:
    world = made_world()
    number = asked_for(world, "one", {"a": "1"})
    branches.push(world, "release", world.branches["main"].sha)
    branches.commit(world, "main", {"c": "3"}, message="Meanwhile")
    branches.change_base(world, number, "release")
    assert world.pulls[number].base_ref == "release"
    branches.change_base(world, number, "main")
    head = branches.update_branch(world, number)
    assert world.pulls[number].head_sha == head
    assert set(world.git.files(head)) == {"fly.toml", "src/app.py", "a", "c"}


@pytest.mark.parametrize("variant", [v for v in Variant if v not in (Variant.NONE, Variant.REFTABLE)])
def test_git_reads_what_a_job_finds(variant: Variant, tmp_path: Any) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not here")
    world = made_world()
    content: dict[str, Any] = {
        "deep/er/file": b"\0\xff",
        "link": Entry(mode=LINK, oid=world.git.entry("fly.toml").oid),
        "module": Entry(mode=MODULE, oid="5" * 40),
    }
    sha = branches.commit(world, "main", content, message="All kinds")
    checkout(world.git, sha, tmp_path / "work", variant)

    def run(*arguments: str) -> str:
        command = [git, "-C", str(tmp_path / "work"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert run("rev-parse", "HEAD", "HEAD^{tree}").split() == [sha, world.git.info(sha).tree]
    run("fsck", "--no-dangling")
    assert run("ls-tree", "HEAD", "link")[:6] == "120000"


def test_every_operation_answers_as_documented(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    number = asked_for(world, "one", {"a": "1"})
    sha = world.pulls[number].head_sha
    answers = [
        client.post(f"{REPO}/statuses/{sha}", json={"state": "success", "context": "x", "description": "d"}),
        client.get(f"{REPO}/commits/{sha}/statuses?per_page=100"),
        client.get(f"{REPO}/commits/{sha}"),
        client.get(f"{REPO}/commits?sha=main"),
        client.get(f"{REPO}/git/commits/{sha}"),
        client.get(f"{REPO}/compare/main...{sha}?per_page=100&page=1"),
        client.get(f"{REPO}/branches/main"),
        client.get(f"{REPO}/git/ref/heads/main"),
        client.get(f"{REPO}/pulls?state=closed&sort=updated&direction=desc&base=main"),
        client.get(f"{REPO}/pulls/{number}"),
        client.get(f"{REPO}/pulls/{number}/commits"),
        client.get(f"{REPO}/compare/main...nothing"),
        client.get(f"{REPO}/branches/nothing"),
    ]
    assert [a.status_code for a in answers] == [201, *[200] * 10, 404, 404]
    assert answers[1].json()[0]["creator"]["id"] == 41_898_282
    assert answers[5].json()["status"] == "ahead"
    assert answers[9].json()["merge_commit_sha"] == branches.merge_ref(world, world.pulls[number])


def test_statuses_are_newest_first_append_only_and_expire(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    sha = world.branches["main"].sha
    for state in ("failure", "success"):
        client.post(f"{REPO}/statuses/{sha}", json={"state": state})
    states = [s["state"] for s in client.get(f"{REPO}/commits/main/statuses").json()]
    assert states == ["success", "failure"]
    now = world.now()
    world.now = lambda: now + 91 * 86_400
    assert client.get(f"{REPO}/commits/{sha}/statuses").json() == []
    refused = [
        client.post(f"{REPO}/statuses/{sha}", json={"state": "success", "description": "x" * 141}),
        client.post(f"{REPO}/statuses/{'9' * 40}", json={"state": "success"}),
    ]
    assert [answer.status_code for answer in refused] == [422, 422]


@pytest.mark.parametrize(
    ("lacking", "method", "path", "body"),
    [
        ("statuses", "POST", "/statuses/main", {"state": "success"}),
        ("pull-requests", "POST", "/issues/1/comments", {"body": "x"}),
        ("contents", "GET", "/commits/main", None),
        ("pull-requests", "GET", "/pulls", None),
    ],
)
def test_a_missing_permission_is_named_as_github_names_it(
    github: Running, client: httpx.Client, lacking: str, method: str, path: str, body: Any
) -> None:
    """A write needs write, a read needs read."""
    world = github.simulator.world
    rights = {k: v for k, v in (READ_ONLY if body else WRITE).items() if body or k != lacking}
    world.tokens["ghs_less"] = Token(login="github-actions[bot]", permissions=rights)
    sha = world.branches["main"].sha
    answer = client.request(
        method,
        f"{REPO}{path.replace('main', sha)}",
        json=body,
        headers={"authorization": "token ghs_less"},
    )
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_compare_pages_and_tells_how_two_commits_lie(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    first = world.branches["main"].sha
    for index in range(120):
        branches.commit(world, "main", {"n": str(index)}, message=f"n{index}")
    side = branches.commit(world, "side", {"s": "1"}, message="side", start=first)
    tip = world.branches["main"].sha
    page = client.get(f"{REPO}/compare/{first}...{tip}?per_page=100")
    rest = client.get(page.links["next"]["url"])
    assert [c["commit"]["message"] for c in (*page.json()["commits"], *rest.json()["commits"])] == [
        f"n{index}" for index in range(120)
    ]
    assert len(client.get(f"{REPO}/compare/{first}...{tip}").json()["commits"]) == 120
    words = {
        f"{a}...{b}": client.get(f"{REPO}/compare/{a}...{b}").json()["status"]
        for a, b in ((tip, tip), (tip, first), (side, tip))
    }
    assert list(words.values()) == ["identical", "behind", "diverged"]


def test_closed_pulls_come_newest_update_first_and_late(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    numbers = [asked_for(world, f"b{i}", {f"f{i}": "1"}) for i in range(3)]
    for number in (numbers[1], numbers[0]):
        branches.merge_pull(world, number)
    branches.close_pull(world, numbers[2])
    listed = f"{REPO}/pulls?state=closed&sort=updated&direction=desc&base=main"
    found = client.get(listed).json()
    assert [(p["number"], p["merged_at"] is None) for p in found] == [(3, True), (1, False), (2, False)]
    world.pulls[1].hidden_for = 1
    world.pulls[2].unsettled_for = 1
    late = [{p["number"]: p["merge_commit_sha"] is None for p in client.get(listed).json()} for _ in range(2)]
    assert late == [{3: True, 2: True}, {3: True, 1: False, 2: False}]


def test_graphql_reads_many_files_in_one_query(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    sha = branches.commit(
        world,
        "main",
        {"big": "x" * 600_000, "data": b"\0", "module": Entry(mode=MODULE, oid="5" * 40)},
        message="Kinds",
    )
    names = ("fly.toml", "big", "data", "missing", "src", "module")
    aliases = " ".join(
        f'f{i}: object(expression: "{sha}:{name}") '
        "{ __typename oid ... on Blob { text isTruncated isBinary } }"
        for i, name in enumerate(names)
    )
    query = (
        f'{{ viewer {{ login databaseId }} repository(owner: "octo", name: "acme-shop") {{ {aliases} }} }}'
    )
    data = client.post("/graphql", json={"query": query}).json()["data"]
    found = [data["repository"][f"f{i}"] for i in range(len(names))]
    assert data["viewer"] == {"login": "github-actions[bot]", "databaseId": 41_898_282}
    assert found[0] == {
        "__typename": "Blob",
        "oid": world.git.files(sha)["fly.toml"].oid,
        "text": TOML,
        "isTruncated": False,
        "isBinary": False,
    }
    assert (found[1]["isTruncated"], len(found[1]["text"])) == (True, 512 * 1024)
    assert (found[2]["isBinary"], found[2]["text"]) == (True, None)
    assert (found[3], found[4]["__typename"], found[5]) == (None, "Tree", None)


def test_graphql_minimises_and_shows_the_queue(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    number = asked_for(world, "one", {"a": "1"})
    comment = client.post(f"{REPO}/issues/{number}/comments", json={"body": "x"}).json()
    hide = (
        "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED})"
        " { minimizedComment { isMinimized minimizedReason } } }"
    )
    document = {"query": hide, "variables": {"id": comment["node_id"]}}
    hidden = client.post("/graphql", json=document).json()["data"]["minimizeComment"]["minimizedComment"]
    assert hidden == {"isMinimized": True, "minimizedReason": "outdated"}
    entry = branches.enqueue(world, number)
    query = (
        '{ repository(owner: "octo", name: "acme-shop") { mergeQueue(branch: "main") { entries(first: 100)'
        " { nodes { pullRequest { number headRefOid } headCommit { oid } } } } } }"
    )
    nodes = client.post("/graphql", json={"query": query}).json()["data"]["repository"]["mergeQueue"]
    assert nodes["entries"]["nodes"] == [
        {
            "pullRequest": {"number": number, "headRefOid": world.pulls[number].head_sha},
            "headCommit": {"oid": entry.head},
        }
    ]
    world.tokens["ghs_simulated"] = Token(login="github-actions[bot]", permissions=READ_ONLY)
    refused = client.post("/graphql", json=document).json()
    assert refused["errors"][0]["type"] == "FORBIDDEN"


def test_something_happens_between_two_requests(github: Running, client: httpx.Client) -> None:
    world = github.simulator.world
    number = asked_for(world, "one", {"a": "1"})
    github.simulator.hooks.before("get-pull", lambda: branches.merge_pull(world, number), nth=2)
    merged = [client.get(f"{REPO}/pulls/{number}").json()["merged"] for _ in range(3)]
    assert merged == [False, True, True]


def test_people_can_play_with_commits_from_outside(github: Running, client: httpx.Client) -> None:
    sha = client.post(
        "/_sim/do/commit",
        json={
            "branch": "x",
            "changes": {"a": "1"},
            "message": "m",
            "start": github.simulator.world.branches["main"].sha,
        },
    ).json()
    number = client.post("/_sim/do/open_pull", json={"head": "x"}).json()["number"]
    client.post("/_sim/statuses", json={"sha": sha, "creator": "eve", "state": "success"})
    landed = client.post("/_sim/do/merge_pull", json={"number": number, "method": "squash"}).json()
    dump = client.get("/_sim/").json()
    assert dump["branches"]["main"] == landed
    assert dump["statuses"][0]["creator"] == "eve"
    assert client.post("/_sim/do/merge_pull", json={"number": number}).status_code == 400
