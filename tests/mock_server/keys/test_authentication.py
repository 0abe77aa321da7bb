"""Authentication: accepted API keys, and the error responses for the others."""

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


def refusal_of(authenticator: Authenticator, headers: Mapping[str, str]) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        authenticator.authenticate(authenticator.read_key(headers))
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
            for text in ("Basic sk-1", "Bearersk-1", "sk-1", "Bearer", "Bearer   ")
        ],
        *[
            pytest.param({"authorization": text}, Cause.CREDENTIALS_INVALID, INVALID, id=text)
            for text in ("Bearer invalid", "Bearer sk-Invalid-1", "bearer INVALID")
        ],
    ],
)
def test_missing_malformed_and_invalid_keys_are_refused(
    document: Document, headers: dict[str, str], cause: Cause, message: str
) -> None:
    found, text = refusal_of(Authenticator(document.credentials), headers)
    assert found == cause
    assert text.startswith(message)


@pytest.mark.parametrize(
    "text", ["Bearer x", "bearer x", "BEARER x", "Bearer  sk-aisa-1 ", "Bearer My API Key"]
)
def test_any_key_is_accepted_if_none_is_configured(document: Document, text: str) -> None:
    authenticator = Authenticator(document.credentials)
    authenticator.authenticate(authenticator.read_key({"authorization": text}))
    assert refusal_of(authenticator, {"authorization": f"{text.strip()}-invalid"})[1] == INVALID


def test_only_configured_keys_are_accepted(document: Document) -> None:
    authenticator = Authenticator(
        document.credentials, ["one", "My API Key", "is-invalid-elsewhere"]
    )
    for key in ("one", "My API Key", "is-invalid-elsewhere"):
        authenticator.authenticate(authenticator.read_key({"authorization": f"Bearer {key}"}))
    for key in ("two", "ONE", "on", "oneone", "one one", "My API"):
        refused = refusal_of(authenticator, {"authorization": f"Bearer {key}"})
        assert refused == (Cause.CREDENTIALS_INVALID, INVALID)


def test_account_keys_are_accepted_besides_configured_keys(document: Document) -> None:
    authenticator = Authenticator(document.credentials, ["one"], accounts={"two": Account("two")})
    for key in ("one", "two"):
        assert authenticator.authenticate(key) == key
    assert (
        refusal_of(authenticator, {"authorization": "Bearer three"})[0] == Cause.CREDENTIALS_INVALID
    )


def test_accounts_do_not_restrict_other_keys(document: Document) -> None:
    accounts = {"gone": Account("gone", revoked=True), "invalid-1": Account("invalid-1")}
    authenticator = Authenticator(document.credentials, accounts=accounts)
    assert [authenticator.authenticate(key) for key in ("any-key", "invalid-1")] == [
        "any-key",
        "invalid-1",
    ]
    assert (
        refusal_of(authenticator, {"authorization": "Bearer gone"})[0] == Cause.CREDENTIALS_REVOKED
    )
    other = refusal_of(authenticator, {"authorization": "Bearer invalid-2"})
    assert other == (Cause.CREDENTIALS_INVALID, INVALID)


def test_revoked_key_has_its_own_error(document: Document) -> None:
    accounts = {"gone": Account("gone", revoked=True), "here": Account("here")}
    authenticator = Authenticator(document.credentials, ["gone"], accounts=accounts)
    assert refusal_of(authenticator, {"authorization": "Bearer gone"}) == (
        Cause.CREDENTIALS_REVOKED,
        "the API key was revoked",
    )
    assert authenticator.authenticate("here") == "here"
    assert refusal_of(authenticator, {"authorization": "Bearer gon"}) == (
        Cause.CREDENTIALS_INVALID,
        INVALID,
    )


def test_key_in_a_custom_header(other_document: Document) -> None:
    authenticator = Authenticator(other_document.credentials, ["one"])
    authenticator.authenticate(authenticator.read_key({"x-render-key": "one"}))
    assert refusal_of(authenticator, {"authorization": "Bearer one"}) == (
        Cause.CREDENTIALS_MISSING,
        "x-render-key: must be sent as <key>",
    )
    assert refusal_of(authenticator, {"x-render-key": "Bearer one"}) == (
        Cause.CREDENTIALS_MALFORMED,
        "x-render-key: must be sent as <key>, not 'Bearer'",
    )
    assert refusal_of(authenticator, {"x-render-key": "two"}) == (
        Cause.CREDENTIALS_INVALID,
        INVALID,
    )


def test_document_without_security_accepts_all_requests(other_document: Document) -> None:
    data = {key: part for key, part in other_document.source.data.items() if key != "security"}
    keyless_document = parse_document(orjson.dumps(data).decode())
    assert list_jobs(other_document, {}).status == 401
    assert list_jobs(keyless_document, {}).status == 200
    assert list_jobs(keyless_document, {"x-render-key": "invalid key"}).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({}, "missing_api_key", id="no key"),
        pytest.param({"authorization": "Basic x"}, "invalid_api_key", id="another scheme"),
        pytest.param({"authorization": "Bearer two"}, "invalid_api_key", id="an unknown key"),
    ],
)
def test_authentication_comes_before_validation_of_the_request(
    document: Document, headers: dict[str, str], code: str
) -> None:
    service = JobService(document, api_keys=["one"], strict=True)
    reply = service.answer(Call("createVideo", headers=headers, body=b"not a form"))
    error = orjson.loads(reply.body)["error"]
    assert (reply.status, error["type"], error["code"]) == (401, "authentication_error", code)
    assert reply.headers["www-authenticate"] == "Bearer"
    assert len(service.store) == 0


def list_jobs(document: Document, headers: Mapping[str, str]) -> Reply:
    return JobService(document, strict=True).answer(Call("pageOfRenderings", headers=headers))
