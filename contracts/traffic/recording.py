"""Recordings: HAR files with the traffic of an API, written by us, by browsers or by proxies."""

from __future__ import annotations

from binascii import Error as Base64Error
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path as FilePath
from urllib.parse import parse_qsl, urlsplit

import orjson

from ...openapi import Call, Document, OperationMatch
from ...openapi.json import Json, parse_json
from ...openapi.pointer import format_pointer
from ...openapi.schema import Schema
from ...openapi.text import count_of
from ..errors import RecordingError
from .base_url import base_url_of, path_below, without_userinfo
from .exchange import Exchange, read_exchange
from .har import entry_from, lacks_body, reply_from, request_from
from .job_views import get_or_none
from .redaction import KEY_MASK, Redaction


@dataclass(frozen=True, slots=True)
class Recording:
    """The exchanges of a recording, without API keys.

    exchanges: the exchanges in the order of their responses
    base_url: the base URL of the requests, empty if it is unknown
    notes: sentences about what could not be read
    """

    exchanges: tuple[Exchange, ...]
    base_url: str
    notes: tuple[str, ...] = ()


def write_recording(
    document: Document,
    exchanges: Iterable[Exchange],
    *,
    base_url: str,
    version: str,
    comment: str = "",
) -> bytes:
    """Return a HAR file with these exchanges.

    Args:
        document: The document of the API.
        exchanges: The exchanges in their order.
        base_url: The base URL of the requests.
        version: The version of the toolkit.
        comment: A comment for readers of the file.
    """
    log = {
        "version": "1.2",
        "creator": {"name": "aisa-testkit", "version": version},
        "pages": [],
        "comment": comment,
        "entries": [entry_from(document, exchange, base_url) for exchange in exchanges],
        "_baseUrl": base_url,
    }
    return orjson.dumps({"log": log}, option=orjson.OPT_INDENT_2) + b"\n"


def read_recording(
    document: Document, data: bytes, *, base_url: str = "", keys: Iterable[str] = ()
) -> Recording:
    """Return the exchanges of a HAR file whose requests are for operations of the document.

    Args:
        document: The document of the API.
        data: The content of the HAR file.
        base_url: The base URL of the requests. Without one, the base URL in the recording is used,
            or else the base path of the document on any host.
        keys: API keys to mask, besides those in the headers of the requests.

    Raises RecordingError if the file is not HAR, or contains no request of the API.
    """
    log = _read_log(data)
    base = base_url or without_userinfo(log.get("_baseUrl", ""))
    exchanges, redaction = list[Exchange](), Redaction(document, keys=keys)
    without_request_body, without_response_body, first_base_url = 0, 0, ""
    for number, entry in enumerate(log["entries"]):
        try:
            call = _call_of(document, entry, base)
            if call is None:
                continue
            if lacks_body(entry):
                without_request_body += 1
                continue
            exchange = _exchange(document, call, entry)
        except (ValueError, Base64Error, OverflowError) as error:
            raise RecordingError(f"entry {number} of the recording: {error}") from error
        without_response_body += exchange.reply is None and entry["response"]["status"] != 0
        redaction.add_keys_from(exchange.headers)
        exchanges.append(exchange)
        first_base_url = first_base_url or base_url_of(entry["request"]["url"], document)
    skipped = len(log["entries"]) - len(exchanges) - without_request_body
    if not exchanges:
        raise _no_requests_error(document, skipped, base)
    without_keys = _lacks_keys(document, exchanges)
    if without_keys:
        exchanges = [_with_masked_key(document, exchange) for exchange in exchanges]
    redacted = sorted(map(redaction.redact, exchanges), key=lambda exchange: exchange.at)
    notes = tuple(_notes(skipped, without_request_body + without_response_body, without_keys))
    return Recording(tuple(redacted), base or first_base_url, notes)


def _no_requests_error(document: Document, skipped: int, base: str) -> RecordingError:
    if not skipped:
        return RecordingError("the recording contains no requests")
    base = base or f"the path {document.base_path or '/'} of any host"
    return RecordingError(
        f"the recording contains {count_of(skipped, 'request')}, but none of {document.title}"
        f" below {base}; try another BASE_URL"
    )


def _read_log(data: bytes) -> dict[str, Json]:
    text = data.removeprefix(BOM_UTF8)
    if not text.strip():
        raise RecordingError("the recording is empty")
    try:
        har = parse_json(text)
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"the recording is not valid JSON: {error}") from error
    _validate("file", har, "the recording is not HAR: ")
    log: dict[str, Json] = har["log"]
    return log


def _validate(kind: str, data: Json, prefix: str = "") -> None:
    problem = next(iter(_har_schema(kind).errors(data)), None)
    if problem is not None:
        place = format_pointer(problem.path) or "the root"
        raise RecordingError(f"{prefix}{place} {problem.message}")


def _call_of(document: Document, entry: Json, base: str) -> Call | None:
    """Return the request of an entry, without headers and body; None if it is not of the API.

    Raises RecordingError if it is of the API, but invalid.
    """
    request = entry.get("request") if isinstance(entry, dict) else None
    method, url = (get_or_none(request, (name,)) for name in ("method", "url"))
    if not isinstance(method, str) or not isinstance(url, str):
        return None
    path = path_below(url, base or document.base_path)
    match = document.match(method.upper(), path) if path is not None else None
    if not isinstance(match, OperationMatch):
        return None
    _validate("entry", entry)
    query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return Call(match.operation.id, match.path_parameters, query)


def _exchange(document: Document, call: Call, entry: Mapping[str, Json]) -> Exchange:
    headers, body = request_from(entry)
    took = max(0.0, (entry["time"] or 0) / 1000)
    began = datetime.fromisoformat(entry["startedDateTime"])
    at = (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp() + took
    if not 0 <= at < _YEAR_10000:
        raise ValueError("startedDateTime is not between 1970 and 9999")
    call = replace(call, headers=headers, body=body)
    return read_exchange(document, call, reply_from(entry), at=at, took=took)


def _lacks_keys(document: Document, exchanges: Iterable[Exchange]) -> bool:
    """Return True if the recorder removed every API key, as browsers do."""
    credentials = document.credentials
    return credentials is not None and not any(credentials.header in e.headers for e in exchanges)


def _with_masked_key(document: Document, exchange: Exchange) -> Exchange:
    """Return the exchange with a masked key, so that it does not seem to be sent without one."""
    credentials = document.credentials
    if credentials is None:
        return exchange
    key = f"{credentials.scheme} {KEY_MASK}".strip()
    headers = {**exchange.call.headers, credentials.header: key}
    return replace(exchange, call=replace(exchange.call, headers=headers))


def _notes(skipped: int, without_body: int, without_keys: bool) -> Iterator[str]:
    if skipped:
        were, they = ("was", "it is") if skipped == 1 else ("were", "they are")
        yield f"{count_of(skipped, 'request')} {were} skipped because {they} not of the API"
    if without_body:
        were = "was" if without_body == 1 else "were"
        exchanges = count_of(without_body, "exchange")
        yield f"{exchanges} {were} recorded without a body and cannot be checked"
    if without_keys:
        yield "the recording contains no API keys, so authentication is not checked"


@cache
def _har_schema(kind: str) -> Schema:
    """Return the schema of the fields that are read, for a "file" or for an "entry"."""
    text = FilePath(__file__).with_name("har.schema.json").read_text(encoding="utf-8")
    return Schema(orjson.loads(text), f"/{kind}")


_YEAR_10000 = 253_402_300_800  # in Unix seconds; dates end before it
