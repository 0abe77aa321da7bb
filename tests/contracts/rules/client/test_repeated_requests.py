"""Which requests are the same again: to send one anew is only sometimes a fault."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply, parse_document


def codes(document: Document, history: Iterable[Exchange]) -> list[str]:
    """The codes, with the numbers of the requests: `AV716 2 3`."""
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_client(document, history)]


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
    """The headers and the body of a form; a part is a file if its bytes begin as one."""
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
OTHER_REQUESTS = {
    "another prompt": (({}, b'{"prompt":"x"}'), ({}, b'{"prompt":"y"}')),
    "another key": (({}, b"{}"), ({"authorization": "Bearer other"}, b"{}")),
    "another media type": (({"content-type": "text/plain"}, b"{}"), ({}, b"{}")),
    "another image": (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG + b"1"))),
    "another image of a wrong type": (
        form(PROMPT, (IMAGE, GIF)),
        form(PROMPT, (IMAGE, GIF + b"1")),
    ),
    "an image of a wrong type left out": (form(PROMPT, (IMAGE, GIF)), form(PROMPT)),
    "an image as JSON left out": (
        ({}, b'{"prompt":"x","input_reference":"a"}'),
        ({}, b'{"prompt":"x"}'),
    ),
    "a field sent twice, then once": (form(PROMPT, PROMPT), form(PROMPT)),
    "an unknown field left out": (({}, b'{"prompt":"x","fps":1}'), ({}, b'{"prompt":"x"}')),
    "another body that is no JSON": (({}, b"{"), ({}, b"{{")),
}
Sent = tuple[dict[str, str], bytes]


@pytest.mark.parametrize(("first", "second"), OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
def test_a_refused_request_that_was_changed_is_another(
    document: Document, first: Sent, second: Sent
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
    ids=["JSON", "no JSON", "a wrong image", "a form with a new boundary", "headers of no meaning"],
)
def test_a_refused_request_is_known_again(document: Document, requests: list[Sent]) -> None:
    history = [
        create(document, headers=headers, body=body, reply=Reply(422)) for headers, body in requests
    ]
    assert "AV716 2" in codes(document, history)


def test_a_header_of_the_document_makes_another_request(other_document: Document) -> None:
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
    assert codes(document, history) == ["AV716 3"]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("limit=1", "limit=2", 404), ("bytes=9-", "bytes=0-", 416)],
    ids=["the query", "the range"],
)
def test_what_part_is_asked_for_makes_another_request(
    document: Document, first: str, second: str, status: int
) -> None:
    def ask(part: str) -> Exchange:
        name, _, value = part.partition("=")
        headers = {"authorization": "Bearer k", "range": part if name == "bytes" else ""}
        query = ((name, value),) if name == "limit" else ()
        return read_exchange(document, Call("listVideos", {}, query, headers), Reply(status), at=0)

    assert codes(document, [ask(first), ask(second)]) == []
    assert codes(document, [ask(first), ask(second), ask(first)]) == ["AV716 3"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG), boundary="c"), ["AV715 1 2"]),
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT, (IMAGE, PNG + b"1")), []),
        (form(PROMPT, (IMAGE, PNG)), form(PROMPT), []),
        (({}, b'{"prompt":"x"}'), ({"authorization": "Bearer other"}, b'{"prompt":"x"}'), []),
    ],
    ids=["the same image", "another image", "no image", "for somebody else"],
)
def test_a_job_is_made_twice_only_by_the_same_request(
    document: Document, first: Sent, second: Sent, expected: list[str]
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
    assert [code for code in codes(document, history) if code[:5] == "AV715"] == expected
