"""The API key of a request: credentials, problems with them, redaction."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Cause, Credentials, Document, RequestProblem, parse_document
from aisa_testkit.openapi.credentials import mask_key

SECURED = """
openapi: 3.1.0
info: {title: Prints, version: "1"}
paths:
  /prints: {get: {operationId: list, security: SECURITY, responses: {"200": {description: ok}}}}
  /status: {get: {operationId: status, responses: {"200": {description: ok}}}}
  /desk: {get: {operationId: desk, security: [{cookie: []}], responses: {"200": {description: ok}}}}
components:
  securitySchemes:
    word: {type: apiKey, in: header, name: Authorization}
    token: {type: oauth2, flows: {}}
    cookie: {type: apiKey, in: cookie, name: session}
    certificate: {type: mutualTLS}
"""

BEARER = Credentials("authorization", "Bearer")
PLAIN = Credentials("x-render-key", "")


@pytest.mark.parametrize(
    "text",
    ["Bearer sk-1", "bearer sk-1", "BEARER sk-1", "Bearer   sk-1", "Bearer sk-1  ", " Bearer sk-1"],
)
def test_key_follows_the_scheme_in_any_case_and_spacing(text: str) -> None:
    assert BEARER.key({"authorization": text}) == "sk-1"


@pytest.mark.parametrize("text", ["sk-1", " sk-1 "])
def test_key_without_a_scheme(text: str) -> None:
    assert PLAIN.key({"x-render-key": text}) == "sk-1"


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [(BEARER, "must be sent as Bearer <key>"), (PLAIN, "must be sent as <key>")],
    ids=["bearer", "plain"],
)
@pytest.mark.parametrize("text", [None, "", "   "], ids=["no header", "empty", "spaces"])
def test_missing_key_is_reported_with_the_expected_form(
    credentials: Credentials, expected: str, text: str | None
) -> None:
    headers = {"x-other": "sk-1"} | ({} if text is None else {credentials.header: text})
    assert credentials.key(headers) == RequestProblem(
        Cause.CREDENTIALS_MISSING, credentials.header, expected, None
    )


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("Basic c2stMQ==", "'Basic'"),
        ("Token sk-1", "'Token'"),
        ("Bearer", "something else"),
        ("Bearer   ", "something else"),
        ("sk-1", "something else"),
    ],
    ids=["basic", "token", "scheme alone", "scheme and spaces", "key alone"],
)
def test_malformed_key_is_redacted_in_the_message(text: str, received: str) -> None:
    problem = BEARER.key({"authorization": text})
    assert isinstance(problem, RequestProblem)
    assert problem == RequestProblem(
        Cause.CREDENTIALS_MALFORMED, "authorization", "must be sent as Bearer <key>", received
    )
    assert problem.message == (f"authorization: must be sent as Bearer <key>, not {received}")


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        (BEARER, "sk-secret"),
        (BEARER, "sk-secret sk-secret"),
        (BEARER, "sk-secret Bearer"),
        (BEARER, "Bearer:sk-secret x"),
        (BEARER, "Bearersk-secret x"),
        (PLAIN, "Bearer sk-secret"),
    ],
    ids=[
        "no scheme",
        "key in place of the scheme",
        "key before the scheme",
        "colon",
        "no space",
        "unexpected scheme",
    ],
)
def test_messages_never_contain_a_key(credentials: Credentials, text: str) -> None:
    problem = credentials.key({credentials.header: text})
    assert isinstance(problem, RequestProblem)
    assert problem.cause == Cause.CREDENTIALS_MALFORMED
    assert "secret" not in repr(problem) + problem.message


@pytest.mark.parametrize(
    ("credentials", "text"),
    [(BEARER, "Bearer My API Key"), (BEARER, "Bearer  My API Key "), (PLAIN, "My API Key")],
)
def test_key_may_contain_blanks(credentials: Credentials, text: str) -> None:
    assert credentials.key({credentials.header: text}) == "My API Key"


@pytest.mark.parametrize(("credentials", "scheme"), [(BEARER, "Bearer "), (PLAIN, "")])
@pytest.mark.parametrize("key", ["My API Key", "secret\tsecret"])
def test_blanks_in_a_key_are_a_problem_of_its_client(
    credentials: Credentials, scheme: str, key: str
) -> None:
    assert credentials.problem({credentials.header: f"{scheme}{key}"}) == RequestProblem(
        Cause.CREDENTIALS_MALFORMED,
        credentials.header,
        f"must be sent as {scheme}<key>",
        "a key with blanks",
    )


def test_problem_of_a_client_is_that_of_its_key() -> None:
    assert BEARER.problem({"authorization": "Bearer sk-1"}) is None
    assert BEARER.problem({"authorization": "Basic x"}) == BEARER.key({"authorization": "Basic x"})


def test_credentials_of_a_document(
    document: Document, other_document: Document, renderings: str
) -> None:
    assert document.credentials == BEARER
    assert other_document.credentials == PLAIN
    free = parse_document(renderings.replace("security: [{key: []}]", "security: []"))
    assert free.credentials is None


@pytest.mark.parametrize(
    ("key", "masked"),
    [("sk-123456789", "…6789"), ("sk-12345678", "…"), ("", "…")],
    ids=["long", "short", "empty"],
)
def test_masked_key_shows_at_most_four_characters(key: str, masked: str) -> None:
    assert mask_key(key) == masked


ANY_WORD = Credentials("authorization", "", any_word=True)


@pytest.mark.parametrize("text", ["Key sk-1", "Token sk-1", "Bearer  sk-1", "sk-1"])
def test_any_word_may_come_before_a_key_in_the_header_authorization(text: str) -> None:
    assert ANY_WORD.key({"authorization": text}) == "sk-1"


@pytest.mark.parametrize(
    ("security", "credentials"),
    [
        ("[{word: []}]", ANY_WORD),
        ("[{token: []}]", BEARER),
        ("[{certificate: []}, {token: []}]", BEARER),
    ],
)
def test_credentials_that_only_operations_require(security: str, credentials: Credentials) -> None:
    document = parse_document(SECURED.replace("SECURITY", security))
    assert document.credentials == credentials
    secured = {name for name, operation in document.operations.items() if operation.secured}
    assert secured == {"list"}


def test_required_keys_that_are_not_in_a_header_are_a_warning() -> None:
    document = parse_document(SECURED.replace("SECURITY", "[{certificate: []}, {token: []}]"))
    assert [(w.pointer, w.reason) for w in document.warnings] == [
        (
            f"/components/securitySchemes/{name}",
            "is not checked: only keys in headers are",
        )
        for name in ("cookie", "certificate")
    ]
