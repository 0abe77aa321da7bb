"""Exchanges as entries of HAR 1.2, the format in which browsers and proxies record traffic."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from ...openapi import Call, Document, Reply
from ...openapi.errors import FormError
from ...openapi.form import parse_form
from ...openapi.json import Json
from ...openapi.operation import FORM
from .exchange import Exchange
from .recorded_body import recorded_request_body, recorded_response_body
from .recorded_form import form_from_har, part_to_har
from .request_builder import url_of


def entry_from(document: Document, exchange: Exchange, base_url: str) -> dict[str, Json]:
    """Return an exchange as an entry of HAR; custom fields begin with an underscore."""
    call = document.sent(exchange.call)
    began = datetime.fromtimestamp(min(exchange.at - exchange.took, _LAST_UNIX_TIME), UTC)
    milliseconds = exchange.took * 1000
    entry: dict[str, Json] = {
        "startedDateTime": began.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time": milliseconds,
        "request": {
            "method": exchange.operation.method,
            "url": url_of(document, call, base_url),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _header_list(call.headers),
            "queryString": [{"name": name, "value": value} for name, value in call.query],
            "headersSize": -1,
            "bodySize": len(call.body),
        },
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    if call.body:
        entry["request"]["postData"] = _post_data(call)
    return entry


def request_from(
    entry: Mapping[str, Json], *, expects_body: bool = True
) -> tuple[dict[str, str], bytes | None]:
    """Return the headers, names in lower case, and the body of the request of an entry.

    The body is None if it was not recorded, as browsers do with files.

    Args:
        entry: The entry of the recording.
        expects_body: True if the operation has a body.
    """
    request = entry["request"]
    headers, data = _headers(request["headers"]), request.get("postData") or {}
    if data:
        headers.setdefault("content-type", data.get("mimeType") or "")
    is_form = headers.get("content-type", "").lower().startswith(FORM)
    parts, body = data.get("params"), None
    if not (parts and is_form):
        body = recorded_request_body(request, headers, expects_body=expects_body)
        parts = _form_parameters(headers["content-type"], body) if is_form and body else None
    if parts:
        headers["content-type"], body = form_from_har(parts)
    return headers, body


def reply_from(entry: Mapping[str, Json]) -> Reply | None:
    """Return the response of an entry, None if there is none or its body was not recorded."""
    response = entry["response"]
    if lacks_response(entry):
        return None
    headers = _headers(response["headers"])
    if entry["request"]["method"].upper() == "HEAD":
        return Reply(response["status"], headers)
    body = recorded_response_body(response, headers)
    if body is None:
        return None
    size = (response.get("content") or {}).get("size")
    if "content-length" in headers and size not in (None, len(body)):
        # The recorder encoded the body again, so the length is not that of the server.
        headers["content-length"] = str(len(body))
    return Reply(response["status"], headers, body)


def is_broken(entry: Mapping[str, Json]) -> bool:
    """Return True if the entry is ours, and says that the server broke the connection."""
    return lacks_response(entry) and entry["response"].get("_error") == _BROKEN


def problem_of(entry: Mapping[str, Json]) -> str:
    """Return the reason why there is no response, empty if the entry does not contain it."""
    comment = entry["response"].get("comment") if is_broken(entry) else ""
    return comment if isinstance(comment, str) else ""


def lacks_response(entry: Mapping[str, Json]) -> bool:
    """Return True if the request was aborted: recorders write the status 0 or -1, or none."""
    status = entry["response"].get("status")
    return status is None or status <= 0


def _post_data(call: Call) -> dict[str, Json]:
    media_type = call.headers.get("content-type", "")
    if media_type.startswith(FORM) and (parts := _form_parameters(media_type, call.body)):
        return {"mimeType": media_type, "params": parts}
    try:
        return {"mimeType": media_type, "text": call.body.decode()}
    except UnicodeDecodeError:
        return {"mimeType": media_type, "text": _base64(call.body), "_encoding": "base64"}


def _form_parameters(media_type: str, body: bytes) -> list[dict[str, Json]]:
    """Return the parts of a form as parameters of HAR, none if the form is malformed."""
    try:
        return [part_to_har(part) for part in parse_form(media_type, body)]
    except (FormError, UnicodeDecodeError):
        return []


def _response(exchange: Exchange) -> dict[str, Json]:
    reply, error = exchange.reply or Reply(0), {}
    if exchange.reply is None:
        error["comment"] = exchange.problem
        if exchange.was_recorded:
            error["_error"] = _BROKEN
    content: dict[str, Json] = {
        "size": len(reply.body),
        "mimeType": reply.headers.get("content-type", ""),
    }
    try:
        content["text"] = reply.body.decode()
    except UnicodeDecodeError:
        content |= {"text": _base64(reply.body), "encoding": "base64"}
    return {
        "status": reply.status,
        "statusText": HTTPStatus(reply.status).phrase if reply.status in _STATUSES else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _header_list(reply.headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(reply.body),
        **error,
    }


def _header_list(headers: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _headers(header_list: list[Json]) -> dict[str, str]:
    """Return headers by their names in lower case, with duplicate names joined by a comma.

    The pseudo-headers of HTTP/2 are left out.
    """
    headers: dict[str, str] = {}
    for header in header_list:
        name = header["name"].lower()
        if not name.startswith(":"):
            known = headers.get(name)
            headers[name] = header["value"] if known is None else f"{known}, {header['value']}"
    return headers


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


# The last second of the last date; a mock clock may be set to a later time.
_LAST_UNIX_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_BROKEN = "no complete response"
_STATUSES = {status.value for status in HTTPStatus}
