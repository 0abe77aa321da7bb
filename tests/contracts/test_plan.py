"""What a check is going to send: refusals first, then the cheapest job that the document allows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from aisa_testkit.contracts import check_exchange
from aisa_testkit.contracts.plan import plan_check
from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.openapi import Document, JobRole, Provenance, parse_document
from aisa_testkit.openapi.request import read_call

RENDERINGS = (Path(__file__).parents[1] / "documents" / "renderings.yaml").read_text()
RATES = """
          - when: {quality: [final]}
            amount: 1.25
          - amount: 0.05
"""
UNPRICED = RENDERINGS.replace(
    f"      x-price:\n        currency: EUR\n        rates:{RATES}", "", 1
)


def priced(rates: str, *, per: str = "") -> Document:
    """The document of renderings with another price list."""
    assert RATES in RENDERINGS
    text = RENDERINGS.replace(RATES, f"\n{rates}\n", 1)
    return parse_document(text.replace("currency: EUR", f"currency: EUR\n{per}", 1))


def create_fields(document: Document) -> dict[str, object]:
    plan = plan_check(document, key="k")
    return dict(read_call(document.by_role[JobRole.CREATE], plan.create).fields)


@pytest.fixture(params=["document", "other_document"], ids=["bundled", "other API"])
def either(request: pytest.FixtureRequest) -> Document:
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


def test_every_probe_of_a_right_server_is_refused_and_the_create_accepted(
    either: Document,
) -> None:
    service, plan = (
        JobService(either, clock=ManualClock(), strict=True),
        plan_check(either, key="k"),
    )
    for probe in plan.probes:
        reply = service.answer(probe.call)
        assert 400 <= reply.status < 500, probe.why
        assert check_exchange(either, probe.call, reply) == ()
    made = service.answer(plan.create)
    assert made.status == either.by_role[JobRole.CREATE].success.status
    assert check_exchange(either, plan.create, made) == ()


def test_the_probes_of_the_bundled_document_come_in_this_order(document: Document) -> None:
    plan = plan_check(document, key="k")
    assert [(probe.call.operation_id, probe.why) for probe in plan.probes] == [
        ("createVideo", "no key"),
        ("createVideo", "prompt is missing"),
        ("createVideo", "model is 'not-a-value'"),
        ("createVideo", "seconds is 'not-a-value'"),
        ("createVideo", "size is 'not-a-value'"),
        ("createVideo", "input_reference is no file"),
        ("getVideo", "a job that was never made"),
        ("getVideoContent", "a job that was never made"),
        ("deleteVideo", "a job that was never made"),
        ("listVideos", "limit is 101"),
        ("listVideos", "order is not-a-value"),
    ]


def test_the_probes_of_another_document_come_from_it(other_document: Document) -> None:
    plan = plan_check(other_document, key="k")
    assert [(probe.call.operation_id, probe.why) for probe in plan.probes] == [
        ("submitRendering", "no key"),
        ("submitRendering", "scene is missing"),
        ("submitRendering", "quality is 'not-a-value'"),
        ("rendering", "a job that was never made"),
        ("film", "a job that was never made"),
        ("dropRendering", "a job that was never made"),
        ("pageOfRenderings", "size is 51"),
    ]


def test_only_the_probe_without_a_key_has_none_and_only_creates_may_cost(either: Document) -> None:
    plan, header = plan_check(either, key="k"), either.credentials
    assert header is not None
    assert [p.why for p in plan.probes if header.header not in p.call.headers] == ["no key"]
    creating = either.by_role[JobRole.CREATE].id
    assert {p.price for p in plan.probes if p.call.operation_id != creating} == {Decimal(0)}
    assert all(p.price > 0 for p in plan.probes if p.call.operation_id == creating)


def test_a_document_without_credentials_is_not_probed_for_them() -> None:
    text = RENDERINGS.replace("security: [{key: []}]\n", "", 1)
    text = text.replace(
        "  securitySchemes:\n    key: {type: apiKey, in: header,", "  x-none:\n    {"
    )
    text = text.replace("  x-none:\n    { name: X-Render-Key}\n", "")
    plan = plan_check(parse_document(text), key="k")
    assert plan.probes[0].why == "scene is missing"
    assert "k" not in plan.create.headers.values()


def test_the_cheapest_job_of_both_documents_costs_this(
    document: Document, other_document: Document
) -> None:
    plan = plan_check(document, key="k", creates=2)
    assert (plan.price, plan.total, plan.currency) == (Decimal("0.40"), Decimal("0.80"), "USD")
    other = plan_check(other_document, key="k", creates=3)
    assert (other.price, other.total, other.currency) == (Decimal("0.05"), Decimal("0.15"), "EUR")
    assert orjson.loads(other.create.body) == {"scene": "A teapot"}


@pytest.mark.parametrize(
    ("rates", "per", "sent", "price"),
    [
        (
            "          - {when: {quality: [draft]}, amount: 2}\n          - amount: 0.5",
            "",
            {"quality": "final"},
            "0.5",
        ),
        ("          - amount: 0.5", "        per: frames", {"frames": 1}, "0.5"),
        (
            "          - {when: {format: [64x64]}, amount: 0.01}\n          - amount: 1",
            "",
            {"format": "64x64"},
            "0.01",
        ),
        ("          - amount: 0", "", {}, "0"),
    ],
    ids=["not the default", "the least of a number", "a value that only a rate names", "free"],
)
def test_other_price_lists_have_other_cheapest_jobs(
    rates: str, per: str, sent: dict[str, object], price: str
) -> None:
    document = priced(rates, per=per)
    plan = plan_check(document, key="k")
    assert plan.price == Decimal(price)
    assert create_fields(document) == {"scene": "A teapot", **sent}


def test_what_is_sent_is_what_was_priced_also_for_a_required_field_with_a_default() -> None:
    text = RENDERINGS.replace("required: [scene]", "required: [scene, quality]", 1)
    text = text.replace("A teapot, quality: draft", "A teapot, quality: final", 1)
    document = parse_document(text)
    assert plan_check(document, key="k").price == Decimal("0.05")
    assert create_fields(document) == {"scene": "A teapot", "quality": "draft"}


def test_a_probe_is_priced_by_what_it_asks_for_and_not_by_the_cheapest_job() -> None:
    document = priced("          - {when: {quality: [draft]}, amount: 0.05}\n          - amount: 9")
    plan = plan_check(document, key="k")
    assert plan.price == Decimal("0.05")
    assert {p.why: p.price for p in plan.probes}["quality is 'not-a-value'"] == Decimal(9)


def test_a_document_without_prices_has_a_plan_of_unknown_price() -> None:
    plan = plan_check(parse_document(UNPRICED), key="k")
    assert (plan.price, plan.currency, plan.creates) == (Decimal(0), "", 1)
    assert orjson.loads(plan.create.body) == {"scene": "A teapot"}


def test_a_plan_asks_for_nothing_that_is_known_less_well_than_its_grade(document: Document) -> None:
    plan = plan_check(document, key="k", creates=2, grade=Provenance.DOCUMENTED)
    assert {probe.call.operation_id for probe in plan.probes} == {"createVideo"}
    # A second job that nobody can follow would only cost.
    assert (plan.creates, plan.total) == (1, plan.price)
    assert plan_check(document, key="k", creates=2).creates == 2
