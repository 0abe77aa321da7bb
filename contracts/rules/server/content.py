"""The laws of a finished job's file: that it is there, and that it is what was asked for."""

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


def content_violations(
    document: Document,
    exchange: Exchange,
    number: int,
    last: ObservedJob,
    *,
    requested_fields: Mapping[str, Json],
    server_time: float,
    uncertainty: float,
) -> Iterator[Violation]:
    """What is wrong with the answer to a request for the file of a job that has succeeded. `asked`
    are the fields that the job was made with, `now` is the moment on the clock of the server, known
    to so many seconds.
    """
    reply = exchange.reply
    if reply is None:
        return

    def wrong(rule: Rule, received: str, expected: str, *, place: str | None = None) -> Violation:
        return violation_of(
            rule, exchange, number, place=place, received=received, expected=expected
        )

    if reply.status in _REFUSED and not exchange.arguments.problems:
        if _seconds_left(document, last, server_time) > uncertainty:
            received = f"{reply.status} for {last.view.job_id}, which is {last.state.name}"
            yield wrong(catalogue.CONTENT_REFUSED, received, "its file")
    elif reply.status in (200, 206) and _seconds_left(document, last, server_time) < -uncertainty:
        received = f"a file of {last.view.job_id}, which had expired"
        yield wrong(catalogue.CONTENT_EXPIRED, received, "a refusal")
    elif reply.status == 206:
        yield from _part(exchange, reply, number)
    elif reply.status == 200 and (reply.body or reply.headers.get("content-length") == "0"):
        # Without a body it may be the answer to HEAD.
        yield from _whole(document, exchange, reply, number, last, requested_fields)


def _seconds_left(document: Document, last: ObservedJob, now: float) -> float:
    """The seconds until the file may go, infinite if that is not known."""
    expiry = last.value_at(document.lifecycle.expiry_at) if document.lifecycle.expiry_at else None
    return expiry - now if is_number(expiry) else float("inf")


def _whole(
    document: Document,
    exchange: Exchange,
    reply: Reply,
    number: int,
    last: ObservedJob,
    asked: Mapping[str, Json],
) -> Iterator[Violation]:
    media_type = media_type_of(reply.headers)
    wanted = _variant(exchange)
    if wanted and media_type in exchange.operation.success.content and media_type != wanted:
        yield violation_of(
            catalogue.CONTENT_TYPE, exchange, number, received=media_type, expected=wanted
        )
        return
    if media_type.startswith("image/"):
        came = image_type(reply.body)
        if came != media_type:
            yield violation_of(
                catalogue.CONTENT_TYPE,
                exchange,
                number,
                received=came or "bytes of no known image",
                expected=media_type,
            )
    elif media_type == "video/mp4":
        try:
            video = read_mp4(reply.body)
        except InvalidMp4 as error:
            yield violation_of(
                catalogue.CONTENT_TYPE,
                exchange,
                number,
                received=f"{len(reply.body)} bytes that are no whole MP4: {error}",
                expected="an MP4 file",
            )
        else:
            yield from _video(document, exchange, number, video, last, asked)


def _variant(exchange: Exchange) -> str | None:
    """The media type of the file that was asked for, where the document says which is which."""
    for name, parameter in exchange.operation.query.items():
        if parameter.variants:
            return parameter.variants.get(str(exchange.arguments.query.get(name)))
    return None


def _video(
    document: Document,
    exchange: Exchange,
    number: int,
    video: Mp4,
    last: ObservedJob,
    asked: Mapping[str, Json],
) -> Iterator[Violation]:
    media = exchange.operation.media
    if media is None:
        return
    size = _SIZE.fullmatch(str(_told(document, media.size, last, asked)))
    if size and (video.width, video.height) != (int(size[1]), int(size[2])):
        yield violation_of(
            catalogue.CONTENT_SIZE,
            exchange,
            number,
            received=f"{video.width}x{video.height}",
            expected=size[0],
        )
    seconds = _SECONDS.fullmatch(str(_told(document, media.seconds, last, asked)))
    if seconds and video.seconds and abs(video.seconds - float(seconds[1])) > _TOLERANCE_SECONDS:
        yield violation_of(
            catalogue.CONTENT_DURATION,
            exchange,
            number,
            received=f"{video.seconds:.2f} seconds",
            expected=f"{seconds[1]} seconds",
        )


def _told(
    document: Document, field: str | None, last: ObservedJob, asked: Mapping[str, Json]
) -> Json:
    """What the job says of a request field, or what was asked for where it says nothing."""
    for echo in document.lifecycle.echoes:
        if echo.field == field:
            return last.value_at(echo.at)
    return asked.get(field or "")


def _part(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Whether a part is the one that Range asked for (RFC 9110, section 14)."""
    if reply.headers.get("content-type", "").startswith("multipart/"):
        return  # several parts, each of which says for itself which it is
    wanted, part = exchange.headers.get("range", ""), content_range(reply)
    first, last, length = part or (0, -1, None)
    if last - first + 1 != len(reply.body) or part is None:
        received = f"{quote(reply.headers.get('content-range'))} with {len(reply.body)} bytes"
        expected = "the bytes that are sent, as `bytes FIRST-LAST/LENGTH`"
    elif not _is_within(wanted, first, last, length):
        received, expected = f"bytes {first} to {last}", f"what was asked for, {wanted or 'all'}"
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
    """The first and the last byte of a part, and the length of the whole, None where it is not
    said; None if there is no such header.
    """
    said = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", ""))
    if said is None:
        return None
    return int(said[1]), int(said[2]), None if said[3] == "*" else int(said[3])


def _is_within(wanted: str, first: int, last: int, length: int | None) -> bool:
    """Whether these bytes are those of a range; of an odd one that cannot be told."""
    asked = _RANGE.fullmatch(wanted)
    if asked is None:
        return bool(wanted)
    if not asked[1]:  # the last so many bytes
        whole = last + 1 if length is None else length
        return last == whole - 1 and last - first + 1 <= int(asked[2] or 0)
    return first == int(asked[1]) and (not asked[2] or last <= int(asked[2]))


_REFUSED = (400, 404, 409, 410, 422, 425)
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?)")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_TOLERANCE_SECONDS = 0.5
