"""Exchanges as entries of HAR 1.2, the format in which browsers and proxies record traffic."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from ...openapi import Call, Document, Reply
from ...openapi.errors import FormError
from ...openapi.form import parse_form
from ...openapi.json import Json
from ...openapi.operation import FORM
from .exchange import Exchange
from .recorded_form import form_from_har, part_to_har
from .request_builder import url_of


def entry_from(document: Document, exchange: Exchange, base_url: str) -> dict[str, Json]:
    """Return an exchange as an entry of HAR; custom fields begin with an underscore."""
    call, reply = exchange.call, exchange.reply
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
        "response": _response(reply),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    if call.body:
        entry["request"]["postData"] = _post_data(call)
    return entry


def request_from(entry: Mapping[str, Json]) -> tuple[dict[str, str], bytes]:
    """Return the headers, names in lower case, and the body of the request of an entry."""
    request = entry["request"]
    headers, data = _headers(request["headers"]), request.get("postData")
    if not data:
        return headers, b""
    media_type = headers.setdefault("content-type", data.get("mimeType") or "")
    text, parts = data.get("text") or "", data.get("params")
    body = b64decode(text) if data.get("_encoding") == "base64" else text.encode()
    is_form = media_type.lower().startswith(FORM)
    if is_form:
        parts = parts or _form_parameters(media_type, body)
    if parts and is_form:
        headers["content-type"], body = form_from_har(parts)
    return headers, body


def lacks_body(entry: Mapping[str, Json]) -> bool:
    """Return True if the body of the request was not recorded, as browsers do with files."""
    data = entry["request"].get("postData")
    return bool(data) and data.get("text") is None and not data.get("params")


def reply_from(entry: Mapping[str, Json]) -> Reply | None:
    """Return the response of an entry, None if there is none or its body was not recorded."""
    response = entry["response"]
    content = response["content"]
    text = content.get("text")
    if response["status"] == 0 or (text is None and (content.get("size") or 0) > 0):
        return None
    encoded = (content.get("encoding") or "").lower() == "base64"
    body = b64decode(text or "") if encoded else (text or "").encode()
    return Reply(response["status"], _headers(response["headers"]), body)


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


def _response(reply: Reply | None) -> dict[str, Json]:
    if reply is None:
        reply, error = Reply(0), {"_error": "no complete response"}
    else:
        error = {}
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
_STATUSES = {status.value for status in HTTPStatus}
