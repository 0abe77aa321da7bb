"""Faults in input validation, authentication and transport."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Container

from starlette.responses import Response

from .behaviour import Behaviour, RequestInfo, check_key
from .catalogue import Fault
from .changes import (
    for_operation,
    for_status,
    reject_operation,
    to_body,
    to_error,
    to_status,
    to_truncated,
)
from .errors import ApiError, invalid_body, invalid_value, server_error
from .jobs import JobFields
from .responses import ChunkedResponse, with_header

UNCHECKED, REFUSED = "input handling: invalid accepted", "input handling: valid refused"
CRASHES = "input handling: crash on unusual input"
IGNORED, WRONG = "WFC 306: ignored authentication", "authentication: wrong scheme or status"
CUT, LENGTH = "transport: truncated body", "transport: wrong length"
ENCODING = "transport: mislabelled encoding"
FORBIDDEN = ApiError(
    403, "insufficient_permissions", "the key may not do this", None, "authentication_error"
)


def _unchecked_fault(name: str, summary: str) -> Fault:
    behaviour = Behaviour(unchecked=frozenset({name}))
    return Fault(f"{name}-unchecked", "input handling", UNCHECKED, summary, behaviour)


def _rejection_fault(
    name: str,
    summary: str,
    valid: Callable[[JobFields], bool],
    error: ApiError,
    source: str = REFUSED,
) -> Fault:
    def take(fields: JobFields, _: int) -> JobFields:
        if valid(fields):
            raise error
        return fields

    return Fault(name, "input handling", source, summary, Behaviour(accept_create=take))


def _rejected_body_fault(name: str, summary: str, media_type: str) -> Fault:
    def refuse(info: RequestInfo) -> ApiError | None:
        sent = info.headers.get("content-type", "")
        return invalid_body("taken") if sent.startswith(media_type) else None

    return Fault(name, "input handling", REFUSED, summary, Behaviour(reject=refuse))


INPUT_FAULTS = (
    _unchecked_fault("limit-maximum", "A limit above the maximum is taken."),
    _unchecked_fault("limit-negative", "A negative limit is taken."),
    _unchecked_fault("limit-text", "A limit in words is taken."),
    _unchecked_fault("order", "Any order is taken."),
    _unchecked_fault("variant", "Any variant of a file is taken."),
    _unchecked_fault("model", "An unknown model is accepted as the default."),
    _unchecked_fault("size", "An unknown size is accepted as the default."),
    _unchecked_fault("seconds", "An unknown length is accepted as the default."),
    _unchecked_fault("prompt-missing", "A create without a prompt is taken."),
    _unchecked_fault("prompt-empty", "An empty prompt is taken."),
    _unchecked_fault("prompt-length", "A prompt of any length is taken."),
    _unchecked_fault("file-text", "Text is taken where a file belongs."),
    _unchecked_fault("file-type", "A file of any media type is taken."),
    _unchecked_fault("json-types", "Numbers are taken for strings."),
    _unchecked_fault("media-type", "JSON is taken under any content type."),
    _rejection_fault(
        "default-model-refused",
        "The default model is refused.",
        lambda fields: fields.model == "sora-2",
        invalid_value("model"),
    ),
    _rejection_fault(
        "four-seconds-refused",
        "The shortest length is refused.",
        lambda fields: fields.seconds == "4",
        invalid_value("seconds"),
    ),
    _rejection_fault(
        "portrait-refused",
        "The default size is refused.",
        lambda fields: fields.size == "720x1280",
        invalid_value("size"),
    ),
    _rejection_fault(
        "non-ascii-crashes",
        "A prompt beyond ASCII breaks the server.",
        lambda fields: not fields.prompt.isascii(),
        server_error(),
        CRASHES,
    ),
    _rejected_body_fault("form-refused", "Multipart forms are refused.", "multipart/form-data"),
    _rejected_body_fault("json-refused", "JSON is refused.", "application/json"),
    Fault(
        "malformed-json-crashes",
        "input handling",
        CRASHES,
        "A body that is not JSON breaks the server.",
        Behaviour(
            change_response=lambda response, _: (
                to_error(server_error())(response)
                if response.status_code == 400 and b"json_parse_error" in bytes(response.body)
                else response
            )
        ),
    ),
)


def _open_fault(name: str, summary: str, operations: Container[str]) -> Fault:
    def admit(authorization: str | None, operation: str) -> ApiError | None:
        return None if operation in operations else check_key(authorization, operation)

    return Fault(name, "authentication", IGNORED, summary, Behaviour(authenticate=admit))


def _lenient_fault(name: str, source: str, summary: str, accepts: Callable[[str], bool]) -> Fault:
    def admit(authorization: str | None, operation: str) -> ApiError | None:
        lenient = authorization is not None and accepts(authorization)
        return None if lenient else check_key(authorization, operation)

    return Fault(name, "authentication", source, summary, Behaviour(authenticate=admit))


def _key_echoed(authorization: str | None, operation: str) -> ApiError | None:
    error = check_key(authorization, operation)
    if error is not None and authorization is not None:
        error.message = f"the key {authorization} is not valid"
    return error


OPERATIONS = ("create", "list", "retrieve", "content", "delete", "remix")
AUTHENTICATION_FAULTS = (
    _open_fault("all-open", "No key is needed.", OPERATIONS),
    *(_open_fault(f"{name}-open", f"A {name} needs no key.", (name,)) for name in OPERATIONS),
    _lenient_fault(
        "any-bearer", IGNORED, "Any key is accepted.", lambda sent: sent[:7] == "Bearer "
    ),
    _lenient_fault(
        "any-scheme", WRONG, "Any scheme is accepted.", lambda sent: "Bearer" not in sent
    ),
    _lenient_fault(
        "empty-bearer", WRONG, "An empty key is accepted.", lambda sent: sent.strip() == "Bearer"
    ),
    Fault(
        "key-echoed",
        "authentication",
        "authentication: key echoed in the body",
        "A refusal repeats the key that was sent.",
        Behaviour(authenticate=_key_echoed),
    ),
    Fault(
        "unauthorized-403",
        "authentication",
        WRONG,
        "Without a key the status is 403.",
        Behaviour(change_response=for_status(401, to_status(403))),
    ),
    Fault(
        "unauthorized-404",
        "authentication",
        WRONG,
        "Without a key the status is 404.",
        Behaviour(change_response=for_status(401, to_status(404))),
    ),
    Fault(
        "right-key-refused",
        "authentication",
        WRONG,
        "The key that makes a job may not look at it.",
        Behaviour(reject=reject_operation("retrieve", FORBIDDEN)),
    ),
)


def _transport_fault(
    name: str, source: str, summary: str, operation: str, change: Callable[[Response], Response]
) -> Fault:
    return Fault(
        name,
        "transport",
        source,
        summary,
        Behaviour(change_response=for_operation(operation, change)),
    )


def _first_half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _without_length(response: Response) -> Response:
    cut = to_body(_first_half)(response)
    return with_header(ChunkedResponse(cut, 4096), "connection", "close")


def _with_gzip_label(response: Response) -> Response:
    return with_header(response, "content-encoding", "gzip")


def _truncated_gzip(response: Response) -> Response:
    return _with_gzip_label(to_body(lambda body: _first_half(gzip.compress(body)))(response))


TRANSPORT_FAULTS = (
    _transport_fault(
        "create-cut", CUT, "A create breaks off in its body.", "create", to_truncated(0.5)
    ),
    _transport_fault(
        "retrieve-cut", CUT, "A poll breaks off in its body.", "retrieve", to_truncated(0.5)
    ),
    _transport_fault("list-cut", CUT, "A list breaks off in its body.", "list", to_truncated(0.9)),
    _transport_fault("delete-cut", CUT, "A deletion has no body.", "delete", to_truncated(0)),
    _transport_fault(
        "content-cut", CUT, "A download breaks off half-way.", "content", to_truncated(0.5)
    ),
    _transport_fault(
        "content-hangs-up", CUT, "A download has no first byte.", "content", to_truncated(0)
    ),
    _transport_fault(
        "content-short",
        LENGTH,
        "Half a file comes with a length to match.",
        "content",
        to_body(_first_half),
    ),
    _transport_fault(
        "content-short-chunked",
        LENGTH,
        "Half a file comes in chunks that end well.",
        "content",
        _without_length,
    ),
    _transport_fault(
        "retrieve-length-short",
        LENGTH,
        "The length that a poll announces is 20 bytes too small.",
        "retrieve",
        to_body(lambda body: body[:-20]),
    ),
    _transport_fault(
        "gzip-label-only",
        ENCODING,
        "A poll is called gzip and is not.",
        "retrieve",
        _with_gzip_label,
    ),
    _transport_fault(
        "gzip-without-label",
        ENCODING,
        "A poll is gzip and does not say so.",
        "retrieve",
        to_body(gzip.compress),
    ),
    _transport_fault(
        "gzip-cut",
        ENCODING,
        "A list is the first half of a gzip stream.",
        "list",
        _truncated_gzip,
    ),
)
