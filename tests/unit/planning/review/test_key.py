"""One key for one plan, however its path is spelt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.planning.review.key import normalise_config, review_key


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("fly.toml", "fly.toml"),
        ("./fly.toml", "fly.toml"),
        ("", "fly.toml"),
        (".", "fly.toml"),
        ("./", "fly.toml"),
        ("deploy/", "deploy/fly.toml"),
        ("deploy/.", "deploy/fly.toml"),
        ("deploy/./x/../fly.toml", "deploy/fly.toml"),
        ("deploy//fly.toml", "deploy/fly.toml"),
        ("deploy/x/..", "deploy/fly.toml"),
        ("fly.staging.toml", "fly.staging.toml"),
        ("..", "../fly.toml"),
        ("../fly.toml", "../fly.toml"),
        ("deploy", "deploy"),
    ],
)
def test_one_spelling(path, normal):
    assert normalise_config(path) == normal
    assert normalise_config(normal) == normal


def test_context():
    assert review_key(app="shop", config="./fly.toml", environment="").context == "flightplan/shop/fly.toml"
    odd = review_key(app="shop", config="a b/fly.toml", environment="pröd@1")
    assert odd.context == "flightplan/shop/a%20b/fly.toml@pr%C3%B6d%401"


def test_a_long_context__is_cut_and_stays_its_own():
    one = review_key(app="shop", config="x" * 180, environment="").context
    assert len(one) == 180 + len("flightplan/shop/")
    long, other = (review_key(app="shop", config="x" * n, environment="").context for n in (185, 186))
    assert len(long) == len(other) == 167
    assert long[:150] == other[:150]
    assert long != other
    assert re.fullmatch(r".{150}~[0-9a-f]{16}", long)


def test_hash__tells_app_path_and_environment_apart():
    keys = [
        review_key(app=app, config=config, environment=environment)
        for app, config, environment in [
            ("a", "fly.toml", ""),
            ("b", "fly.toml", ""),
            ("a", "b.toml", ""),
            ("a", "fly.toml", "x"),
        ]
    ]
    assert len({key.hash for key in keys}) == 4
    assert all(re.fullmatch("[0-9a-f]{12}", key.hash) for key in keys)


@given(st.text(), st.text(), st.text())
def test_anything_at_all__has_a_context_that_github_takes(app, config, environment):
    key = review_key(app=app, config=config, environment=environment)
    assert re.fullmatch(r"[A-Za-z0-9._/%@~-]{1,200}", key.context)
    assert normalise_config(key.config) == key.config
