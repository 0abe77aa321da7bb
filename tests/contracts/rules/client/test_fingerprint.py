"""Equal and different requests, as the rules for retries and duplicates compare them."""

from __future__ import annotations

from copy import deepcopy

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from tests.support.client_codes import client_codes


def create(
    document: Document,
    *,
    body: bytes = b'{"prompt":"x"}',
    headers: dict[str, str] | None = None,
    reply: Reply | None = None,
) -> Exchange:
    sent = {"authorization": "Bearer k", "content-type": "application/json", **(headers or {})}
    return read_exchange(document, Call("createVideo", {}, (), sent, body), reply, at=0)


def form(*parts: tuple[str, bytes], boundary: str = "b") -> tuple[dict[str, str], bytes]:
    """The headers and the body of a multipart form; parts that begin like an image are files."""
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b'; filename="a"' if content[:1] in b"\x89G" else b"")
        + b"\r\n\r\n"
        + content
        + b"\r\n"
        for name, content in parts
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return headers, body + f"--{boundary}--\r\n".encode()


PROMPT, PNG, GIF = ("prompt", b"x"), b"\x89PNG\r\n\x1a\n", b"GIF89a"
IMAGE = "input_reference"
CHANGES = {
    "prompt": (({}, b'{"prompt":"x"}'), ({}, b'{"prompt":"y"}')),
    "API key": (({}, b"{}"), ({"authorization": "Bearer other"}, b"{}")),
    "media type": (({"content-type": "text/plain"}, b"{}"), ({}, b"{}")),
    "image": (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG + b"1"))),
    "unsupported image": (
        form(PROMPT, (IMAGE, GIF)),
        form(PROMPT, (IMAGE, GIF + b"1")),
    ),
    "unsupported image removed": (form(PROMPT, (IMAGE, GIF)), form(PROMPT)),
    "image in JSON removed": (
        ({}, b'{"prompt":"x","input_reference":"a"}'),
        ({}, b'{"prompt":"x"}'),
    ),
    "repeated field": (form(PROMPT, PROMPT), form(PROMPT)),
    "unknown field removed": (({}, b'{"prompt":"x","fps":1}'), ({}, b'{"prompt":"x"}')),
    "malformed JSON": (({}, b"{"), ({}, b"{{")),
}
HeadersAndBody = tuple[dict[str, str], bytes]


@pytest.mark.parametrize(("first", "second"), CHANGES.values(), ids=CHANGES)
def test_changed_request_is_not_a_retry(
    document: Document, first: HeadersAndBody, second: HeadersAndBody
) -> None:
    history = [
        create(document, headers=headers, body=body, reply=Reply(status))
        for (headers, body), status in ((first, 422), (second, 200))
    ]
    assert "AV716" not in {v.code for v in check_client(document, history)}


@pytest.mark.parametrize(
    "requests",
    [
        [({}, b'{"prompt":"x"}')] * 2,
        [({}, b"{")] * 2,
        [form(PROMPT, (IMAGE, GIF))] * 2,
        [form(PROMPT, (IMAGE, PNG), boundary=boundary) for boundary in ("b1", "b2")],
        [({"user-agent": agent}, b'{"prompt":"x"}') for agent in ("a", "b")],
    ],
    ids=[
        "JSON",
        "malformed JSON",
        "unsupported image",
        "form with a new boundary",
        "other headers",
    ],
)
def test_equal_request_is_a_retry(document: Document, requests: list[HeadersAndBody]) -> None:
    history = [
        create(document, headers=headers, body=body, reply=Reply(422)) for headers, body in requests
    ]
    assert "AV716 2" in client_codes(document, history)


def test_documented_header_makes_a_different_request(other_document: Document) -> None:
    data = deepcopy(other_document.source.data)
    tenant = {"name": "X-Tenant", "in": "header", "schema": {"type": "string"}}
    data["paths"]["/renderings"]["post"]["parameters"] = [tenant]
    document = parse_document(orjson.dumps(data).decode())
    headers = {"x-render-key": "k", "content-type": "application/json"}
    history = [
        read_exchange(
            document,
            Call("submitRendering", {}, (), {**headers, "x-tenant": name}, b'{"scene":"x"}'),
            Reply(400),
            at=0,
        )
        for name in ("a", "b", "a")
    ]
    assert client_codes(document, history) == ["AV716 3"]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("limit=1", "limit=2", 404), ("bytes=9-", "bytes=0-", 416)],
    ids=["query", "range"],
)
def test_query_and_range_make_a_different_request(
    document: Document, first: str, second: str, status: int
) -> None:
    def list_part(part: str) -> Exchange:
        name, _, value = part.partition("=")
        headers = {"authorization": "Bearer k", "range": part if name == "bytes" else ""}
        query = ((name, value),) if name == "limit" else ()
        return read_exchange(document, Call("listVideos", {}, query, headers), Reply(status), at=0)

    assert client_codes(document, [list_part(first), list_part(second)]) == []
    assert client_codes(document, [list_part(first), list_part(second), list_part(first)]) == [
        "AV716 3"
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG), boundary="c"), ["AV715 1 2"]),
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG + b"1")), []),
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT), []),
        (({}, b'{"prompt":"x"}'), ({"authorization": "Bearer other"}, b'{"prompt":"x"}'), []),
    ],
    ids=["same image", "other image", "no image", "other API key"],
)
def test_only_an_equal_request_creates_a_duplicate(
    document: Document, first: HeadersAndBody, second: HeadersAndBody, expected: list[str]
) -> None:
    history = [
        create(
            document,
            headers=headers,
            body=body,
            reply=Reply(200, {"content-type": "application/json"}, job),
        )
        for (headers, body), job in (
            (first, b'{"id":"a","status":"queued"}'),
            (second, b'{"id":"b","status":"queued"}'),
        )
    ]
    assert [code for code in client_codes(document, history) if code[:5] == "AV715"] == expected
