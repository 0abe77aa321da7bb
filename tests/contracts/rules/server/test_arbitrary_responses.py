"""Any response can be checked, and every violation can be printed."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import (
    SERVER_RULES,
    Exchange,
    Violation,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes
from tests.support.operations import find_operation

VIDEO = (
    '{"id":"a","object":"video","model":"sora-2","status":"completed","progress":100,'
    '"created_at":1780000000,"completed_at":1780000010,"expires_at":1780086400,"prompt":"x",'
    '"size":"720x1280","seconds":"4","remixed_from_video_id":null,"error":null}'
)
TICKET = (
    '{"kind":"ticket","links":{},"job":{"ref":"a","phase":{"word":"ready","since":1780000000,'
    '"ended":1780000009,"trouble":null},"order":{"scene":"x","quality":"draft","frames":4}}}'
)
PAGES = (
    f'{{"object":"list","data":[{VIDEO},{VIDEO}],"first_id":"a","last_id":"a","has_more":true}}',
    f'{{"tickets":[{TICKET},{TICKET}],"cursor":"a"}}',
    '{"id":"a","object":"video.deleted","deleted":true}',
    '{"error":{"type":"api_error","code":"internal_error","message":"m","request_id":"r"}}',
    '{"problem":"broken","detail":"m"}',
)
DEEP = ("[" * 1000 + "]" * 1000, '{"id":' * 900 + "1" + "}" * 900)
ODD_JSON = st.sampled_from(
    [
        *("null", "true", "false", "0", "-1", "0.5", "1e308", "1e999", "-0.0", "NaN", "Infinity"),
        *(str(2**63), str(2**64), str(-(2**63)), "9" * 400, "9" * 5000),
        *('""', '"a"', '"4"', '"0"', '"queued"', '"in_progress"', '"failed"', '"waiting"'),
        *('"with_odd_values"', '"a\\u0000\\n"', '"\\ud800"', '"x"', f'"{"x" * 9000}"', "[]", "{}"),
        *('["a"]', '{"a":1}', '{"id":"a","status":"queued"}', '[{"job":{"ref":"a"}}]', *DEEP),
    ]
)
ODD_NUMBERS = {
    "another number": "99",
    "number of 5000 digits": "9" * 5000,
    "negative number": "-1",
    "fraction": "1.5",
    "empty": "",
    "digit of another script": "٣",
    "word": "x",
}
ODD_RANGES = {
    "longer than the body": "bytes 0-9/10",
    "positions reversed": "bytes 9-0/*",
    "position of 5000 digits": f"bytes 0-{'9' * 5000}/*",
    "no positions": "bytes",
    "word": "x",
}
NUMBERS, RANGES = [*ODD_NUMBERS.values()], [*ODD_RANGES.values()]


def places(data: Json, *path: str | int) -> list[tuple[str | int, ...]]:
    """The path of every value in some JSON."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    below = [(key, value) for key, value in items if isinstance(value, dict | list)]
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    return [
        *((*path, key) for key in keys),
        *(place for key, value in below for place in places(value, *path, key)),
    ]


def with_odd(text: str, odd: dict[tuple[str | int, ...], str]) -> bytes:
    """The JSON with odd texts in some places, which need not be valid JSON."""
    data, marks = orjson.loads(text), dict[bytes, bytes]()
    for number, (path, value) in enumerate(odd.items()):
        mark, at = f"odd {number}.", data
        for step in path[:-1]:
            at = {} if isinstance(at, str) or not at else at[step]
        if not isinstance(at, str):
            at[path[-1]] = mark
            marks[orjson.dumps(mark)] = value.encode()
    body: bytes = orjson.dumps(data)
    for quoted, raw in marks.items():
        body = body.replace(quoted, raw)
    return body


def with_odd_values(text: str) -> st.SearchStrategy[bytes]:
    changes = st.dictionaries(st.sampled_from(places(orjson.loads(text))), ODD_JSON, max_size=3)
    return changes.map(lambda odd: with_odd(text, odd))


JOBS = st.sampled_from([VIDEO, TICKET, *PAGES]).flatmap(with_odd_values)
BODIES = JOBS | JOBS | ODD_JSON.map(str.encode) | st.binary(max_size=40)
MEDIA_TYPES = ("application/json", "application/json; x", "video/mp4", "image/webp", "\0", "")
REPLY_HEADERS = st.fixed_dictionaries(
    {"content-type": st.sampled_from(["application/json"] * 5 + [*MEDIA_TYPES])},
    optional={
        "content-length": st.sampled_from(NUMBERS),
        "content-range": st.sampled_from(RANGES),
        "retry-after": st.sampled_from(NUMBERS),
        "openai-poll-after-ms": st.sampled_from(NUMBERS),
    },
)
STATUSES = st.sampled_from([200] * 4 + [202, 204, 206, 304, 400, 404, 500]) | st.integers(0, 999)
REPLIES = st.builds(Reply, STATUSES, REPLY_HEADERS, BODIES)
REQUESTS = st.sampled_from([b"", b"{", b'{"prompt":"x","scene":"x"}', b'{"seconds":4,"frames":[]}'])
CALL_HEADERS = st.fixed_dictionaries(
    {"content-type": st.just("application/json")},
    optional={
        "authorization": st.just("Bearer k"),
        "x-render-key": st.just("k"),
        "range": st.sampled_from(["bytes=0-9", "bytes=-1", f"bytes={'9' * 5000}-", "bytes=-", "x"]),
    },
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["limit", "size", "after", "cursor", "order", "variant"]),
        st.sampled_from(["1", "0", "a", "asc", "thumbnail", "9" * 5000]),
    ),
    max_size=2,
).map(tuple)
MOMENTS = st.sampled_from([0.0, 1780000000.0, 1780086401.0, 1e12])


def exchanges(document: Document) -> st.SearchStrategy[Exchange]:
    calls = st.sampled_from([*document.operations.values()]).flatmap(
        lambda operation: st.builds(
            Call,
            st.just(operation.id),
            st.just({"id": "a"} if operation.template.parameters else {}),
            QUERIES,
            CALL_HEADERS,
            REQUESTS,
        )
    )
    return st.builds(
        lambda call, reply, at: read_exchange(document, call, reply, at=at),
        calls,
        st.none() | REPLIES,
        MOMENTS,
    )


def assert_valid(violations: tuple[Violation, ...], numbers: int) -> None:
    for violation in violations:
        assert SERVER_RULES[violation.code] is violation.rule
        assert set(violation.numbers) <= {*range(1, numbers + 1)}
        assert str(violation).startswith(f"{violation.code} {violation.title}\n  request ")


@given(data=st.data())
def test_any_response_can_be_checked_and_reported(
    any_document: Document, data: st.DataObject
) -> None:
    history = data.draw(st.lists(exchanges(any_document), max_size=5))
    for exchange in history:
        if exchange.reply is not None:
            assert_valid(check_exchange(any_document, exchange.call, exchange.reply), 1)
    assert_valid(check_history(any_document, history, timeout=1), len(history))


@pytest.mark.parametrize("odd", NUMBERS, ids=ODD_NUMBERS)
@pytest.mark.parametrize("name", ["content-length", "retry-after"])
def test_response_with_an_invalid_number_in_a_header_can_be_checked(
    document: Document, name: str, odd: str
) -> None:
    call = Call("getVideo", {"id": "a"}, (), {"authorization": "Bearer k"})
    reply = Reply(429, {"content-type": "application/json", name: odd}, PAGES[3].encode())
    assert_valid(check_exchange(document, call, reply), 1)


@pytest.mark.parametrize("content_range", RANGES, ids=ODD_RANGES)
def test_invalid_content_range_is_reported(document: Document, content_range: str) -> None:
    key = {"authorization": "Bearer k", "range": "bytes=0-9"}
    history = [
        read_exchange(document, Call(name, {"video_id": "a"}, (), key), reply, at=1780000000)
        for name, reply in (
            ("getVideo", Reply(200, {"content-type": "application/json"}, VIDEO.encode())),
            (
                "getVideoContent",
                Reply(206, {"content-type": "video/mp4", "content-range": content_range}),
            ),
        )
    ]
    violations = check_history(document, history)
    assert_valid(violations, 2)
    assert codes(violations) == ["AV227"]


@pytest.mark.parametrize("deep", DEEP, ids=["lists", "objects"])
def test_deeply_nested_response_can_be_checked(any_document: Document, deep: str) -> None:
    text = VIDEO if "getVideo" in any_document.operations else TICKET
    name = find_operation(any_document, JobRole.POLL).id
    whole = Reply(200, {"content-type": "application/json"}, text.encode())
    for place in places(orjson.loads(text)):
        first, last = (
            Reply(200, whole.headers, with_odd(text, {place: value}))
            for value in (deep, deep.replace("1", "2").replace("[]", "[0]"))
        )
        history = [
            read_exchange(
                any_document,
                Call(name, {"id": "a", "video_id": "a", "ref": "a"}),
                reply,
                at=1780000000,
            )
            for reply in (first, last, whole, first)
        ]
        assert_valid(check_exchange(any_document, history[0].call, first), 1)
        assert_valid(check_history(any_document, history, timeout=1), 4)
