"""Who is let in, and what those are told who are not."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from aisa_testkit.mock_server import JobService
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.keys.accounts import Account
from aisa_testkit.mock_server.keys.authentication import Authenticator
from aisa_testkit.openapi import Call, Cause, Document, Reply, parse_document

MISSING = "authorization: must be sent as Bearer <key>"
MALFORMED = "authorization: must be sent as Bearer <key>, not "
INVALID = "this server does not accept the API key"


def refusal_of(keyring: Authenticator, headers: Mapping[str, str]) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        keyring.authenticate(keyring.read_key(headers))
    return caught.value.cause, caught.value.message


@pytest.mark.parametrize(
    ("headers", "cause", "message"),
    [
        pytest.param({}, Cause.CREDENTIALS_MISSING, MISSING, id="no header"),
        pytest.param({"authorization": ""}, Cause.CREDENTIALS_MISSING, MISSING, id="empty header"),
        pytest.param({"authorization": "  "}, Cause.CREDENTIALS_MISSING, MISSING, id="blanks"),
        pytest.param({"x-api-key": "k"}, Cause.CREDENTIALS_MISSING, MISSING, id="another header"),
        *[
            pytest.param({"authorization": text}, Cause.CREDENTIALS_MALFORMED, MALFORMED, id=text)
            for text in ("Basic sk-1", "Bearersk-1", "sk-1", "Bearer", "Bearer   ", "Bearer a b")
        ],
        *[
            pytest.param({"authorization": text}, Cause.CREDENTIALS_INVALID, INVALID, id=text)
            for text in ("Bearer invalid", "Bearer sk-Invalid-1", "bearer INVALID")
        ],
    ],
)
def test_without_a_proper_key_nobody_is_let_in(
    document: Document, headers: dict[str, str], cause: Cause, message: str
) -> None:
    found, words = refusal_of(Authenticator(document.credentials), headers)
    assert found == cause
    assert words.startswith(message)


@pytest.mark.parametrize("text", ["Bearer x", "bearer x", "BEARER x", "Bearer  sk-aisa-1 "])
def test_any_key_is_let_in_where_none_is_configured(document: Document, text: str) -> None:
    keyring = Authenticator(document.credentials)
    keyring.authenticate(keyring.read_key({"authorization": text}))
    assert refusal_of(keyring, {"authorization": f"{text.strip()}-invalid"})[1] == INVALID


def test_configured_keys_and_no_others_are_let_in(document: Document) -> None:
    keyring = Authenticator(document.credentials, ["one", "is-invalid-elsewhere"])
    for key in ("one", "is-invalid-elsewhere"):
        keyring.authenticate(keyring.read_key({"authorization": f"Bearer {key}"}))
    for key in ("two", "ONE", "on", "oneone"):
        refused = refusal_of(keyring, {"authorization": f"Bearer {key}"})
        assert refused == (Cause.CREDENTIALS_INVALID, INVALID)


def test_keys_of_accounts_are_let_in_beside_the_others(document: Document) -> None:
    keyring = Authenticator(document.credentials, ["one"], accounts={"two": Account("two")})
    for key in ("one", "two"):
        assert keyring.authenticate(key) == key
    assert refusal_of(keyring, {"authorization": "Bearer three"})[0] == Cause.CREDENTIALS_INVALID


def test_keys_of_accounts_lock_nobody_out(document: Document) -> None:
    accounts = {"gone": Account("gone", revoked=True), "invalid-1": Account("invalid-1")}
    keyring = Authenticator(document.credentials, accounts=accounts)
    assert [keyring.authenticate(key) for key in ("anybody", "invalid-1")] == [
        "anybody",
        "invalid-1",
    ]
    assert refusal_of(keyring, {"authorization": "Bearer gone"})[0] == Cause.CREDENTIALS_REVOKED
    other = refusal_of(keyring, {"authorization": "Bearer invalid-2"})
    assert other == (Cause.CREDENTIALS_INVALID, INVALID)


def test_a_revoked_key_is_told_so_and_no_other_is(document: Document) -> None:
    accounts = {"gone": Account("gone", revoked=True), "here": Account("here")}
    keyring = Authenticator(document.credentials, ["gone"], accounts=accounts)
    assert refusal_of(keyring, {"authorization": "Bearer gone"}) == (
        Cause.CREDENTIALS_REVOKED,
        "the API key was revoked",
    )
    assert keyring.authenticate("here") == "here"
    assert refusal_of(keyring, {"authorization": "Bearer gon"}) == (
        Cause.CREDENTIALS_INVALID,
        INVALID,
    )


def test_a_key_may_come_in_a_header_of_its_own(other_document: Document) -> None:
    keyring = Authenticator(other_document.credentials, ["one"])
    keyring.authenticate(keyring.read_key({"x-render-key": "one"}))
    assert refusal_of(keyring, {"authorization": "Bearer one"}) == (
        Cause.CREDENTIALS_MISSING,
        "x-render-key: must be sent as <key>",
    )
    assert refusal_of(keyring, {"x-render-key": "Bearer one"}) == (
        Cause.CREDENTIALS_MALFORMED,
        "x-render-key: must be sent as <key>, not something else",
    )
    assert refusal_of(keyring, {"x-render-key": "two"}) == (Cause.CREDENTIALS_INVALID, INVALID)


def test_an_api_without_security_lets_everybody_in(other_document: Document) -> None:
    data = {key: part for key, part in other_document.source.data.items() if key != "security"}
    open_document = parse_document(orjson.dumps(data).decode())
    assert list_jobs(other_document, {}).status == 401
    assert list_jobs(open_document, {}).status == 200
    assert list_jobs(open_document, {"x-render-key": "invalid key"}).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({}, "missing_api_key", id="no key"),
        pytest.param({"authorization": "Basic x"}, "invalid_api_key", id="another scheme"),
        pytest.param({"authorization": "Bearer two"}, "invalid_api_key", id="an unknown key"),
    ],
)
def test_a_refusal_is_answered_as_documented_before_anything_else_is_looked_at(
    document: Document, headers: dict[str, str], code: str
) -> None:
    service = JobService(document, api_keys=["one"], strict=True)
    reply = service.answer(Call("createVideo", headers=headers, body=b"no form at all"))
    error = orjson.loads(reply.body)["error"]
    assert (reply.status, error["type"], error["code"]) == (401, "authentication_error", code)
    assert reply.headers["www-authenticate"] == "Bearer"
    assert len(service.store) == 0


def list_jobs(document: Document, headers: Mapping[str, str]) -> Reply:
    return JobService(document, strict=True).answer(Call("pageOfRenderings", headers=headers))
