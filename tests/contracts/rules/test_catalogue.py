"""The catalogues of rules."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import CLIENT_RULES, RULES, SERVER_RULES, Party
from aisa_testkit.contracts.rules.rule import Catalogue


def test_catalogue_contains_the_rules_of_both_parties() -> None:
    assert {**SERVER_RULES, **CLIENT_RULES} == RULES
    assert {rule.party for rule in SERVER_RULES.values()} == {Party.SERVER}
    assert {rule.party for rule in CLIENT_RULES.values()} == {Party.CLIENT}


def test_duplicate_code_is_rejected() -> None:
    catalogue = Catalogue(Party.CLIENT)
    rule = catalogue.rule("AV799", "broken rule", "Do better.")
    with pytest.raises(ValueError, match="duplicate rule AV799"):
        catalogue.rule("AV799", "another rule", "Do better.")
    assert catalogue.rules == {"AV799": rule}
