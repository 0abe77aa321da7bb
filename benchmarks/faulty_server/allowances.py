"""The changes that make benign variants: each is one that the document allows."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

from starlette.responses import Response

from .answers import JSON, ChunkedAnswer, SlowAnswer, value_of, with_body, with_header, with_json
from .behaviour import Asked, Look
from .jobs import Fields, Json, Stage
from .refusal import Refusal, broken, busy

BARE = (
    "content-type",
    "content-length",
    "www-authenticate",
    "allow",
    "retry-after",
    "content-range",
)


def _is_json(response: Response) -> bool:
    return response.headers.get("content-type") == JSON


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def other_order(response: Response, _: Asked) -> Response:
    """Every object with its keys the other way round."""
    return with_json(response, _reversed) if _is_json(response) else response


def other_text(response: Response, _: Asked) -> Response:
    """The same value with line breaks, and escapes for what is not ASCII."""
    if not _is_json(response):
        return response
    return with_body(response, json.dumps(value_of(response), indent=2).encode())


def charset(response: Response, _: Asked) -> Response:
    """JSON that says its charset."""
    if _is_json(response):
        response.headers["content-type"] = f"{JSON}; charset=utf-8"
    return response


def bare(response: Response, _: Asked) -> Response:
    """An answer with the headers that HTTP cannot do without."""
    for name in [name for name in response.headers if name.lower() not in BARE]:
        del response.headers[name]
    return response


def more_headers(response: Response, _: Asked) -> Response:
    """An answer with headers that the document does not know."""
    for name, value in (("Vary", "Accept"), ("Cache-Control", "no-store"), ("Server", "edge/1")):
        response.headers[name] = value
    return response


def zipped(response: Response, asked: Asked) -> Response:
    """JSON as gzip for who takes gzip."""
    if "gzip" not in asked.headers.get("accept-encoding", "") or not _is_json(response):
        return response
    zipped = with_body(response, gzip.compress(bytes(response.body)))
    return with_header(zipped, "content-encoding", "gzip")


def in_chunks(response: Response, _: Asked) -> Response:
    """A body in chunks, without its length."""
    sized = "content-length" in response.headers and response.status_code != 304
    return ChunkedAnswer(response, 700) if sized else response


def hung_up(response: Response, _: Asked) -> Response:
    """An answer after which the connection is closed."""
    return with_header(response, "connection", "close")


def slow(response: Response, _: Asked) -> Response:
    """An answer that takes 50 ms."""
    return SlowAnswer(response, 0.05)


def extra_in_jobs(view: Json, _: Look) -> Json:
    """A job with fields that the document does not know."""
    return {"user": "u-1", **view, "usage": {"credits": 3}, "tags": ["demo"]}


def extra_in_errors(body: Json, _: Refusal) -> Json:
    """An error with fields that the document does not know."""
    return {"error": {**body["error"], "doc_url": "https://example.com", "retryable": False}}


def no_param(body: Json, _: Refusal) -> Json:
    """An error without the optional field."""
    return {"error": {name: body["error"][name] for name in body["error"] if name != "param"}}


def param_null(body: Json, _: Refusal) -> Json:
    """An error with null for the field at fault."""
    return {"error": {**body["error"], "param": None}}


def straight(right: Stage, _: Look) -> Stage:
    """From the queue straight to the end."""
    return right if right.final else Stage("queued", 0)


def coarse(right: Stage, _: Look) -> Stage:
    """Work that is at 1 per cent until it is over."""
    return right if right.state != "in_progress" else Stage("in_progress", 1)


def whole_floats(view: Json, _: Look) -> Json:
    """Progress with a fraction of zero."""
    return {**view, "progress": float(view["progress"])}


def busy_once(fields: Fields, number: int) -> Fields:
    """429 to the first valid create."""
    if number == 1:
        raise busy({"Retry-After": "1"})
    return fields


def unavailable_once(right: Stage, look: Look) -> Stage:
    """503 to the second retrieve of each job."""
    if look.operation == "retrieve" and look.job.retrieved == 2:
        raise broken(503)
    return right


def uuid_text(number: int) -> str:
    """An id that is a bare UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number)))
