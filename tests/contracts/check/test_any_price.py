"""A check never costs more than its budget allows, whatever the price list says."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.traffic.billing import create_price
from aisa_testkit.openapi import Call, Reply, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.documents import DUBBINGS
from tests.support.local_server import LocalServer

TEXT = DUBBINGS.read_text(encoding="utf-8")
(PRICE,) = [line.strip() for line in TEXT.splitlines() if line.strip().startswith("price: ")]
VALUES: dict[str, list[Json]] = {
    "/script/voice": ["deep", "light"],
    "/mood": ["calm", "merry", None],
    "query.tier": ["slow", "fast"],
    "/takes/0": [1, 2, None],
}
CONDITIONS = st.dictionaries(st.sampled_from([*VALUES]), st.integers(1, 3), max_size=2).map(
    lambda sizes: {place: VALUES[place][:size] for place, size in sizes.items()}
)
RATES = st.lists(
    st.builds(
        lambda when, cents: {**({"when": when} if when else {}), "amount": cents / 100},
        CONDITIONS,
        st.integers(0, 500),
    ),
    min_size=1,
    max_size=4,
)
PER = st.sampled_from([None, "/script/pace", "/film/shelf"])


def accept_all(server: LocalServer, call: Call, reply: Reply) -> Reply:
    """Accept every create, also invalid ones."""
    if call.operation_id != "startDubbing" or reply.status < 300:
        return reply
    create = plan_check(server.document, key=server.key).creates[0]
    return server.service.answer(create)


@settings(max_examples=25)
@given(RATES, PER, st.integers(0, 900))
def test_accepted_creates_cost_no_more_than_the_budget(
    rates: list[Json], per: str | None, cents: int
) -> None:
    price = {"currency": "EUR", "rates": rates, **({"per": per} if per else {})}
    document = parse_document(TEXT.replace(PRICE, f"price: {json.dumps(price)}"))
    budget = Budget(max_spend=Decimal(cents) / 100)
    server = LocalServer(document, accept_all)
    result = server.run_check(creates=2, budget=budget)
    spent = Decimal(0)
    for exchange in result.history:
        if exchange.create is not None and exchange.accepted:
            amount = create_price(read_exchange(document, exchange.call, None, at=0))
            assert amount or exchange.arguments.problems  # an unknown price is never paid
            spent += amount[0] if amount else 0
    assert spent <= Decimal(cents) / 100
