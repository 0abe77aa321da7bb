"""Keys are taken out of exchanges, wherever they stand, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, check_server, read_exchange
from aisa_testkit.contracts.traffic.redaction import Redaction
from aisa_testkit.openapi import Call, Document, JobRole, Reply, load_document

KEY = "sk-live-3cr3t"
DOCUMENT = load_document()


def exchange(reply: Reply | None = None, **call: object) -> Exchange:
    defaults: dict[str, object] = {"headers": {"authorization": f"Bearer {KEY}"}}
    operation = DOCUMENT.by_role[JobRole.LIST].id
    asked = Call(operation, **{**defaults, **call})  # type: ignore[arg-type] # by name
    return read_exchange(DOCUMENT, asked, reply, at=1.0)


def clean(exchange: Exchange) -> Exchange:
    return Redaction(DOCUMENT, keys=[KEY]).redact(exchange)


def test_a_header_keeps_its_scheme_alone() -> None:
    (value,) = clean(exchange()).headers.values()
    assert value.startswith("Bearer ")
    assert KEY not in value


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic", KEY, f"bearer  {KEY} {KEY}"])
def test_a_key_that_is_missing_or_malformed_stays_so(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    before = exchange(Reply(200), headers=headers)
    credentials = DOCUMENT.credentials
    assert credentials is not None
    told = credentials.key(before.headers), credentials.key(clean(before).headers)
    assert isinstance(told[0], str) is isinstance(told[1], str)
    assert KEY not in repr(clean(before))


def test_the_mask_in_a_body_is_as_long_as_the_key() -> None:
    for key in (KEY, "sk-1", "k" * 100):
        body = f'{{"message":"{key} is wrong"}}'.encode()
        redacted = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(400, {}, body)))
        assert redacted.reply is not None
        assert len(redacted.reply.body) == len(body)
        assert key.encode() not in redacted.reply.body


def test_a_body_that_is_json_stays_json() -> None:
    for key in (KEY, 'a"b\\c"d', "ключ-ключ"):
        body = orjson.dumps({"message": key, key: [key]})
        redacted = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(400, {}, body)))
        assert redacted.reply is not None
        assert key not in repr(orjson.loads(redacted.reply.body))


def test_the_longest_of_two_keys_goes_first() -> None:
    redaction = Redaction(DOCUMENT, keys=["sk-live", "sk-live-longer"])
    assert "longer" not in redaction.redact_text("sk-live-longer")
    assert "sk-live" not in redaction.redact_text("sk-live")


def test_a_key_is_learnt_from_any_header_that_holds_one() -> None:
    names = ("authorization", "proxy-authorization", "x-api-key", "api-key")
    for name in names:
        redaction = Redaction(DOCUMENT)
        redaction.add_keys_from({name: "other-k3y"})
        assert "other-k3y" not in redaction.redact_text("no other-k3y here")


def test_words_before_a_key_and_short_words_are_no_keys() -> None:
    redaction = Redaction(DOCUMENT)
    redaction.add_keys_from({"authorization": "Bearer abc", "x-api-key": "Basic"})
    assert redaction.redact_text("Bearer abc Basic") == "Bearer abc Basic"


def test_keys_in_queries_paths_and_percent_signs_are_taken_out() -> None:
    key = "sk/live+3cr3t="
    redaction = Redaction(DOCUMENT, keys=[key])
    query = (("key", "s3cret"), ("after", key), ("limit", "5"))
    told = redaction.redact(exchange(query=query, path_parameters={"video_id": key}))
    assert "s3cret" not in repr(told)
    assert key not in repr(told)
    assert told.query["limit"] == "5"
    assert quote(key, safe="") not in redaction.redact_text(f"/a?b={quote(key, safe='')}")


@pytest.mark.parametrize("length", [512, 513, 100_000], ids=["long", "longer", "without end"])
def test_a_key_that_is_very_long_is_taken_out(length: int) -> None:
    key = "k1" * (length // 2) + "-" * (length % 2)
    redaction = Redaction(DOCUMENT, keys=["sk-live", key])
    told = redaction.redact_text(f'50 %, \\" {key} and sk%2dlive')
    assert len(told) == len(f'50 %, \\" {key} and sk%2dlive')
    assert "k1k1" not in told
    assert "live" not in told


def test_one_key_of_very_many_is_taken_out_however_it_is_spelt() -> None:
    keys = [f"sk-tenant-{number:05}-of-this-server" for number in range(2000)]
    redaction = Redaction(DOCUMENT)
    redaction.add_keys_from(*({"authorization": f"Bearer {key}"} for key in keys))
    for key in (keys[0], keys[999], keys[-1]):
        for spelt in (key, quote(key).replace("-", "%2D"), key.replace("-", "&#45;")):
            assert redaction.redact_text(f'50 % of \\"{spelt}\\"').startswith(
                '50 % of \\"[*key*]**'
            )
    assert redaction.redact_text(r"50 % of \"sk-tenant\"") == r"50 % of \"sk-tenant\""


def test_cookies_are_taken_out_both_ways() -> None:
    reply = Reply(200, {"set-cookie": "session=c00kie; Path=/"})
    told = clean(exchange(reply, headers={"cookie": "session=c00kie"}))
    assert "c00kie" not in repr(told)


def test_an_id_that_holds_the_key_is_one_and_the_same_in_a_path_and_in_a_body() -> None:
    retrieve = DOCUMENT.by_role[JobRole.RETRIEVE].id
    call = Call(retrieve, {"video_id": f"video_{KEY}"})
    reply = Reply(200, {}, orjson.dumps({"id": f"video_{KEY}"}))
    told = clean(read_exchange(DOCUMENT, call, reply, at=0.0))
    assert told.reply is not None
    assert orjson.loads(told.reply.body)["id"] == told.job_id


def test_what_holds_no_key_is_left_as_it_is(
    play: Callable[[Document, str], list[Exchange]],
) -> None:
    history = play(DOCUMENT, "create, poll, wait, poll, content, list, drop, poll")
    redaction = Redaction(DOCUMENT, keys=[KEY])
    told = [redaction.redact(e) for e in history]
    assert [e.reply for e in told] == [e.reply for e in history]
    assert [replace(e.call, headers={}) for e in told] == [
        replace(e.call, headers={}) for e in history
    ]
    assert check_server(DOCUMENT, told) == check_server(DOCUMENT, history)


@given(
    st.binary(), st.binary(), st.text("abcXYZ019-_.", min_size=12).filter(lambda k: k.strip("*"))
)
def test_no_bytes_around_a_key_keep_it(before: bytes, after: bytes, key: str) -> None:
    body = before + key.encode() + after
    told = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(200, {}, body), headers={}))
    assert told.reply is not None
    assert len(told.reply.body) == len(body)
    assert key.encode() not in told.reply.body
