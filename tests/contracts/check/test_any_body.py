"""The plan of a check, whatever the schema of a create says."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.openapi import Document, parse_document
from aisa_testkit.openapi.json import Json
from tests.openapi.generator.test_property import (
    arrays,
    combined,
    exclusive_unions,
    numbers,
    objects,
    shown,
    texts,
    unions,
)
from tests.support.documents import DUBBINGS
from tests.support.local_server import LocalServer

SCHEMAS: st.SearchStrategy[Json] = st.recursive(
    st.one_of(texts(), numbers(), st.just({"type": "boolean"}), st.just({})),
    lambda below: st.one_of(
        arrays(below),
        objects(below),
        unions(below),
        exclusive_unions(below),
        combined(below),
        shown(below),
    ),
    max_leaves=6,
)
TEXT = DUBBINGS.read_text(encoding="utf-8")
START, END = TEXT.index("    Order:\n"), TEXT.index("    Dubbing:\n      type")


def document_with(schema: Json, *, price: str = "{amount: 0.5}") -> Document:
    """Return a document whose create takes a body of this schema."""
    text = f"{TEXT[:START]}    Order: {json.dumps(schema)}\n{TEXT[END:]}"
    rates = text[text.index("rates: [") : text.index("{amount: 0.5}")]
    text = text.replace(rates, "rates: [").replace("{amount: 0.5}", price)
    text = text.replace("      /order/text: {request: /script/text}\n", "")
    return parse_document(text)


@settings(max_examples=60)
@given(st.data())
def test_creates_are_valid_and_probes_are_not(data: st.DataObject) -> None:
    document = document_with(data.draw(SCHEMAS))
    plan = plan_check(document, key="k", creates=2, seed=data.draw(st.integers(0, 3)))
    for call in (*plan.creates, *plan.fallbacks):
        assert read_exchange(document, call, None, at=0).arguments.problems == ()
    for probe in plan.create_probes:
        problems = read_exchange(document, probe.call, None, at=0).arguments.problems
        assert problems or probe.reason == "no API key", probe.reason
    assert plan.price == Decimal("0.5")


@settings(max_examples=20)
@given(SCHEMAS, st.integers(0, 3))
def test_server_never_gets_more_creates_than_the_budget_allows(schema: Json, most: int) -> None:
    server, budget = LocalServer(document_with(schema)), Budget(max_creates=most)
    result = server.run_check(creates=min(2, most), budget=budget)
    assert server.accepted <= most
    assert result.violations == ()
