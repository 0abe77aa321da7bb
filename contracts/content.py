"""The laws of a finished job's file: that it is there, and that it is what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..openapi import Document, Reply
from ..openapi.image import image_type
from ..openapi.json import Json
from ..openapi.schema import show
from . import server_catalogue as catalogue
from .exchange import Exchange
from .job_laws import Seen
from .mp4 import Mp4, NotMp4, read_mp4
from .rule import Rule
from .sighting import is_number
from .violation import Violation, breach


def content_violations(
    document: Document, exchange: Exchange, number: int, last: Seen
) -> Iterator[Violation]:
    """What is wrong with the answer to a request for the file of a job that has succeeded."""
    reply = exchange.reply
    if reply is None:
        return

    def wrong(rule: Rule, received: str, expected: str, *, place: str | None = None) -> Violation:
        return breach(rule, exchange, number, place=place, received=received, expected=expected)

    if reply.status in _REFUSED and not exchange.arguments.problems:
        if _seconds_left(document, exchange, last) > _SKEW_SECONDS:
            received = f"{reply.status} for {last.sighting.job_id}, which is {last.state.name}"
            yield wrong(catalogue.CONTENT_REFUSED, received, "its file")
    elif reply.status in (200, 206) and _seconds_left(document, exchange, last) < -_SKEW_SECONDS:
        received = f"a file of {last.sighting.job_id}, which had expired"
        yield wrong(catalogue.CONTENT_EXPIRED, received, "a refusal")
    elif reply.status == 206:
        yield from _part(exchange, reply, number)
    elif reply.status == 200:
        yield from _whole(document, exchange, reply, number, last)


def _seconds_left(document: Document, exchange: Exchange, last: Seen) -> float:
    """The seconds until the file may go, infinite if that is not known. The server's clock cannot
    be known to the second.
    """
    expiry = last.at(document.lifecycle.expiry_at) if document.lifecycle.expiry_at else None
    return expiry - exchange.at if is_number(expiry) else float("inf")


def _whole(
    document: Document, exchange: Exchange, reply: Reply, number: int, last: Seen
) -> Iterator[Violation]:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.startswith("image/"):
        came = image_type(reply.body)
        if came != media_type:
            yield breach(
                catalogue.CONTENT_TYPE,
                exchange,
                number,
                received=came or "bytes of no known image",
                expected=media_type,
            )
    elif media_type == "video/mp4":
        try:
            video = read_mp4(reply.body)
        except NotMp4 as error:
            yield breach(
                catalogue.CONTENT_TYPE,
                exchange,
                number,
                received=f"{len(reply.body)} bytes that are no whole MP4: {error}",
                expected="an MP4 file",
            )
        else:
            yield from _video(document, exchange, number, video, last)


def _video(
    document: Document, exchange: Exchange, number: int, video: Mp4, last: Seen
) -> Iterator[Violation]:
    media = exchange.operation.media
    if media is None:
        return
    size = _SIZE.fullmatch(str(_told(document, media.size, last)))
    if size and (video.width, video.height) != (int(size[1]), int(size[2])):
        yield breach(
            catalogue.CONTENT_SIZE,
            exchange,
            number,
            received=f"{video.width}x{video.height}",
            expected=size[0],
        )
    seconds = _SECONDS.fullmatch(str(_told(document, media.seconds, last)))
    if seconds and abs(video.seconds - float(seconds[1])) > _TOLERANCE_SECONDS:
        yield breach(
            catalogue.CONTENT_DURATION,
            exchange,
            number,
            received=f"{video.seconds:.2f} seconds",
            expected=f"{seconds[1]} seconds",
        )


def _told(document: Document, field: str | None, last: Seen) -> Json:
    """What the job says of a request field, as it was echoed."""
    return next((last.at(e.at) for e in document.lifecycle.echoes if e.field == field), None)


def _part(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Whether a part is the one that Range asked for (RFC 9110, section 14)."""
    asked = _RANGE.fullmatch(exchange.headers.get("range", ""))
    said = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", ""))
    first, last = (int(said[1]), int(said[2])) if said else (0, -1)
    if said is None or last - first + 1 != len(reply.body):
        yield breach(
            catalogue.CONTENT_RANGE,
            exchange,
            number,
            place="content-range",
            received=f"{show(reply.headers.get('content-range'))} with {len(reply.body)} bytes",
            expected="the bytes that are sent, as `bytes FIRST-LAST/LENGTH`",
        )
    elif asked and asked[1] and (first != int(asked[1]) or (asked[2] and last > int(asked[2]))):
        yield breach(
            catalogue.CONTENT_RANGE,
            exchange,
            number,
            place="content-range",
            received=f"bytes {first} to {last}",
            expected=f"what was asked for, {asked[0]}",
        )


_REFUSED = (400, 404, 409, 410, 422, 425)
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?)")
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/(?:[0-9]+|\*)")
_TOLERANCE_SECONDS = 0.5
_SKEW_SECONDS = 60.0
