"""Recordings: HAR files with the traffic of an API, written by us, by browsers or by proxies."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from ...openapi import Document
from ...openapi.json import Json, parse_json
from ...openapi.text import count_of
from ..errors import NothingRecorded, RecordingError
from .base_url import without_userinfo
from .exchange import Exchange
from .har import entry_from
from .recorded_entries import EntryReader, validate_har
from .recorded_keys import lacks_keys, with_masked_key
from .redaction import Redaction


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

    Raises RecordingError if the file is not HAR, NothingRecorded if it has no request of the API.
    """
    log = _read_log(data)
    base = base_url or without_userinfo(log.get("_baseUrl", ""))
    reader = EntryReader(document, log["entries"], base)
    exchanges = reader.read()
    if not exchanges:
        raise _no_requests_error(document, reader, base)
    without_keys = lacks_keys(document, exchanges)
    if without_keys:
        exchanges = [with_masked_key(document, exchange) for exchange in exchanges]
    redaction = Redaction(document, keys=keys)
    redaction.add_keys_from(*(exchange.headers for exchange in exchanges))
    redacted = tuple(map(redaction.redact, exchanges))
    notes = tuple(_notes(reader, without_keys=without_keys))
    return Recording(redacted, base or reader.base_url, notes)


def _no_requests_error(document: Document, reader: EntryReader, base: str) -> NothingRecorded:
    if reader.without_body:
        return NothingRecorded("the recording contains no bodies of requests")
    if not reader.not_of_api:
        return NothingRecorded("the recording contains no requests")
    base = base or f"the path {document.base_path or '/'} of any host"
    return NothingRecorded(
        f"the recording contains {count_of(reader.not_of_api, 'request')}, but none of"
        f" {document.title} below {base}; try another BASE_URL"
    )


def _read_log(data: bytes) -> dict[str, Json]:
    text = data.removeprefix(BOM_UTF8)
    if not text.strip():
        raise RecordingError("the recording is empty")
    try:
        har = parse_json(text)
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"the recording is not valid JSON: {error}") from error
    validate_har("file", har, "the recording is not HAR: ")
    log: dict[str, Json] = har["log"]
    return log


def _notes(reader: EntryReader, *, without_keys: bool) -> Iterator[str]:
    if reader.not_of_api:
        were, they = ("was", "it is") if reader.not_of_api == 1 else ("were", "they are")
        requests = count_of(reader.not_of_api, "request")
        yield f"{requests} {were} skipped because {they} not of the API"
    if reader.without_body:
        were = "was" if reader.without_body == 1 else "were"
        exchanges = count_of(reader.without_body, "exchange")
        yield f"{exchanges} {were} recorded without a body and cannot be checked"
    if reader.without_response:
        was = "was" if reader.without_response == 1 else "were"
        requests = count_of(reader.without_response, "request")
        yield f"{requests} {was} aborted and cannot be checked"
    if without_keys:
        yield "the recording contains no API keys, so authentication is not checked"
