"""The planned creates of a check: the cheapest jobs, in different ways."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import check_exchange, read_exchange
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.traffic.billing import create_price
from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.openapi import Call, Document, JobRole, Provenance, parse_document
from tests.support.documents import renderings_text
from tests.support.operations import find_operation

PRICE = "price: {currency: EUR, rates: [{when: {/quality: [final]}, amount: 1.25}, {amount: 0.05}]}"
UNPRICED = renderings_text().replace(f"    {PRICE}\n", "", 1)


def priced_text(rates: str, *, per: str = "") -> str:
    """Return the text of the document of renderings with another price list."""
    assert PRICE in renderings_text()
    return renderings_text().replace(PRICE, f"price: {{currency: EUR, {per}rates: [{rates}]}}", 1)


def priced(rates: str, *, per: str = "") -> Document:
    """Return the document of renderings with another price list."""
    return parse_document(priced_text(rates, per=per))


def sent(document: Document, call: Call) -> dict[str, object]:
    """Return the fields of a call."""
    exchange = read_exchange(document, call, None, at=0)
    assert exchange.arguments.problems == ()
    return dict(exchange.fields)


def create_fields(document: Document) -> dict[str, object]:
    plan = plan_check(document, key="k")
    return sent(document, plan.creates[0])


def test_cheapest_job_of_both_documents(document: Document, other_document: Document) -> None:
    plan = plan_check(document, key="k", creates=2)
    assert (plan.price, plan.total, plan.currency) == (Decimal("0.40"), Decimal("0.80"), "USD")
    other = plan_check(other_document, key="k", creates=3)
    assert (other.price, other.total, other.currency) == (Decimal("0.05"), Decimal("0.15"), "EUR")
    assert orjson.loads(other.creates[0].body) == {"scene": "A teapot"}


@pytest.mark.parametrize(
    ("rates", "per", "sent", "price"),
    [
        (
            "{when: {/quality: [draft]}, amount: 2}, {amount: 0.5}",
            "",
            {"quality": "final"},
            "0.5",
        ),
        ("{amount: 0.5}", "per: /frames, ", {"frames": 1}, "0.5"),
        (
            "{when: {/format: [64x64]}, amount: 0.01}, {amount: 1}",
            "",
            {"format": "64x64"},
            "0.01",
        ),
        ("{amount: 0}", "", {}, "0"),
    ],
    ids=["not the default", "the least of a number", "a value that only a rate names", "free"],
)
def test_cheapest_job_follows_from_the_price_list(
    rates: str, per: str, sent: dict[str, object], price: str
) -> None:
    document = priced(rates, per=per)
    plan = plan_check(document, key="k")
    assert plan.price == Decimal(price)
    assert create_fields(document) == {"scene": "A teapot", **sent}


def test_required_field_with_a_default_is_sent_with_its_cheapest_value() -> None:
    text = renderings_text().replace("required: [scene]", "required: [scene, quality]", 1)
    text = text.replace("A teapot, quality: draft", "A teapot, quality: final", 1)
    document = parse_document(text)
    assert plan_check(document, key="k").price == Decimal("0.05")
    assert create_fields(document) == {"scene": "A teapot", "quality": "draft"}


def test_document_without_prices_has_no_currency() -> None:
    plan = plan_check(parse_document(UNPRICED), key="k")
    assert (plan.price, plan.total, plan.currency) == (None, None, "")
    assert len(plan.creates) == 1
    probes = [probe for probe in plan.probes if probe.call.operation_id == "submitRendering"]
    assert {probe.price for probe in probes} == {None}
    assert orjson.loads(plan.creates[0].body) == {"scene": "A teapot"}


def test_price_without_a_rate_for_any_job_is_unknown() -> None:
    plan = plan_check(priced("{amount: 1}", per="per: /scene, "), key="k")
    assert (plan.price, plan.total, plan.currency) == (None, None, "EUR")
    assert orjson.loads(plan.creates[0].body) == {"scene": "A teapot"}


def test_plan_leaves_out_operations_below_the_grade(document: Document) -> None:
    plan = plan_check(document, key="k", creates=2, grade=Provenance.DOCUMENTED)
    assert {probe.call.operation_id for probe in plan.probes} == {"createVideo"}
    # A second job that cannot be polled would only cost money.
    assert (len(plan.creates), plan.total) == (1, plan.price)
    assert len(plan_check(document, key="k", creates=2).creates) == 2


@pytest.mark.parametrize("seed", [0, 1, 7, 20])
def test_every_planned_create_is_valid_and_has_the_planned_price(
    any_document: Document, seed: int
) -> None:
    service, operation = (
        JobService(any_document, clock=ManualClock(1_780_000_000)),
        find_operation(any_document, JobRole.CREATE),
    )
    plan = plan_check(any_document, key="k", creates=3, seed=seed)
    assert len(plan.creates) == 3
    for call in plan.creates:
        reply = service.answer(call)
        assert reply.status == operation.success.status
        assert check_exchange(any_document, call, reply) == ()
        price = create_price(read_exchange(any_document, call, reply, at=0))
        assert price == (plan.price, plan.currency)


def test_first_create_is_a_minimal_form_and_second_is_json_with_more_fields(
    document: Document,
) -> None:
    first, second = plan_check(document, key="k", creates=2).creates
    assert first.headers["content-type"].startswith("multipart/form-data;")
    assert sent(document, first) == {"prompt": "A lighthouse in a storm"}
    assert second.headers["content-type"] == "application/json"
    assert sent(document, second) == {
        "prompt": "à l'aube 灯 A lighthouse in a storm",
        "model": "sora-2",
        "size": "1280x720",
        "seconds": "4",
    }


def test_planned_creates_repeat_after_all_variations(document: Document) -> None:
    creates = plan_check(document, key="k", creates=5).creates
    assert creates == (creates[0], creates[1], creates[0], creates[1], creates[0])


def test_seed_varies_the_second_create_and_tags_prompts(document: Document) -> None:
    plans = [plan_check(document, key="k", creates=2, seed=seed) for seed in range(5)]
    sizes = [sent(document, plan.creates[1])["size"] for plan in plans]
    assert sizes == ["1280x720", "1024x1792", "1792x1024", "720x1280", "1280x720"]
    texts = [sent(document, call)["prompt"] for call in plans[3].creates]
    assert texts == [
        "A lighthouse in a storm (check 3)",
        "à l'aube 灯 A lighthouse in a storm (check 3)",
    ]
    reasons = {probe.reason for probe in plans[3].probes}
    assert "model is 'not-a-value-3'" in reasons
    assert plan_check(document, key="k", creates=2, seed=3) == plans[3]


@pytest.mark.parametrize(
    ("bounds", "seed", "first", "second"),
    [
        ("minLength: 1", 3, "A teapot (check 3)", "à l'aube 灯 A teapot (check 3)"),
        ("maxLength: 99", 3, "A teapot (check 3)", "à l'aube 灯 A teapot (check 3)"),
        ("maxLength: 99", 0, "A teapot", "à l'aube 灯 A teapot"),
        ("maxLength: 8", 3, "A teapot", "A teapot"),
        ("pattern: teapot", 3, "A teapot", "A teapot"),
        ("format: uri", 3, "A teapot", "A teapot"),
        ("enum: [A teapot]", 3, "A teapot", "A teapot"),
    ],
    ids=[
        "without a bound",
        "long",
        "long and without a seed",
        "short",
        "pattern",
        "format",
        "enum",
    ],
)
def test_free_text_is_varied_within_its_schema(
    bounds: str, seed: int, first: str, second: str
) -> None:
    text = renderings_text().replace(
        "scene: {type: string, minLength: 1}", f"scene: {{type: string, {bounds}}}"
    )
    document = parse_document(text)
    creates = plan_check(document, key="k", creates=2, seed=seed).creates
    assert [sent(document, call)["scene"] for call in creates] == [first, second]


def test_text_that_affects_the_price_is_not_varied() -> None:
    text = priced_text("{when: {/format: [64x64]}, amount: 0.01}, {amount: 1}")
    document = parse_document(
        text.replace("format: {type: string,", "format: {type: string, maxLength: 99,")
    )
    creates = plan_check(document, key="k", creates=2).creates
    assert [sent(document, call)["format"] for call in creates] == ["64x64", "64x64"]


def test_plan_without_creates_has_only_probes(document: Document) -> None:
    plan = plan_check(document, key="k", creates=0)
    assert (plan.creates, plan.total) == ((), Decimal(0))
    assert len(plan.probes) == len(plan_check(document, key="k").probes)


def test_plan_of_a_document_without_credentials_has_no_api_key() -> None:
    text = renderings_text().replace("security: [{key: []}]\n", "", 1)
    text = text.replace(
        "  securitySchemes:\n    key: {type: apiKey, in: header, name: X-Render-Key}\n", ""
    )
    (create,) = plan_check(parse_document(text), key="sk-of-a-client").creates
    assert create.headers == {"content-type": "application/json"}
