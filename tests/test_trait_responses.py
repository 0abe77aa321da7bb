"""What responses show of each trait, so that a mock that ignores the trait is found."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import parse_document
from tests.support.trait_documents import TRAITS, trait_text
from tests.support.trait_moments import TraitMoments, differences

SHOWING = [name for name, trait in TRAITS.items() if "shows" in trait]


@pytest.mark.parametrize("trait", SHOWING)
def test_responses_show_the_trait(trait: str) -> None:
    document = parse_document(trait_text(trait))
    shows = dict(TRAITS[trait]["shows"])
    moments = TraitMoments(document, TRAITS[trait].get("sends"))
    for outcome, polls in shows.pop("polls", {}).items():
        assert len(moments.states(outcome)) == polls
    for outcome, states in shows.pop("states", {}).items():
        assert [*dict.fromkeys(moments.states(outcome))] == states.split()
    for moment, places in shows.items():
        assert [*differences(moments.at(moment), places)] == []
