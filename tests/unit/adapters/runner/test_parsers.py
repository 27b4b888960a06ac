"""Each kind of input: what is taken, and what the person who wrote it reads otherwise."""

from __future__ import annotations

import pytest

from entrypoint.adapters.runner import parsers
from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.adapters.runner.inputs import parse_inputs, runner_values
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Format

HEX = "0123456789abcdef" * 4


def values(**changes):
    defaults = {name: declared.local_default for name, declared in read_inputs().items()}
    return defaults | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("90", 90.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1m30s", 90.0),
        ("1.5h", 5400.0),
        ("1500ms", 1.5),
    ],
)
def test_durations(text, seconds):
    assert parsers.duration(text) == seconds


@pytest.mark.parametrize("text", ["5 m", "m5", "5x", "-5s", "0", "25h", "1m 30s", "inf", "nan", "1e3"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="must be"):
        parsers.duration(text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gate": "reveiwed"}, "must be one of reviewed, exact, none. Did you mean reviewed?"),
        (
            {"strategy": "blue-green"},
            "must be one of rolling, immediate, canary, bluegreen. Did you mean bluegreen?",
        ),
        ({"compat": "terraform"}, "must be one of flightplan, flyctl"),
    ],
)
def test_a_word_that_does_not_exist__is_told_what_was_probably_meant(changes, said):
    with pytest.raises(UsageError) as caught:
        parse_inputs(values(**changes), environ={}, format_=Format.TEXT)
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "one", "10000"])
def test_what_is_no_number_of_machines(text):
    with pytest.raises(ValueError, match="above 0"):
        parsers.max_unavailable(text)


@pytest.mark.parametrize(
    "text", ["built-on-merge", "nginx", "ghcr.io/a/b:v1", f"registry.fly.io/a:v1@sha256:{HEX}"]
)
def test_images(text):
    assert parsers.image(text) == text


@pytest.mark.parametrize("text", ["a b", "a@sha256:12", f"a@sha256:{HEX.upper()}", "a@md5:x", "a\nb"])
def test_what_is_no_image(text):
    with pytest.raises(ValueError, match="repo:tag"):
        parsers.image(text)


@pytest.mark.parametrize("text", [HEX[:8], HEX[:63], HEX.upper(), f"{HEX}0"])
def test_only_a_full_digest_approves(text):
    with pytest.raises(ValueError, match="full digest"):
        parsers.digest(text)


def test_all_problems_are_told_at_once_and_secrets_never():
    with pytest.raises(UsageError) as caught:
        parse_inputs(values(gate="open", wait_timeout="soon", app="A B"), environ={}, format_=Format.TEXT)
    text = str(caught.value)
    assert [line.split(":")[0] for line in text.splitlines()] == [
        "input app",
        "input wait-timeout",
        "input gate",
    ]


def test_a_token_with_a_newline_is_taken_without_it():
    inputs = parse_inputs(values(fly_api_token="FlyV1 abc\n"), environ={}, format_=Format.TEXT)
    assert inputs.fly_api_token is not None
    assert inputs.fly_api_token.reveal() == "FlyV1 abc"
    assert "abc" not in repr(inputs)


def test_without_the_runner_it_says_what_to_do():
    with pytest.raises(UsageError, match="INPUT_COMMAND") as caught:
        runner_values({})
    assert "flightplan help" in caught.value.hint
