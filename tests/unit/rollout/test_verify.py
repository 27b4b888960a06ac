"""`[verify]` against answers one after the other: what is asked again, what is a breach, and which answer holds."""

from __future__ import annotations

import pytest

from entrypoint.kernel.json import Json
from entrypoint.kernel.verify import JsonValue, Verify
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.outcome import Verified
from entrypoint.rollout.ports import Answer, NotAnswered
from entrypoint.rollout.verify import judge, verify
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

URL = "https://shop.example/up"
RIGHT, WRONG, NEVER = 200, 500, 0


class Script:
    """Answers one after the other, the last one for ever; NEVER must not be asked at all."""

    def __init__(self, *statuses: int) -> None:
        self.left = list(statuses)

    async def ask(self, url: str) -> Answer:
        assert url == URL
        status = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if status == NEVER:
            raise NotAnswered("resolves to a private address", is_final=True)
        return Answer(status=status, body=b"")


def asked(*statuses: int, bake: int = 0) -> Verified:
    made = plan(
        '[processes]\nweb = "bin/web"\n',
        machine("a"),
        policy_text=f'[verify]\nurl = "{URL}"\nbake = {bake}\n',
    )

    async def story() -> Verified | None:
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        return await verify(rollout, Script(*statuses))

    verified = virtual(story)
    assert verified is not None
    return verified


@pytest.mark.parametrize(
    ("statuses", "bake", "is_right", "questions"),
    [
        ([RIGHT], 0, True, 1),
        ([WRONG, WRONG, RIGHT], 0, True, 3),
        ([WRONG], 0, False, 16),
        ([NEVER], 0, False, 1),
        ([RIGHT], 20, True, 5),
        ([RIGHT, WRONG, WRONG, RIGHT], 20, True, 7),
        ([RIGHT, WRONG], 20, False, 4),
        ([RIGHT, WRONG, NEVER], 20, False, 3),
        ([RIGHT, RIGHT, WRONG, RIGHT], 10, True, 4),
        ([RIGHT, RIGHT, WRONG, WRONG, RIGHT], 10, True, 5),
        ([RIGHT, RIGHT, WRONG], 10, False, 5),
        ([RIGHT, RIGHT, WRONG, NEVER], 10, False, 4),
    ],
    ids=[
        "right at once",
        "needs a moment",
        "wrong for 30 s",
        "must not be asked",
        "right while it bakes",
        "two wrong ones in a row",
        "three wrong ones in a row",
        "must not be asked again",
        "the last one of the time is wrong, the next right",
        "the last one of the time and the next are wrong",
        "the last one of the time and the next two are wrong",
        "the last one of the time is wrong, then it must not be asked",
    ],
)
def test_answers(statuses: list[int], bake: int, questions: int, *, is_right: bool) -> None:
    verified = asked(*statuses, bake=bake)
    assert (not verified.why, verified.asked) == (is_right, questions)


@pytest.mark.parametrize(
    ("status", "wanted", "is_right"),
    [
        (200, None, True),
        (299, None, True),
        (300, None, False),
        (199, None, False),
        (404, 404, True),
        (200, 204, False),
    ],
)
def test_the_status(status: int, wanted: int | None, *, is_right: bool) -> None:
    said = judge(Answer(status=status, body=b""), Verify(url=URL, status=wanted))
    assert (not said) == is_right


BODY = b'{"db": "ok", "n": 1, "yes": true, "checks": [{"name": "a"}, {"name": "b"}]}'


@pytest.mark.parametrize(
    ("path", "value", "is_right"),
    [
        ("db", "ok", True),
        ("db", "down", False),
        ("cache", "ok", False),
        ("checks.1.name", "b", True),
        ("checks.0.name", "b", False),
        ("checks.2.name", "b", False),
        ("checks.-1.name", "b", False),
        ("checks.name", "b", False),
        ("checks.²", "b", False),
        ("checks.１.name", "b", False),
        ("db.0", "o", False),
        ("n", 1, True),
        ("n", True, False),
        ("yes", True, True),
        ("yes", 1, False),
    ],
)
def test_a_value_of_a_json_answer(path: str, value: Json, *, is_right: bool) -> None:
    wanted = Verify(url=URL, json=JsonValue(path=tuple(path.split(".")), value=value))
    assert (judge(Answer(status=200, body=BODY), wanted) == "") == is_right


def test_what_is_no_whole_json__is_not_right() -> None:
    wanted = Verify(url=URL, json=JsonValue(path=("db",), value="ok"))
    assert "64 KB" in judge(Answer(status=200, body=BODY, is_whole=False), wanted)
    assert "JSON" in judge(Answer(status=200, body=b"<html>"), wanted)
