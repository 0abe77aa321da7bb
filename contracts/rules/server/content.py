"""Rules for the file of a completed job: available until it expires, and of the requested kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ....openapi import Reply
from ....openapi.jobs import ResultOperation
from ....openapi.jobs.sources import Moment
from ....openapi.messages import media_type_of
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .media_content import RequestedMedia, ServedFile, file_violations
from .observed_job import ObservedJob
from .server_clock import ServerTime
from .timestamps import read_time


@dataclass(frozen=True, slots=True)
class SeenJob:
    """When responses showed a job, in the time of their exchanges; None if none did.

    pending_at: when it was last pending
    successful_at: when it was first successful
    """

    pending_at: float | None = None
    successful_at: float | None = None


def content_violations(
    exchange: Exchange,
    number: int,
    role: ResultOperation,
    *,
    last: ObservedJob,
    create: Exchange | None,
    server_time: ServerTime,
    seen: SeenJob,
) -> Iterator[Violation]:
    """Yield the violations in a response to a request for the file of a completed job.

    Args:
        exchange: The request for the file and its response.
        number: The number of the exchange in the history.
        role: The operation that serves the file.
        last: The last view of the job.
        create: The exchange that created the job; None if it is not known.
        server_time: The time of the server at the response.
        seen: When the job was seen, for files that expire some time after success.
    """
    reply = exchange.reply
    if reply is None:
        return

    def violation(rule: Rule, received: str, expected: str) -> Violation:
        return violation_of(rule, exchange, number, received=received, expected=expected)

    least_left, most_left = _seconds_until_expiry(exchange, last, server_time, seen)
    if (reply.status in _REJECTIONS or exchange.reports_error) and not exchange.arguments.problems:
        if least_left > 0:
            received = f"{reply.status} for {last.view.job_id}, which is {last.state.name}"
            yield violation(catalogue.CONTENT_UNAVAILABLE, received, "the file of the job")
    elif exchange.reports_error:
        return
    elif reply.status in (200, 206) and most_left < 0:
        received = f"a file of {last.view.job_id}, which has expired"
        yield violation(catalogue.CONTENT_AFTER_EXPIRY, received, "a rejection")
    elif reply.status == 206:
        yield from _range_violations(exchange, reply, number)
    elif reply.status == 200 and (reply.body or reply.headers.get("content-length") == "0"):
        # A response without a body, but with a length, may be a response to HEAD.
        yield from _file_violations(exchange, reply, number, role, last, create)


def _seconds_until_expiry(
    exchange: Exchange, last: ObservedJob, server_time: ServerTime, seen: SeenJob
) -> tuple[float, float]:
    """Return the least and the most seconds until the file may be removed.

    Infinity if files do not expire.
    """
    kind = last.view.kind
    if kind.expires_at is not None:
        expiry = read_time(kind, kind.expires_at, last.value_at(kind.expires_at))
    else:
        expiry = _expiry_after_success(last)
    if expiry is not None:
        left = expiry - server_time.unix_time
        return left - server_time.uncertainty, left + server_time.uncertainty
    if kind.expires_after is None:
        return inf, inf
    # The job succeeded after it was last seen pending, and before it was first seen successful.
    started, ended = seen.pending_at, seen.successful_at
    passed = exchange.at - kind.expires_after
    least = -inf if started is None else started - passed - _EXPIRY_TOLERANCE_SECONDS
    most = inf if ended is None else ended + exchange.took - passed + _EXPIRY_TOLERANCE_SECONDS
    return least, most


def _expiry_after_success(last: ObservedJob) -> float | None:
    """Return the time of success, as the job shows it, and so long after; None if it does not."""
    kind = last.view.kind
    for field in kind.fields:
        source = field.source
        if isinstance(source, Moment) and last.state.name in source.entered:
            at = source.form.read(last.value_at(field.place.path))
            if at is not None and kind.expires_after is not None:
                return at - source.plus_seconds + kind.expires_after
    return None


def _file_violations(
    exchange: Exchange,
    reply: Reply,
    number: int,
    role: ResultOperation,
    last: ObservedJob,
    create: Exchange | None,
) -> Iterator[Violation]:
    media_type = media_type_of(reply.headers)
    requested_type = _requested_media_type(exchange, role)
    documented = media_type in exchange.operation.success.content
    if requested_type and documented and media_type != requested_type:
        yield violation_of(
            catalogue.CONTENT_TYPE,
            exchange,
            number,
            received=media_type,
            expected=requested_type,
        )
    else:
        file = ServedFile(exchange, number, reply, media_type)
        yield from file_violations(file, RequestedMedia(last.view.kind, last.view, create))


def _requested_media_type(exchange: Exchange, role: ResultOperation) -> str | None:
    """Return the media type of the requested variant, if the document maps variants to types."""
    if role.variants is None:
        return None
    place, media_types = role.variants
    found: str | None = media_types.get(str(exchange.requested_value(place)))
    return found


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
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_EXPIRY_TOLERANCE_SECONDS = 2.0
