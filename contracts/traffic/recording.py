"""Recorded traffic: a HAR file of ours, or of a browser or a proxy."""

from __future__ import annotations

from binascii import Error as Base64Error
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path as FilePath
from urllib.parse import SplitResult, parse_qsl, urlsplit

import orjson

from ...openapi import Call, Document, OperationMatch
from ...openapi.json import Json
from ...openapi.pointer import format_pointer
from ...openapi.schema import Schema
from ...openapi.text import count_of
from ..errors import RecordingError
from .exchange import Exchange, read_exchange
from .har import entry_from, lacks_body, reply_from, request_from
from .job_views import get_or_none
from .redaction import MASK, Redaction


@dataclass(frozen=True, slots=True)
class Recording:
    """The exchanges of a recording in the order of their answers, without keys.

    `base_url` is what they were addressed to, empty where that is not known; `notes` say what could
    not be taken from it.
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
    """A recording as the text of a HAR file; `version` is the toolkit's, `comment` for people."""
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
    """The calls of the document's operations that a HAR file holds.

    Requests that are below `base_url` count, or else below the address that the recording itself
    names, or else those of any host with the document's base path. `keys` are masked like those in
    its headers. Raises RecordingError.
    """
    log = _log(data)
    base = base_url or _without_user(log.get("_baseUrl", ""))
    exchanges, redaction, bodiless = list[Exchange](), Redaction(document, keys=keys), 0
    lost, first = 0, ""
    for number, entry in enumerate(log["entries"]):
        try:
            call = _call(document, entry, base)
            if call is None:
                continue
            if lacks_body(entry):
                lost += 1
                continue
            exchange = _exchange(document, call, entry)
        except (ValueError, Base64Error, OverflowError) as error:
            raise RecordingError(f"entry {number} of the recording: {error}") from error
        bodiless += exchange.reply is None and entry["response"]["status"] != 0
        redaction.add_keys_from(exchange.headers)
        exchanges.append(exchange)
        first = first or _server_of(entry["request"]["url"], document)
    left_out = len(log["entries"]) - len(exchanges) - lost
    if not exchanges:
        raise _nothing(document, left_out, base)
    stripped = _stripped(document, exchanges)
    keyed = [_keyed(document, exchange) for exchange in exchanges] if stripped else exchanges
    clean = sorted(map(redaction.redact, keyed), key=lambda exchange: exchange.at)
    notes = tuple(_notes(left_out, bodiless + lost, stripped))
    return Recording(tuple(clean), base or first, notes)


def _nothing(document: Document, left_out: int, base: str) -> RecordingError:
    if not left_out:
        return RecordingError("the recording holds no requests")
    below = base or f"any host with the path {document.base_path or '/'}"
    return RecordingError(
        f"none of its {left_out} requests is one of {document.title} below {below};"
        " another BASE_URL may be right"
    )


def _log(data: bytes) -> dict[str, Json]:
    text = data.removeprefix(BOM_UTF8)
    if not text.strip():
        raise RecordingError("the recording is empty")
    try:
        har = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"the recording is not whole JSON: {error}") from error
    _require("file", har, "the recording is not HAR: ")
    log: dict[str, Json] = har["log"]
    return log


def _require(kind: str, data: Json, words: str = "") -> None:
    finding = next(iter(_har(kind).errors(data)), None)
    if finding is not None:
        place = format_pointer(finding.path) or "the whole"
        raise RecordingError(f"{words}{place} {finding.message}")


def _call(document: Document, entry: Json, base: str) -> Call | None:
    """What an entry asked for, without its headers and body; None if it is no call of the API.

    Raises RecordingError if it is one, and cannot be read.
    """
    request = entry.get("request") if isinstance(entry, dict) else None
    method, url = (get_or_none(request, (name,)) for name in ("method", "url"))
    if not isinstance(method, str) or not isinstance(url, str):
        return None
    below = _below(url, base or document.base_path)
    match = document.match(method.upper(), below) if below is not None else None
    if not isinstance(match, OperationMatch):
        return None
    _require("entry", entry)
    query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return Call(match.operation.id, match.path_parameters, query)


def _below(url: str, base: str) -> str | None:
    """The path below a base, which is a URL or a path of any host; None for what is not there."""
    try:
        asked, known = urlsplit(url), urlsplit(base)
        if asked.scheme not in _PORTS or (known.scheme and _origin(asked) != _origin(known)):
            return None
    except ValueError:
        return None
    path = known.path.rstrip("/")
    return asked.path[len(path) :] if asked.path.startswith(f"{path}/") else None


def _without_user(url: str) -> str:
    """The URL without a user and a password, which would stand in every report."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme, 0)


def _exchange(document: Document, call: Call, entry: Mapping[str, Json]) -> Exchange:
    headers, body = request_from(entry)
    took = max(0.0, (entry["time"] or 0) / 1000)
    began = datetime.fromisoformat(entry["startedDateTime"])
    at = (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp() + took
    if not 0 <= at < _END:
        raise ValueError("startedDateTime is no moment at which a server can have answered")
    sent = replace(call, headers=headers, body=body)
    return read_exchange(document, sent, reply_from(entry), at=at, took=took)


def _stripped(document: Document, exchanges: Iterable[Exchange]) -> bool:
    """Whether whoever recorded has left out every key, as browsers do."""
    credentials = document.credentials
    return credentials is not None and not any(credentials.header in e.headers for e in exchanges)


def _keyed(document: Document, exchange: Exchange) -> Exchange:
    """The exchange with a key in its place, so that nobody takes it for one without."""
    credentials = document.credentials
    if credentials is None:
        return exchange
    key = f"{credentials.scheme} {MASK}".strip()
    headers = {**exchange.call.headers, credentials.header: key}
    return replace(exchange, call=replace(exchange.call, headers=headers))


def _notes(left_out: int, bodiless: int, stripped: bool) -> Iterator[str]:
    if left_out:
        requests = f"{count_of(left_out, 'request')} {'was' if left_out == 1 else 'were'}"
        yield f"{requests} left out, being no call of the API"
    if bodiless:
        exchanges = f"{count_of(bodiless, 'exchange')} {'was' if bodiless == 1 else 'were'}"
        yield f"{exchanges} recorded without a body, and cannot be judged"
    if stripped:
        yield "the recording holds no keys, so nothing is said about who is let in"


def _server_of(url: str, document: Document) -> str:
    """The base URL of a request below the document's base path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{document.base_path}"


@cache
def _har(kind: str) -> Schema:
    """What is read of a HAR file, or of an entry."""
    text = FilePath(__file__).with_name("har.schema.json").read_text(encoding="utf-8")
    return Schema(orjson.loads(text), f"/{kind}")


_END = 253_402_300_800  # the year 10000, behind all that can be written as a date
_PORTS = {"http": 80, "https": 443}
