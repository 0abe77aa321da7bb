"""Comparison of requests with recorded requests, and the message for a near miss."""

from __future__ import annotations

from aisa_testkit.contracts.traffic.matching import RequestMatcher, matcher_for, near_miss
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.openapi import Call, Document, JobRole
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.operation import FORM, JSON
from tests.support.exchanges import exchange_of, make_exchange
from tests.support.operations import find_operation


def create(document: Document, media_type: str = JSON, **fields: Json) -> RequestMatcher:
    operation = find_operation(document, JobRole.CREATE)
    call = build_call(document, operation, fields, key="sk-of-a-client", media_type=media_type)
    return matcher_for(document, exchange_of(document, call))


def download(
    document: Document, *, key: str | None = "k", range_: str | None = None
) -> RequestMatcher:
    headers = {"range": range_} if range_ else None
    exchange = make_exchange(document, JobRole.RESULT, None, key=key, headers=headers)
    return matcher_for(document, exchange)


def test_json_and_multipart_request_with_the_same_fields_are_equal(document: Document) -> None:
    assert create(document, JSON, prompt="A bay") == create(document, FORM, prompt="A bay")


def test_files_are_compared_by_their_content(document: Document) -> None:
    first = create(document, FORM, prompt="x", input_reference=b"\x89PNG\r\n\x1a\n1")
    second = create(document, FORM, prompt="x", input_reference=b"\x89PNG\r\n\x1a\n2")
    assert first.differences(first) == []
    assert first.differences(second) == ["input_reference"]


def test_range_and_missing_api_key_are_compared(document: Document) -> None:
    request = download(document)
    assert request == download(document, key="another")
    assert request.differences(download(document, range_="bytes=0-9")) == ["Range"]
    assert request.differences(download(document, key=None)) == ["the API key"]


def test_near_miss_names_the_first_difference_from_the_nearest_request(document: Document) -> None:
    request = create(document, prompt="A pier", seconds="12")
    recorded = [
        create(document, prompt="A bay", seconds="8"),
        create(document, prompt="A pier", seconds="8"),
    ]
    assert near_miss(request, recorded) == "seconds is '12', but '8' in the recording"
    assert near_miss(request, recorded[:1]) == (
        "prompt is 'A pier', but 'A bay' in the recording; 1 more difference"
    )


def test_near_miss_names_errors_of_an_invalid_request(document: Document) -> None:
    message = near_miss(create(document, prompt=""), [create(document, prompt="A bay")])
    assert message.startswith("prompt is '', but 'A bay' in the recording")
    assert create(document, prompt="").facts["the error in prompt"].startswith("'prompt: must")


def test_near_miss_without_a_similar_recorded_request(document: Document) -> None:
    request = create(document, prompt="A pier")
    assert near_miss(request, []) == "it has no createVideo"
    assert near_miss(request, [request]) == "it has no further createVideo with these values"


def test_unknown_fields_are_compared_by_name(document: Document) -> None:
    call = Call("createVideo", {}, (), {"content-type": JSON}, b'{"prompt":"x","fps":30}')
    matcher = matcher_for(document, exchange_of(document, call))
    assert matcher.facts["fps"] == "an unknown field"
