"""The invalid requests of a check."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.check.field_values import example_value
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.probes import Probe
from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.traffic.credentials import credential_problem
from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.openapi import Document, JobRole, Reply, parse_document
from tests.support.documents import renderings_text
from tests.support.operations import find_operation

SCENE = "scene: {type: string, minLength: 1}"


def probes(document: Document, *, seed: int = 0) -> dict[tuple[str, str], Probe]:
    plan = plan_check(document, key="sk-of-a-client", seed=seed)
    found = {(probe.call.operation_id, probe.reason): probe for probe in plan.probes}
    assert len(found) == len(plan.probes)
    return found


def test_probes_of_the_bundled_document(document: Document) -> None:
    assert [*probes(document)] == [
        ("getVideo", "an unknown job id"),
        ("getVideoContent", "an unknown job id"),
        ("deleteVideo", "an unknown job id"),
        ("listVideos", "limit is not-a-value"),
        ("listVideos", "limit is -1"),
        ("listVideos", "limit is 101"),
        ("listVideos", "order is not-a-value"),
        ("listVideos", "no API key"),
        ("listVideos", "an unknown API key"),
        ("listVideos", "authorization with another scheme"),
        ("listVideos", "authorization with no API key in it"),
        ("createVideo", "no API key"),
        ("createVideo", "prompt is missing"),
        ("createVideo", "prompt is empty"),
        ("createVideo", "prompt is too long"),
        ("createVideo", "model is 'not-a-value'"),
        ("createVideo", "seconds is 'not-a-value'"),
        ("createVideo", "size is 'not-a-value'"),
        ("createVideo", "input_reference is not a file"),
        ("createVideo", "input_reference is a file of an unknown type"),
        ("createVideo", "the body is text/plain"),
        ("createVideo", "the JSON is truncated"),
        ("createVideo", "prompt is a number"),
    ]


def test_probes_of_another_document(other_document: Document) -> None:
    assert [*probes(other_document)] == [
        ("rendering", "an unknown job id"),
        ("film", "an unknown job id"),
        ("dropRendering", "an unknown job id"),
        ("pageOfRenderings", "size is not-a-value"),
        ("pageOfRenderings", "size is 0"),
        ("pageOfRenderings", "size is 51"),
        ("pageOfRenderings", "no API key"),
        ("pageOfRenderings", "an unknown API key"),
        ("submitRendering", "no API key"),
        ("submitRendering", "scene is missing"),
        ("submitRendering", "scene is empty"),
        ("submitRendering", "quality is 'not-a-value'"),
        ("submitRendering", "the body is text/plain"),
        ("submitRendering", "the JSON is truncated"),
        ("submitRendering", "scene is a number"),
    ]


@pytest.mark.parametrize("seed", [0, 1, 20])
def test_conforming_server_rejects_every_probe_without_violations(
    any_document: Document, seed: int
) -> None:
    service = JobService(
        any_document, clock=ManualClock(1_780_000_000), strict=True, api_keys=["sk-of-a-client"]
    )
    for (_, reason), probe in probes(any_document, seed=seed).items():
        reply = service.answer(probe.call)
        assert 400 <= reply.status < 500, reason
        violations = CheckPolicy().violations(
            any_document, [read_exchange(any_document, probe.call, reply, at=0)]
        )
        assert violations == (), reason


def test_accepted_probe_is_a_violation(any_document: Document) -> None:
    for (_, reason), probe in probes(any_document).items():
        success = any_document.operations[probe.call.operation_id].success.status
        accepted = read_exchange(any_document, probe.call, Reply(success), at=0)
        codes = {v.code for v in CheckPolicy().violations(any_document, [accepted])}
        known = {"AV110", "AV111", "AV219"} & codes
        assert known or reason.endswith("is a file of an unknown type"), reason


def test_each_probe_is_invalid_for_one_reason(any_document: Document) -> None:
    for (_, reason), probe in probes(any_document).items():
        exchange = read_exchange(any_document, probe.call, None, at=0)
        problems = {problem.parameter for problem in exchange.arguments.problems}
        assert len(problems) <= 1, reason
        assert not (problems and credential_problem(any_document, exchange)), reason


def test_only_probes_of_api_keys_lack_the_key(any_document: Document) -> None:
    header = any_document.credentials.header if any_document.credentials else ""
    about_keys = {"no API key", "an unknown API key", f"{header} with no API key in it"}
    for (_, reason), probe in probes(any_document).items():
        has = "sk-of-a-client" in probe.call.headers.get(header, "")
        assert has is (reason not in about_keys), reason


def test_only_probes_of_creates_have_a_price(any_document: Document) -> None:
    creating = find_operation(any_document, JobRole.CREATE).id
    free = {p.price for p in probes(any_document).values() if p.call.operation_id != creating}
    assert free == {Decimal(0)}
    assert all(
        p.price and p.price > 0
        for p in probes(any_document).values()
        if p.call.operation_id == creating
    )


def test_probe_of_a_missing_field_is_not_an_empty_form(document: Document) -> None:
    """An empty form is invalid for another reason."""
    probe = probes(document)["createVideo", "prompt is missing"]
    fields = read_exchange(document, probe.call, None, at=0).fields
    assert fields
    assert "prompt" not in fields


def test_too_long_text_exceeds_max_length_by_one(document: Document) -> None:
    body = document.operations["createVideo"].bodies["application/json"]
    call = probes(document)["createVideo", "prompt is too long"].call
    text = read_exchange(document, call, None, at=0).fields["prompt"]
    assert len(str(text)) == body.properties["prompt"]["maxLength"] + 1


def test_texts_without_length_limits_have_no_length_probes() -> None:
    reasons = {
        reason
        for _, reason in probes(
            parse_document(renderings_text().replace(SCENE, "scene: {type: string}"))
        )
    }
    assert not {"scene is empty", "scene is too long"} & reasons


def test_required_number_has_no_type_probe() -> None:
    text = renderings_text().replace("required: [scene]", "required: [scene, frames]", 1)
    reasons = {reason for _, reason in probes(parse_document(text))}
    assert {"frames is missing", "scene is a number"} <= reasons
    assert "frames is a number" not in reasons


def test_truncated_json_and_plain_text_probes_have_valid_fields(any_document: Document) -> None:
    creating = find_operation(any_document, JobRole.CREATE).id
    plain = probes(any_document)[creating, "the body is text/plain"].call
    cut = probes(any_document)[creating, "the JSON is truncated"].call
    assert plain.headers["content-type"] == "text/plain"
    assert cut.body == plain.body[:-1]
    mended = replace(cut, body=plain.body)
    assert read_exchange(any_document, mended, None, at=0).arguments.problems == ()


def test_document_without_credentials_has_no_api_key_probes() -> None:
    text = renderings_text().replace("security: [{key: []}]\n", "", 1)
    text = text.replace(
        "  securitySchemes:\n    key: {type: apiKey, in: header, name: X-Render-Key}\n", ""
    )
    document = parse_document(text)
    assert not {"no API key", "an unknown API key"} & {reason for _, reason in probes(document)}
    assert all("sk-of" not in str(p.call.headers) for p in probes(document).values())


def test_probe_price_is_the_price_of_its_fields() -> None:
    rates = "[{when: {/quality: [final]}, amount: 1.25}, {amount: 0.05}]"
    dear = "[{when: {/quality: [draft]}, amount: 0.05}, {amount: 9}]"
    document = parse_document(renderings_text().replace(rates, dear, 1))
    prices = {reason: probe.price for (_, reason), probe in probes(document).items()}
    assert prices["quality is 'not-a-value'"] == Decimal(9)
    assert prices["scene is empty"] == Decimal("0.05")


def test_invalid_multiplier_has_the_price_of_the_cheapest_job() -> None:
    document = parse_document(
        renderings_text()
        .replace("currency: EUR", "currency: EUR, per: /frames", 1)
        .replace(
            "frames: {type: integer, minimum: 1, maximum: 100, default: 4}",
            "frames: {type: integer, enum: [2, 4], default: 4}",
            1,
        )
    )
    prices = {reason: probe.price for (_, reason), probe in probes(document).items()}
    assert prices["frames is 'not-a-value'"] == Decimal("0.10")


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{type: string}", "x"),
        ("{type: string, minLength: 3}", "xxx"),
        ("{type: string, enum: [b, a]}", "b"),
        ("{type: string, default: d}", "d"),
        ("{type: integer}", 1),
        ("{type: integer, minimum: 7}", 7),
        ("{type: number, minimum: 0.5}", 0.5),
    ],
    ids=str,
)
def test_field_without_an_example_has_the_smallest_allowed_value(
    schema: str, expected: object
) -> None:
    text = renderings_text().replace(
        "        scene: {type: string, minLength: 1}", f"        look: {schema}\n        {SCENE}", 1
    )
    body = find_operation(parse_document(text), JobRole.CREATE).bodies["application/json"]
    assert example_value(body, ("look",)) == expected
    assert example_value(body, ("scene",)) == "A teapot"
