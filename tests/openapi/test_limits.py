"""The rate limits of a document and their rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import Document, LimitHeaders, Provenance, Tier, parse_document

Problems = Callable[..., list[tuple[str, str]]]


def test_rate_limits_match_the_vendor_page(document: Document) -> None:
    assert document.limits is not None
    assert document.limits.provenance is Provenance.VENDOR_WIDE
    assert document.limits.tiers == {
        "free": Tier(requests_per_minute=60, in_flight=3),
        "starter": Tier(requests_per_minute=600, in_flight=3),
        "growth": Tier(requests_per_minute=3000, in_flight=3),
    }


def test_rate_limit_headers_have_the_names_of_both_vendor_pages(document: Document) -> None:
    assert document.limits is not None
    assert document.limits.headers == LimitHeaders(
        limit=("x-ratelimit-limit-requests", "x-ratelimit-limit"),
        remaining=("x-ratelimit-remaining-requests", "x-ratelimit-remaining"),
        reset=("x-ratelimit-reset-requests", "x-ratelimit-reset"),
    )


def test_every_response_declares_the_rate_limit_headers(document: Document) -> None:
    assert document.limits is not None
    sent = document.limits.headers.to_headers(limit=60, remaining=59, reset=1780000060)
    answers = [
        (operation.id, response)
        for operation in document.operations.values()
        for response in operation.responses.values()
    ]
    lacking = [
        (operation, response.status, sorted(sent.keys() - {h.name for h in response.headers}))
        for operation, response in answers
        if not sent.keys() <= {header.name for header in response.headers}
    ]
    assert len(answers) > 50
    assert lacking == []


def test_rate_limits_of_another_document(other_document: Document) -> None:
    assert other_document.limits is not None
    assert other_document.limits.provenance is Provenance.DOCUMENTED
    assert other_document.limits.tiers == {
        "hobby": Tier(requests_per_minute=5, in_flight=1),
        "studio": Tier(requests_per_minute=40, in_flight=1),
    }
    assert other_document.limits.headers.to_headers(limit=5, remaining=4, reset=9) == {
        "x-allowance": "5",
        "x-allowance-left": "4",
        "x-allowance-renewed": "9",
    }


def test_undeclared_limits_are_none(changed: Callable[..., str]) -> None:
    text = changed(
        ("  answer:\n    header.X-Allowance: {allowance: limit}\n", ""),
        ("    header.X-Allowance-Left: {allowance: remaining}\n", ""),
        ("    header.X-Allowance-Renewed: {allowance: reset}\n", ""),
        ("  in_flight: 1\n", ""),
    )
    limits = parse_document(text).limits
    assert limits is not None
    assert limits.headers == LimitHeaders((), (), ())
    assert limits.headers.to_headers(limit=1, remaining=1, reset=1) == {}
    assert limits.tiers["hobby"] == Tier(requests_per_minute=5)


def test_rate_limits_are_optional(renderings: str) -> None:
    before, _, rest = renderings.partition("x-limits:\n")
    text = f"{before}paths:\n{rest.partition('paths:' + chr(10))[2]}"
    assert parse_document(text).limits is None
    # Without limits, no operation needs a response to requests beyond them.
    unlimited = text.replace("        '429': {$ref: '#/components/responses/Problem'}\n", "")
    assert parse_document(unlimited).limits is None


@pytest.mark.parametrize(
    ("old", "new", "pointer", "reason"),
    [
        ("x-limits:", "x-limit:", "/x-limit", "is not an extension; did you mean x-limits?"),
        (
            "in_flight: 1",
            "in_fligth: 1",
            "/x-limits/in_fligth",
            "is not a word of x-limits here; did you mean in_flight?",
        ),
        ("in_flight: 1", "in_flight: 0", "/x-limits/in_flight", "must be at least 1, not 0"),
        (
            "per_minute: 40",
            "per_minute: 1.5",
            "/x-limits/tiers/studio/requests_per_minute",
            "must be of type integer, at least 1, not 1.5",
        ),
        (
            "hobby: {requests_per_minute: 5}",
            "hobby: {}",
            "/x-limits/tiers/hobby/requests_per_minute",
            "is required",
        ),
        (
            "tiers: {hobby: {requests_per_minute: 5}, studio: {requests_per_minute: 40}}",
            "tiers: {}",
            "/x-limits/tiers",
            "must have at least 1 entry, not 0",
        ),
        (
            "header.X-Allowance: {allowance: limit}",
            "X-Allowance: {allowance: limit}",
            "/x-limits/answer/X-Allowance",
            "must be a header, such as header.Retry-After",
        ),
        (
            "        '416': {$ref: '#/components/responses/Problem'}\n        '429':",
            "        '416':",
            "/paths/~1renderings~1{ref}~1film/get/responses",
            "429, the response to requests beyond x-limits, is not declared",
        ),
    ],
    ids=[
        "misspelled extension",
        "misspelled key",
        "no jobs in flight",
        "fraction of a request",
        "tier without a number",
        "no tiers",
        "header without a name",
        "operation without the response",
    ],
)
def test_invalid_rate_limits_are_reported_with_their_place(
    problems_after: Problems, old: str, new: str, pointer: str, reason: str
) -> None:
    assert problems_after((old, new)) == [(pointer, reason)]


def test_tier_must_not_be_named_none(problems_after: Problems) -> None:
    ((pointer, reason),) = problems_after(("hobby:", "none:"))
    assert pointer == "/x-limits/tiers/none"
    assert "none" in reason
