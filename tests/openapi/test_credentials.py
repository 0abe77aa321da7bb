"""The API key of a request: credentials, problems with them, redaction."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.openapi import Cause, Credentials, Document, RequestProblem, parse_document
from aisa_testkit.openapi.credentials import mask_key
from aisa_testkit.openapi.request_key import key_problem, read_key
from aisa_testkit.openapi.source import parse_source

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
    digest: {type: http, scheme: digest}
    user: {type: http, scheme: basic}
    question: {type: apiKey, in: query, name: key}
"""

BEARER = Credentials("authorization", "Bearer")
PLAIN = Credentials("x-render-key")
ANY_WORD = Credentials("authorization", any_word=True)
BASIC = Credentials("authorization", "Basic")
QUERY_KEY = Credentials("key", part="query")
SESSION = Credentials("session", part="cookie")


@pytest.mark.parametrize(
    "text",
    ["Bearer sk-1", "bearer sk-1", "BEARER sk-1", "Bearer   sk-1", "Bearer sk-1  ", " Bearer sk-1"],
)
def test_key_follows_the_scheme_in_any_case_and_spacing(text: str) -> None:
    assert read_key(BEARER, {"authorization": text}) == "sk-1"


@pytest.mark.parametrize("text", ["sk-1", " sk-1 "])
def test_key_without_a_scheme(text: str) -> None:
    assert read_key(PLAIN, {"x-render-key": text}) == "sk-1"


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
    assert read_key(credentials, headers) == RequestProblem(
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
    problem = read_key(BEARER, {"authorization": text})
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
    problem = read_key(credentials, {credentials.header: text})
    assert isinstance(problem, RequestProblem)
    assert problem.cause == Cause.CREDENTIALS_MALFORMED
    assert "secret" not in repr(problem) + problem.message


@pytest.mark.parametrize(
    ("credentials", "text"),
    [(BEARER, "Bearer My API Key"), (BEARER, "Bearer  My API Key "), (PLAIN, "My API Key")],
)
def test_key_may_contain_blanks(credentials: Credentials, text: str) -> None:
    assert read_key(credentials, {credentials.header: text}) == "My API Key"


@pytest.mark.parametrize(("credentials", "scheme"), [(BEARER, "Bearer "), (PLAIN, "")])
@pytest.mark.parametrize("key", ["My API Key", "secret\tsecret"])
def test_blanks_in_a_key_are_a_problem_of_its_client(
    credentials: Credentials, scheme: str, key: str
) -> None:
    assert key_problem(credentials, {credentials.header: f"{scheme}{key}"}) == RequestProblem(
        Cause.CREDENTIALS_MALFORMED,
        credentials.header,
        f"must be sent as {scheme}<key>",
        "a key with blanks",
    )


def test_problem_of_a_client_is_that_of_its_key() -> None:
    assert key_problem(BEARER, {"authorization": "Bearer sk-1"}) is None
    basic = {"authorization": "Basic x"}
    assert key_problem(BEARER, basic) == read_key(BEARER, basic)


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


@pytest.mark.parametrize("text", ["Key sk-1", "Token sk-1", "Bearer  sk-1", "sk-1"])
def test_any_word_may_come_before_a_key_in_the_header_authorization(text: str) -> None:
    assert read_key(ANY_WORD, {"authorization": text}) == "sk-1"


@pytest.mark.parametrize(
    ("security", "accepted"),
    [
        ("[{word: []}]", (ANY_WORD,)),
        ("[{token: []}]", (BEARER,)),
        ("[{user: []}]", (BASIC,)),
        ("[{question: []}]", (QUERY_KEY,)),
        ("[{cookie: []}, {token: []}]", (SESSION, BEARER)),
        ("[{token: [], cookie: []}]", (BEARER,)),
        ("[{certificate: []}, {token: []}]", (BEARER,)),
        ("[{certificate: []}]", ()),
        ("[{digest: []}]", ()),
        ("[{}, {token: []}]", ()),
        ("[]", ()),
    ],
)
def test_credentials_that_an_operation_accepts(
    security: str, accepted: tuple[Credentials, ...]
) -> None:
    document = parse_document(SECURED.replace("SECURITY", security))
    assert {name: o.credentials for name, o in document.operations.items()} == {
        "list": accepted,
        "status": (),
        "desk": (SESSION,),
    }


def test_credentials_of_paths_behind_references_are_read() -> None:
    data = parse_source(SECURED.replace("SECURITY", "[{token: []}]"), name="prints").data
    data["components"]["pathItems"] = {"prints": data["paths"]["/prints"]}
    data["paths"] = {"/prints": {"$ref": "#/components/pathItems/prints"}}
    document = parse_document(orjson.dumps(data).decode())
    assert document.operations["list"].credentials == (BEARER,)
    assert document.credentials == BEARER


def test_key_in_a_header_is_the_main_one() -> None:
    text = SECURED.replace("SECURITY", "[{question: []}, {token: []}]")
    assert parse_document(text).credentials == BEARER
    assert parse_document(SECURED.replace("SECURITY", "[{question: []}]")).credentials == QUERY_KEY


@pytest.mark.parametrize(
    ("security", "name", "reason"),
    [
        ("[{certificate: []}]", "certificate", "only keys, Basic and Bearer are"),
        ("[{digest: []}]", "digest", "only keys, Basic and Bearer are"),
        (
            "[{token: [], word: []}]",
            "word",
            "one key of a request is, and this comes beside another",
        ),
    ],
)
def test_required_scheme_that_is_not_checked_is_a_warning(
    security: str, name: str, reason: str
) -> None:
    (warning,) = parse_document(SECURED.replace("SECURITY", security)).warnings
    assert warning.pointer == f"/components/securitySchemes/{name}"
    assert warning.reason == f"is not checked: {reason}"


def test_user_and_password_are_the_key_of_basic_credentials() -> None:
    header = {"authorization": BASIC.value_of("ada:pass word")}
    assert header == {"authorization": "Basic YWRhOnBhc3Mgd29yZA=="}
    assert read_key(BASIC, header) == "ada:pass word"
    assert read_key(BASIC, {"authorization": "Basic [*key*]"}) == "[*key*]"
