"""The names of strategies, wherever they are read."""

from __future__ import annotations

import pytest

from entrypoint.adapters.runner import parsers
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.read import read


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_strategy__is_read_from_the_file_and_from_the_input(strategy: Strategy) -> None:
    manifest = read(f'[deploy]\nstrategy = "{strategy}"\n', file="fly.toml").manifest
    assert manifest is not None
    assert manifest.deploy.strategy is strategy
    assert parsers.optional_word(Strategy)(strategy.value) is strategy


@pytest.mark.parametrize("text", ["Rolling", "blue-green", "rolling "])
def test_another_word__is_none_and_said_to_be(text: str) -> None:
    reading = read(f'[deploy]\nstrategy = "{text}"\n', file="fly.toml")
    assert reading.manifest is not None
    assert reading.manifest.deploy.strategy is None
    assert "deploy-strategy" in {finding.rule for finding in reading.findings}
    with pytest.raises(ValueError, match="rolling, immediate, canary, bluegreen"):
        parsers.optional_word(Strategy)(text)
