"""Rules for the file of a completed job: available until it expires, and of the requested kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ....openapi import Document, Reply
from ....openapi.image import image_type
from ....openapi.json import Json
from ....openapi.messages import media_type_of
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import is_number
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .lifecycle import ObservedJob
from .mp4 import InvalidMp4, Mp4, read_mp4
from .server_clock import ServerTime


def content_violations(
    document: Document,
    exchange: Exchange,
    number: int,
    last: ObservedJob,
    *,
    requested_fields: Mapping[str, Json],
    server_time: ServerTime,
) -> Iterator[Violation]:
    """Yield the violations in a response to a request for the file of a completed job.

    Args:
        document: The document of the API.
        exchange: The request for the file and its response.
        number: The number of the exchange in the history.
        last: The last view of the job.
        requested_fields: The fields of the request that created the job.
        server_time: The time of the server at the response.
    """
    reply = exchange.reply
    if reply is None:
        return

    def violation(rule: Rule, received: str, expected: str) -> Violation:
        return violation_of(rule, exchange, number, received=received, expected=expected)

    seconds_left = _seconds_until_expiry(document, last, server_time.unix_time)
    if reply.status in _REJECTIONS and not exchange.arguments.problems:
        if seconds_left > server_time.uncertainty:
            received = f"{reply.status} for {last.view.job_id}, which is {last.state.name}"
            yield violation(catalogue.CONTENT_UNAVAILABLE, received, "the file of the job")
    elif reply.status in (200, 206) and seconds_left < -server_time.uncertainty:
        received = f"a file of {last.view.job_id}, which has expired"
        yield violation(catalogue.CONTENT_AFTER_EXPIRY, received, "a rejection")
    elif reply.status == 206:
        yield from _range_violations(exchange, reply, number)
    elif reply.status == 200 and (reply.body or reply.headers.get("content-length") == "0"):
        # A response without a body, but with a length, may be a response to HEAD.
        yield from _file_violations(document, exchange, reply, number, last, requested_fields)


def _seconds_until_expiry(document: Document, last: ObservedJob, unix_time: float) -> float:
    """Return the seconds until the file may be removed; infinity if that is not known."""
    place = document.lifecycle.expiry_at
    expiry = last.value_at(place) if place else None
    return expiry - unix_time if is_number(expiry) else float("inf")


def _file_violations(
    document: Document,
    exchange: Exchange,
    reply: Reply,
    number: int,
    last: ObservedJob,
    requested_fields: Mapping[str, Json],
) -> Iterator[Violation]:
    def wrong_type(received: str, expected: str) -> Violation:
        return violation_of(
            catalogue.CONTENT_TYPE, exchange, number, received=received, expected=expected
        )

    media_type = media_type_of(reply.headers)
    requested_type = _requested_media_type(exchange)
    documented = media_type in exchange.operation.success.content
    if requested_type and documented and media_type != requested_type:
        yield wrong_type(media_type, requested_type)
    elif media_type.startswith("image/"):
        detected = image_type(reply.body)
        if detected != media_type:
            yield wrong_type(detected or "bytes that are not a known image format", media_type)
    elif media_type == "video/mp4":
        try:
            video = read_mp4(reply.body)
        except InvalidMp4 as error:
            received = f"{len(reply.body)} bytes that are not a complete MP4 file: {error}"
            yield wrong_type(received, "an MP4 file")
        else:
            yield from _video_violations(document, exchange, number, video, last, requested_fields)


def _requested_media_type(exchange: Exchange) -> str | None:
    """Return the media type of the requested variant, if the document maps variants to types."""
    for name, parameter in exchange.operation.query.items():
        if parameter.variants:
            return parameter.variants.get(str(exchange.arguments.query.get(name)))
    return None


def _video_violations(
    document: Document,
    exchange: Exchange,
    number: int,
    video: Mp4,
    last: ObservedJob,
    requested_fields: Mapping[str, Json],
) -> Iterator[Violation]:
    media = exchange.operation.media
    if media is None:
        return
    size = _SIZE.fullmatch(str(_field_value(document, media.size, last, requested_fields)))
    if size and (video.width, video.height) != (int(size[1]), int(size[2])):
        yield violation_of(
            catalogue.CONTENT_SIZE,
            exchange,
            number,
            received=f"{video.width}x{video.height}",
            expected=size[0],
        )
    seconds = _SECONDS.fullmatch(str(_field_value(document, media.seconds, last, requested_fields)))
    if seconds and video.seconds and abs(video.seconds - float(seconds[1])) > _TOLERANCE_SECONDS:
        yield violation_of(
            catalogue.CONTENT_DURATION,
            exchange,
            number,
            received=f"{video.seconds:.2f} seconds",
            expected=f"{seconds[1]} seconds",
        )


def _field_value(
    document: Document,
    field: str | None,
    last: ObservedJob,
    requested_fields: Mapping[str, Json],
) -> Json:
    """Return a request field as the job repeats it, or as the request had it if it does not."""
    for echo in document.lifecycle.echoes:
        if echo.field == field:
            return last.value_at(echo.at)
    return requested_fields.get(field or "")


def _range_violations(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Yield a violation if a partial response is not the requested range (RFC 9110, section 14)."""
    if reply.headers.get("content-type", "").startswith("multipart/"):
        return  # several ranges, each with its own Content-Range in the body
    requested, received_range = exchange.headers.get("range", ""), content_range(reply)
    first, last, length = received_range or (0, -1, None)
    if last - first + 1 != len(reply.body) or received_range is None:
        header = reply.headers.get("content-range")
        shown = "no header" if header is None else quote(header)
        received = f"{shown} with {len(reply.body)} bytes"
        expected = "the range of the bytes in the body, as `bytes FIRST-LAST/LENGTH`"
    elif not _is_within(requested, first, last, length):
        received = f"bytes {first} to {last}"
        expected = f"the requested range, {requested or 'the whole file'}"
    else:
        return
    yield violation_of(
        catalogue.CONTENT_RANGE,
        exchange,
        number,
        place="content-range",
        received=received,
        expected=expected,
    )


def content_range(reply: Reply) -> tuple[int, int, int | None] | None:
    """Return the Content-Range of a response, None if it is missing or invalid.

    It is the positions of the first and the last byte, and the length of the whole file, None if
    the server does not know it.
    """
    match = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", ""))
    if match is None:
        return None
    return int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])


def _is_within(requested: str, first: int, last: int, length: int | None) -> bool:
    """Return True if these bytes are in the requested range, or if that is in another unit."""
    match = _RANGE.fullmatch(requested)
    if match is None:
        return bool(requested)
    if not match[1]:  # "-N": the last N bytes
        file_length = last + 1 if length is None else length
        return last == file_length - 1 and last - first + 1 <= int(match[2] or 0)
    return first == int(match[1]) and (not match[2] or last <= int(match[2]))


_REJECTIONS = (400, 404, 409, 410, 422, 425)
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?)")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_TOLERANCE_SECONDS = 0.5
