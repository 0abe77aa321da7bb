"""The entries of HAR files as exchanges, and what of them cannot be checked."""

from __future__ import annotations

from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from pathlib import Path as FilePath
from urllib.parse import parse_qsl, urlsplit

import orjson

from ...openapi import Call, Document, Operation, OperationMatch, Reply
from ...openapi.jobs.file_addresses import FILES_ID
from ...openapi.json import Json
from ...openapi.messages import media_type_of
from ...openapi.pointer import format_pointer, get_or_none
from ...openapi.schema import Schema, Schemas
from ..errors import RecordingError
from .base_url import base_url_of, path_below
from .exchange import Exchange, read_exchange
from .har import is_broken, lacks_response, problem_of, reply_from, request_from
from .recorded_keys import with_our_mask
from .recorded_redirects import RecordedRedirects, is_redirect


class EntryReader:
    """Reads the entries of a HAR file, and counts those that cannot be checked.

    not_of_api: the number of requests that are not of the API
    without_body: the number of requests or responses whose body was not recorded
    without_response: the number of requests that were aborted
    base_url: the base URL of the first request, empty if there is none
    """

    def __init__(self, document: Document, entries: list[Json], base: str) -> None:
        self._document, self._entries, self._base = document, entries, base
        self._redirects = RecordedRedirects(entries, _har_schema("entry"))
        self.not_of_api, self.without_body, self.without_response = 0, 0, 0
        self.base_url = ""

    def read(self) -> list[Exchange]:
        """Return the exchanges in the order of their responses."""
        exchanges, of_api = list[Exchange](), 0
        for number, entry in enumerate(self._entries):
            try:
                call = _call_of(self._document, entry, self._base)
                if call is not None and number not in self._redirects.used:
                    of_api += 1
                    exchange = self._read(number, entry, call)
                    exchanges += [exchange] if exchange else []
            except (ValueError, Base64Error, OverflowError) as error:
                raise RecordingError(f"entry {number} of the recording: {error}") from error
        self.not_of_api = len(self._entries) - len(self._redirects.used) - of_api
        return _in_order(exchanges)

    def _read(self, number: int, entry: Mapping[str, Json], call: Call) -> Exchange | None:
        """Return an exchange; None, and count it, if the body of the request was not recorded."""
        operation = self._document.operation(call.operation_id)
        headers, body = request_from(entry, expects_body=bool(operation.bodies))
        if body is None:
            self.without_body += 1
            return None
        self.base_url = self.base_url or base_url_of(entry["request"]["url"], self._document)
        followed: Mapping[str, Json] | None = entry
        if is_redirect(entry) and entry["response"]["status"] not in operation.responses:
            followed = self._redirects.follow(number, entry)
        reply = reply_from(followed) if followed else None
        if reply and followed is not entry and not _is_documented_success(operation, reply):
            reply = None  # a storage sent it, whose errors are not those of the API
        is_aborted = followed is not None and lacks_response(followed)
        if is_aborted:
            self.without_response += 1
        elif reply is None:
            self.without_body += 1
        call = self._document.received(replace(call, headers=headers, body=body))
        call = replace(call, headers=with_our_mask(self._document, call.headers))
        exchange = _exchange(self._document, call, reply, followed or entry)
        was_recorded = reply is not None or is_broken(entry)
        return replace(exchange, was_recorded=was_recorded, problem=problem_of(entry))


def validate_har(kind: str, data: Json, prefix: str = "") -> None:
    """Validate the fields that are read, of a "file" or an "entry".

    Raises RecordingError with the prefix and the first problem.
    """
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
    if path is None:
        return None
    operation_id, parameters = FILES_ID, document.match_file(path)
    if parameters is None or method.upper() != "GET":
        match = document.match(method.upper(), path)
        if not isinstance(match, OperationMatch):
            return None
        operation_id, parameters = match.operation.id, match.path_parameters
    validate_har("entry", entry)
    query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return Call(operation_id, parameters, query)


def _exchange(
    document: Document, call: Call, reply: Reply | None, entry: Mapping[str, Json]
) -> Exchange:
    took = max(0.0, (entry["time"] or 0) / 1000)
    began = datetime.fromisoformat(entry["startedDateTime"])
    at = (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp() + took
    if not 0 <= at < _YEAR_10000:
        raise ValueError("startedDateTime is not between 1970 and 9999")
    return read_exchange(document, call, reply, at=at, took=took)


def _is_documented_success(operation: Operation, reply: Reply) -> bool:
    response = operation.responses.get(reply.status)
    if response is None or not 200 <= reply.status < 300:
        return False
    return media_type_of(reply.headers) in response.content


def _in_order(exchanges: list[Exchange]) -> list[Exchange]:
    """Return the exchanges in the order of their responses.

    Times in whole seconds do not show that order; the order in the file is kept then.
    """
    starts = [exchange.at - exchange.took for exchange in exchanges]
    if any(abs(start - round(start)) > _ROUNDING for start in starts):
        return sorted(exchanges, key=lambda exchange: exchange.at)
    times = accumulate((exchange.at for exchange in exchanges), max)
    return [replace(exchange, at=at) for exchange, at in zip(exchanges, times, strict=True)]


@cache
def _har_schema(kind: str) -> Schema:
    """Return the schema of the fields that are read, for a "file" or for an "entry"."""
    text = FilePath(__file__).with_name("har.schema.json").read_text(encoding="utf-8")
    return Schemas(orjson.loads(text)).at(f"/{kind}")


_YEAR_10000 = 253_402_300_800  # in Unix seconds; dates end before it
_ROUNDING = 1e-6  # of a time as a float
