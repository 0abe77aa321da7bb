"""Recorded traffic: a HAR file of ours, or of a browser or a proxy."""

from __future__ import annotations

from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path as FilePath
from urllib.parse import parse_qsl, urlsplit

import orjson

from ..openapi import Call, Document, Match
from ..openapi.json import Json
from ..openapi.pointer import format_pointer
from ..openapi.schema import Schema
from .exchange import Exchange, read_exchange
from .har import read_reply, read_request, write_entry
from .redaction import REDACTED, Redaction


class RecordingError(ValueError):
    """What is given as a recording cannot be read as one, or holds nothing of the API."""


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
    document: Document, exchanges: Iterable[Exchange], *, base_url: str, version: str
) -> bytes:
    """A recording as the text of a HAR file; `version` is the toolkit's own."""
    log = {
        "version": "1.2",
        "creator": {"name": "aisa-testkit", "version": version},
        "pages": [],
        "entries": [write_entry(document, exchange, base_url) for exchange in exchanges],
        "_baseUrl": base_url,
    }
    return orjson.dumps({"log": log}, option=orjson.OPT_INDENT_2) + b"\n"


def read_recording(document: Document, data: bytes, *, base_url: str = "") -> Recording:
    """The calls of the document's operations that a HAR file holds.

    Requests that are below `base_url` count, or else below the address that the recording itself
    names, or else those of any host with the document's base path. Raises RecordingError.
    """
    log = _log(data)
    base = (base_url or log.get("_baseUrl", "")).rstrip("/")
    exchanges, redaction = list[Exchange](), Redaction(document)
    left_out = bodiless = 0
    for number, entry in enumerate(log["entries"]):
        try:
            exchange = _exchange(document, entry, base)
        except (ValueError, Base64Error, OverflowError) as error:
            raise RecordingError(f"entry {number} of the recording: {error}") from error
        if exchange is None:
            left_out += 1
            continue
        bodiless += exchange.reply is None and entry["response"]["status"] != 0
        redaction.learn(exchange.headers)
        exchanges.append(exchange)
    if not exchanges:
        below = base or f"any host with the path {document.base_path or '/'}"
        raise RecordingError(
            f"none of its {left_out} requests is one of {document.title} below {below};"
            " another BASE_URL may be right"
        )
    stripped = _stripped(document, exchanges)
    keyed = [_keyed(document, exchange) for exchange in exchanges] if stripped else exchanges
    clean = sorted(map(redaction.exchange, keyed), key=lambda exchange: exchange.at)
    return Recording(tuple(clean), base, tuple(_notes(left_out, bodiless, stripped)))


def _log(data: bytes) -> dict[str, Json]:
    if not data.strip():
        raise RecordingError("the recording is empty")
    try:
        har = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"the recording is not whole JSON: {error}") from error
    finding = next(iter(_har().findings(har)), None)
    if finding is not None:
        place = format_pointer(finding.path) or "the whole"
        raise RecordingError(f"the recording is not HAR: {place} {finding.message}")
    log: dict[str, Json] = har["log"]
    return log


def _exchange(document: Document, entry: Mapping[str, Json], base: str) -> Exchange | None:
    """The entry as an exchange; None if it is no call of an operation."""
    method, url = entry["request"]["method"].upper(), entry["request"]["url"]
    parts = urlsplit(url)
    below = url.partition("?")[0].removeprefix(base) if base else parts.path
    if base and not url.startswith(f"{base}/"):
        return None
    if not base:
        if not below.startswith(document.base_path):
            return None
        below = below[len(document.base_path) :]
    match = document.match(method, below)
    if not isinstance(match, Match):
        return None
    headers, body = read_request(entry)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    call = Call(match.operation.id, match.path_parameters, query, headers, body)
    took = max(0.0, entry["time"] / 1000)
    began = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    return read_exchange(document, call, read_reply(entry), at=began + took, took=took)


def _stripped(document: Document, exchanges: Iterable[Exchange]) -> bool:
    """Whether whoever recorded has left out every key, as browsers do."""
    credentials = document.credentials
    return credentials is not None and not any(credentials.header in e.headers for e in exchanges)


def _keyed(document: Document, exchange: Exchange) -> Exchange:
    """The exchange with a key in its place, so that nobody takes it for one without."""
    credentials = document.credentials
    if credentials is None:
        return exchange
    key = f"{credentials.scheme} {REDACTED}".strip()
    headers = {**exchange.call.headers, credentials.header: key}
    return replace(exchange, call=replace(exchange.call, headers=headers))


def _notes(left_out: int, bodiless: int, stripped: bool) -> Iterator[str]:
    if left_out:
        yield f"{left_out} recorded requests are no calls of the API and were left out"
    if bodiless:
        yield f"{bodiless} answers were recorded without their bodies and cannot be judged"
    if stripped:
        yield "the recording holds no keys, so nothing is said about who is let in"


@cache
def _har() -> Schema:
    """What is read of a HAR file."""
    text = FilePath(__file__).with_name("har.schema.json").read_text(encoding="utf-8")
    return Schema(orjson.loads(text), "")
