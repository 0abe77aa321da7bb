"""API keys are redacted everywhere in exchanges, and nothing else is."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, check_server, read_exchange
from aisa_testkit.contracts.traffic.redaction import KEY_MASK, Redaction
from aisa_testkit.openapi import Call, JobRole, Reply, load_document
from aisa_testkit.openapi.request_key import read_key
from tests.support.operations import find_operation
from tests.support.scripted_client import exchanges_of_script

KEY = "sk-live/3cr3t+>>>~~~"
DOCUMENT = load_document()


def exchange(reply: Reply | None = None, **call: object) -> Exchange:
    defaults: dict[str, object] = {"headers": {"authorization": f"Bearer {KEY}"}}
    operation = find_operation(DOCUMENT, JobRole.LIST).id
    sent = Call(operation, **{**defaults, **call})  # type: ignore[arg-type] # by name
    return read_exchange(DOCUMENT, sent, reply, at=1.0)


def redacted(exchange: Exchange) -> Exchange:
    return Redaction(DOCUMENT, keys=[KEY]).redact(exchange)


def test_scheme_of_a_header_is_kept() -> None:
    (value,) = redacted(exchange()).headers.values()
    assert value.startswith("Bearer ")
    assert KEY not in value


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic", KEY, f"bearer  {KEY} {KEY}"])
def test_missing_or_malformed_api_key_stays_invalid(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    before = exchange(Reply(200), headers=headers)
    credentials = DOCUMENT.credentials
    assert credentials is not None
    result = read_key(credentials, before.headers), read_key(credentials, redacted(before).headers)
    assert isinstance(result[0], str) is isinstance(result[1], str)
    assert KEY not in repr(redacted(before))


def test_key_in_the_reason_for_a_missing_response_is_redacted() -> None:
    broken = replace(exchange(), problem=f"illegal status line: {KEY}")
    problem = redacted(broken).problem
    assert (problem.startswith("illegal status line: "), KEY in problem) == (True, False)


def test_each_key_has_its_own_mask() -> None:
    redaction = Redaction(DOCUMENT)
    keys = ["sk-of-red-1", "sk-of-blue", "sk-of-red-1"]
    sent = [exchange(headers={"authorization": f"Bearer {key}"}) for key in keys]
    once = [redaction.redact(each) for each in sent]
    first, second, third = (each.headers["authorization"] for each in once)
    assert (first, second, third) == ("Bearer [*key*]", "Bearer [*key*]2", "Bearer [*key*]")
    assert [Redaction(DOCUMENT).redact(each) for each in reversed(once)] == once[::-1]


def test_mask_in_a_body_is_as_long_as_the_key() -> None:
    for key in (KEY, "sk-1", "k" * 100):
        body = f'{{"message":"{key} is invalid"}}'.encode()
        result = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(400, {}, body)))
        assert result.reply is not None
        assert len(result.reply.body) == len(body)
        assert key.encode() not in result.reply.body


def test_redacted_json_is_valid_json() -> None:
    for key in (KEY, 'a"b\\c"d', "ключ-ключ"):
        body = orjson.dumps({"message": key, key: [key]})
        result = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(400, {}, body)))
        assert result.reply is not None
        assert key not in repr(orjson.loads(result.reply.body))


def test_longer_of_two_keys_is_redacted_first() -> None:
    redaction = Redaction(DOCUMENT, keys=["sk-live", "sk-live-longer"])
    assert "longer" not in redaction.redact_text("sk-live-longer")
    assert "sk-live" not in redaction.redact_text("sk-live")


def test_keys_are_added_from_every_secret_header() -> None:
    names = ("authorization", "proxy-authorization", "x-api-key", "api-key")
    for name in names:
        redaction = Redaction(DOCUMENT)
        redaction.add_keys_from({name: "other-k3y"})
        assert "other-k3y" not in redaction.redact_text("no other-k3y here")


def test_schemes_and_short_words_are_not_redacted() -> None:
    redaction = Redaction(DOCUMENT)
    redaction.add_keys_from({"authorization": "Bearer abc", "x-api-key": "Basic"})
    assert redaction.redact_text("Bearer abc Basic") == "Bearer abc Basic"


def test_keys_in_queries_and_paths_and_percent_encoded_keys_are_redacted() -> None:
    key = "sk/live+3cr3t="
    redaction = Redaction(DOCUMENT, keys=[key])
    query = (("key", "s3cret"), ("after", key), ("limit", "5"))
    result = redaction.redact(exchange(query=query, path_parameters={"video_id": key}))
    assert "s3cret" not in repr(result)
    assert key not in repr(result)
    assert result.query["limit"] == "5"
    assert quote(key, safe="") not in redaction.redact_text(f"/a?b={quote(key, safe='')}")


@pytest.mark.parametrize(
    "length", [512, 513, 100_000], ids=["512 characters", "513 characters", "100,000 characters"]
)
def test_very_long_key_is_redacted(length: int) -> None:
    key = "k1" * (length // 2) + "-" * (length % 2)
    redaction = Redaction(DOCUMENT, keys=["sk-live", key])
    result = redaction.redact_text(f'50 %, \\" {key} and sk%2dlive')
    assert len(result) == len(f'50 %, \\" {key} and sk%2dlive')
    assert "k1k1" not in result
    assert "live" not in result


def test_encoded_key_is_redacted_among_thousands_of_keys() -> None:
    keys = [f"sk-tenant-{number:05}-of-this-server" for number in range(2000)]
    redaction = Redaction(DOCUMENT)
    redaction.add_keys_from(*({"authorization": f"Bearer {key}"} for key in keys))
    for key in (keys[0], keys[999], keys[-1]):
        for encoded in (key, quote(key).replace("-", "%2D"), key.replace("-", "&#45;")):
            assert redaction.redact_text(f'50 % of \\"{encoded}\\"').startswith(
                '50 % of \\"[*key*]**'
            )
    assert redaction.redact_text(r"50 % of \"sk-tenant\"") == r"50 % of \"sk-tenant\""


def escaped(pattern: str) -> str:
    return "".join(pattern.format(ord(character)) for character in KEY)


ENCODED = {
    "base64": b64encode(KEY.encode()),
    "base64 with one byte before": b64encode(b":" + KEY.encode()),
    "base64 with two bytes before": b64encode(b"u:" + KEY.encode() + b"\n"),
    "base64 behind a user name": b64encode(f"user:{KEY}".encode()),
    "base64 in JSON": b64encode(KEY.encode()).replace(b"/", b"\\/"),
    "base64 in a URL": quote(b64encode(KEY.encode()), safe="").encode(),
    "URL-safe base64": urlsafe_b64encode(KEY.encode()),
    "lower-case hexadecimal digits": KEY.encode().hex().encode(),
    "upper-case hexadecimal digits": KEY.encode().hex().upper().encode(),
    "decimal HTML entities": escaped("&#{};").encode(),
    "decimal HTML entities with zeros": escaped("&#00{};").encode(),
    "hexadecimal HTML entities": escaped("&#x{:X};").encode(),
    "named HTML entities": KEY.replace("/", "&sol;").replace("+", "&plus;").encode(),
    "HTML within HTML": escaped("&amp;#{};").encode(),
    "JSON": escaped("\\u{:04x}").encode(),
    "JSON within JSON": escaped("\\\\u{:04x}").encode(),
    "slashes in JSON within JSON": KEY.replace("/", "\\\\\\/").encode(),
    "repr of bytes": escaped("\\x{:02x}").encode(),
    "a URL": escaped("%{:02x}").encode(),
    "a URL within a URL": escaped("%25{:02X}").encode(),
}


@pytest.mark.parametrize("encoded", ENCODED.values(), ids=ENCODED)
def test_encoded_key_is_redacted(encoded: bytes) -> None:
    body = b'{"message": "Bad key ' + encoded + b'"}'
    reply = redacted(exchange(Reply(400, {"x-debug": encoded.decode()}, body))).reply
    assert reply is not None
    assert KEY_MASK.encode() in reply.body
    assert KEY_MASK in reply.headers["x-debug"]
    assert len(reply.body) == len(body)
    for text in (reply.body, reply.headers["x-debug"].encode()):
        assert encoded[4:-4] not in text


def test_base64_key_in_a_large_file_is_redacted() -> None:
    body = b"\xff" * 300_000 + b64encode(KEY.encode())
    reply = redacted(exchange(Reply(200, {}, body))).reply
    assert reply is not None
    assert KEY_MASK.encode() in reply.body


def test_key_with_characters_beyond_ascii_is_redacted_in_urls() -> None:
    key = "clé-d'été"
    assert "%C3%A9" not in Redaction(DOCUMENT, keys=[key]).redact_text(quote(key))


def test_password_of_basic_credentials_is_redacted() -> None:
    redaction = Redaction(DOCUMENT)
    redaction.add_keys_from({"authorization": f"Basic {b64encode(b'user:pa55-word').decode()}"})
    redaction.add_keys_from({"proxy-authorization": "Basic no-base64", "x-api-key": ""})
    assert "pa55" not in redaction.redact_text("wrong password: pa55-word")


def test_search_for_encoded_keys_takes_linear_time() -> None:
    key = "\\/" * 20
    redaction = Redaction(DOCUMENT, keys=[key])
    text = key + " " + "\\\\/" * 19 + "x" + "\\" * 5000
    assert redaction.redact_text(text).startswith(KEY_MASK)


def test_cookies_of_requests_and_responses_are_redacted() -> None:
    reply = Reply(200, {"set-cookie": "session=c00kie; Path=/"})
    result = redacted(exchange(reply, headers={"cookie": "session=c00kie"}))
    assert "c00kie" not in repr(result)


def test_id_with_a_key_is_redacted_alike_in_path_and_body() -> None:
    retrieve = find_operation(DOCUMENT, JobRole.POLL).id
    call = Call(retrieve, {"video_id": f"video_{KEY}"})
    reply = Reply(200, {}, orjson.dumps({"id": f"video_{KEY}"}))
    result = redacted(read_exchange(DOCUMENT, call, reply, at=0.0))
    assert result.reply is not None
    assert orjson.loads(result.reply.body)["id"] == result.job_id


def test_traffic_without_keys_is_unchanged() -> None:
    history = exchanges_of_script(DOCUMENT, "create, poll, wait, poll, content, list, drop, poll")
    redaction = Redaction(DOCUMENT, keys=[KEY])
    result = [redaction.redact(e) for e in history]
    assert [e.reply for e in result] == [e.reply for e in history]
    assert [replace(e.call, headers={}) for e in result] == [
        replace(e.call, headers={}) for e in history
    ]
    assert check_server(DOCUMENT, result) == check_server(DOCUMENT, history)


@given(
    st.binary(), st.binary(), st.text("abcXYZ019-_.", min_size=12).filter(lambda k: k.strip("*"))
)
def test_key_between_any_bytes_is_redacted(before: bytes, after: bytes, key: str) -> None:
    body = before + key.encode() + after
    result = Redaction(DOCUMENT, keys=[key]).redact(exchange(Reply(200, {}, body), headers={}))
    assert result.reply is not None
    assert len(result.reply.body) == len(body)
    assert key.encode() not in result.reply.body
