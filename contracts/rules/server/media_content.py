"""Rules for the bytes of a file: of the declared type, and of the requested size and duration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ....openapi import JobKind, Reply
from ....openapi.image import image_type
from ....openapi.jobs import MediaPlaces, Place
from ....openapi.jobs.sources import FromRequest
from ....openapi.json import Json
from ....openapi.messages import NEAREST_FILE_HEADER
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .mp4 import InvalidMp4, Mp4, read_mp4


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A whole file of a successful job.

    exchange: the exchange that served it, or that showed its address
    number: the number of that exchange in the history
    reply: the response with the file
    media_type: its type
    address_at: the place of its address in the job, in words; "" if an operation served it
    """

    exchange: Exchange
    number: int
    reply: Reply
    media_type: str
    address_at: str = ""

    def violation(self, rule: Rule, received: str, expected: str) -> Violation:
        """Return the violation of a rule by this file."""
        return violation_of(
            rule,
            self.exchange,
            self.number,
            place=self.address_at or None,
            received=f"{received} at the address" if self.address_at else received,
            expected=expected,
        )


@dataclass(frozen=True, slots=True)
class RequestedMedia:
    """What was requested of the files of a job.

    kind: the kind of the job
    view: the job as a response shows it, None if none does
    create: the exchange that created it, None if that is not known
    """

    kind: JobKind
    view: JobView | None
    create: Exchange | None

    def size(self) -> tuple[int, int] | None:
        """Return the width and the height that were requested; None if they are not known."""
        media = self._media()
        if media is None:
            return None
        match = _SIZE.fullmatch(str(self._requested(media.size)))
        if match:
            return int(match[1]), int(match[2])
        width, height = self._requested(media.width), self._requested(media.height)
        return (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def seconds(self) -> float | None:
        """Return the duration that was requested; None if it is not known."""
        media = self._media()
        match = _SECONDS.fullmatch(str(self._requested(media.duration if media else None)))
        return float(match[1]) if match else None

    def _media(self) -> MediaPlaces | None:
        """Return the places that shape the files; None if the creates differ in them."""
        if self.create is not None and self.create.create is not None:
            return self.create.create.media
        first, *others = self.kind.creates
        return first.media if all(other.media == first.media for other in others) else None

    def _requested(self, place: Place | None) -> Json:
        """Return a value of the request as the job repeats it, or as the request had it."""
        if place is None:
            return None
        for field in self.kind.fields if self.view else ():
            source = field.source
            if isinstance(source, FromRequest) and source.place == place:
                repeated = self.view.value_at(field.place.path) if self.view else None
                if repeated is not None and not source.translation:
                    return repeated
        return self.create.requested_value(place) if self.create else None


def file_violations(file: ServedFile, requested: RequestedMedia) -> Iterator[Violation]:
    """Yield the violations in the bytes of a file."""
    body = file.reply.body
    if file.media_type.startswith("image/"):
        detected = image_type(body)
        if detected != file.media_type:
            received = detected or "bytes that are not a known image format"
            yield file.violation(catalogue.CONTENT_TYPE, received, file.media_type)
    elif file.media_type == "video/mp4":
        try:
            video = read_mp4(body)
        except InvalidMp4 as error:
            received = f"{len(body)} bytes that are not a complete MP4 file: {error}"
            yield file.violation(catalogue.CONTENT_TYPE, received, "an MP4 file")
        else:
            yield from _video_violations(file, video, requested)


def _video_violations(
    file: ServedFile, video: Mp4, requested: RequestedMedia
) -> Iterator[Violation]:
    if NEAREST_FILE_HEADER in file.reply.headers:
        return  # a mock has few files, and says so
    size, seconds = requested.size(), requested.seconds()
    if size and (video.width, video.height) != size:
        received, expected = f"{video.width}x{video.height}", f"{size[0]}x{size[1]}"
        yield file.violation(catalogue.CONTENT_SIZE, received, expected)
    if seconds and video.seconds and abs(video.seconds - seconds) > _TOLERANCE_SECONDS:
        received, expected = f"{video.seconds:.2f} seconds", f"{seconds:g} seconds"
        yield file.violation(catalogue.CONTENT_DURATION, received, expected)


_SIZE = re.compile(r"([0-9]{1,5})[x*]([0-9]{1,5})")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?) ?s?")
_TOLERANCE_SECONDS = 0.5
