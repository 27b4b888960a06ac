"""`python -m tests.contract.schemas` writes both schemas anew."""

from tests.contract.schemas import fly, policy
from tests.contract.schemas.common import spell
from tests.stage import ROOT

for maker in (fly, policy):
    (ROOT / "docs" / "schemas" / maker.NAME).write_text(spell(maker.make()), "utf-8")
