"""Any traffic can be checked by the rules for clients."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import CLIENT_RULES, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

JOBS: tuple[Json, ...] = (
    {"id": "a", "status": "queued"},
    {"id": "a", "status": "failed"},
    {"data": [{"id": "b", "status": "completed"}, 7, {"id": [], "status": {}}]},
    {"job": {"ref": "a", "phase": {"word": "ready"}}},
    {"tickets": [{"job": {"ref": "b", "phase": None}}, {"job": {"ref": "b"}}]},
)
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="a"\r\n\r\nGIF89a\r\n'
    b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--b--\r\n'
)
TEXT = st.text(max_size=8)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.sampled_from(["Bearer k", "Basic k"]) | TEXT,
        "content-type": TEXT
        | st.sampled_from(["application/json", "multipart/form-data; boundary=b"]),
        "range": TEXT,
    },
)
BODIES = (
    st.binary(max_size=20)
    | st.sampled_from([FORM, *map(orjson.dumps, [{"prompt": "x"}, {"scene": "x"}, {}, *JOBS])])
    | st.recursive(
        st.none() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | TEXT,
        lambda below: st.lists(below) | st.dictionaries(TEXT | st.just("prompt"), below),
        max_leaves=5,
    ).map(orjson.dumps)
)
NAMES = st.sampled_from(["limit", "order", "size", "variant"])
REPLIES = st.none() | st.builds(
    Reply,
    st.sampled_from([200, 202, 204, 400, 401, 404, 409, 429, 500]) | st.integers(100, 599),
    HEADERS,
    BODIES,
)


@given(data=st.data())
def test_any_traffic_can_be_checked_and_reported(
    any_document: Document, data: st.DataObject
) -> None:
    ids = st.fixed_dictionaries({"job": st.sampled_from("ab") | TEXT})
    calls = st.sampled_from([*any_document.operations.values()]).flatmap(
        lambda operation: st.builds(
            Call,
            st.just(operation.id),
            ids if operation.template.parameters else st.just({}),
            st.lists(st.tuples(NAMES | TEXT, TEXT), max_size=3).map(tuple),
            HEADERS,
            BODIES,
        )
    )
    exchanges = st.builds(
        lambda call, reply: read_exchange(any_document, call, reply, at=0), calls, REPLIES
    )
    unmatched = st.builds(UnmatchedRequest, TEXT, TEXT, st.none() | TEXT)
    history = data.draw(st.lists(exchanges | unmatched, max_size=8))
    violations = check_client(any_document, history)
    assert [v.numbers for v in violations] == sorted(v.numbers for v in violations)
    for violation in violations:
        assert CLIENT_RULES[violation.code] is violation.rule
        assert [*violation.numbers] == sorted({*violation.numbers} & {*range(1, len(history) + 1)})
        assert str(violation).startswith(f"{violation.code} {violation.title}\n  request ")
