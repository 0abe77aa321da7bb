"""The files of finished jobs: the choice of a file, and the reply that contains it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...openapi import Arguments, Call, Reply
from ...openapi.jobs import CreateOperation, JobField, JobKind, Part, Place, ResultOperation
from ...openapi.jobs.sources import FileAddress
from ...openapi.json import Json
from ...openapi.messages import NEAREST_FILE_HEADER
from ...openapi.pointer import format_pointer
from ...openapi.request_place import read_place
from ..media_library import MediaLibrary, mark_file
from .download import Download
from .job import Job


class JobFiles:
    """The files of the jobs of one kind.

    Args:
        kind: The kind of job, whose operations and fields name the media types.
        library: The files to choose from.
    """

    def __init__(self, kind: JobKind, library: MediaLibrary) -> None:
        self._library = library
        self._creates = {create.operation.id: create for create in kind.creates}
        self._answered = tuple(field for each in kind.operations() for field in each.answer)

    def reply(
        self,
        result: ResultOperation,
        job: Job,
        call: Call,
        arguments: Arguments,
    ) -> Reply:
        """Return the reply with the file that a request asks for.

        If no file has the size and the length of the job, the reply contains the nearest one, and a
        header names it. Raises Refusal if the range is outside the file.
        """
        media_type = result.media_type or ""
        if result.variants:
            place, media_types = result.variants
            wanted = str(read_place(place, call, arguments))
            media_type = media_types.get(wanted, next(iter(media_types.values())))
        return self._file(job, media_type, call.headers)

    def field_at(self, job: Job, pointer: str) -> JobField | None:
        """Return the field with a file at a JSON pointer; None if there is none."""
        create = self._creates.get(job.create)
        for field in (*(create.fields if create else ()), *self._answered):
            if isinstance(field.source, FileAddress) and file_pointer(field.place) == pointer:
                return field
        return None

    def field_reply(self, job: Job, field: JobField, headers: Mapping[str, str]) -> Reply:
        """Return the reply with the file of a field in responses about a job."""
        media_type = field.source.media_type if isinstance(field.source, FileAddress) else ""
        return self._file(job, media_type, headers)

    def _file(self, job: Job, media_type: str, headers: Mapping[str, str]) -> Reply:
        size, seconds = _shape(self._creates.get(job.create), job.request)
        file, exact = self._library.nearest(media_type, size=size, seconds=seconds)
        content, etag = mark_file(file, job.id)
        download = Download(content, media_type, etag, f"{job.id}{file.suffix}")
        reply = download.reply(headers)
        if exact:
            return reply
        return Reply(reply.status, {**reply.headers, NEAREST_FILE_HEADER: file.label}, reply.body)


def file_pointer(place: Place) -> str:
    """Return what names the file of a field in its URL: the JSON pointer of the field."""
    return "" if place.part is Part.HEADER else format_pointer(place.path)


def _shape(
    create: CreateOperation | None, request: Mapping[str, Json]
) -> tuple[str | None, str | None]:
    """Return the size and the length of the files of a job; None where the request has none."""
    if create is None:
        return None, None
    media = create.media
    size = _text(request, str(media.size)) if media.size else None
    width = _text(request, str(media.width)) if media.width else None
    height = _text(request, str(media.height)) if media.height else None
    if size is None and width and height:
        size = f"{width}x{height}"
    if size is None:
        resolution = _text(request, str(media.resolution)) if media.resolution else None
        ratio = _text(request, str(media.ratio)) if media.ratio else None
        size = _size_of(resolution or "", ratio or "")
    seconds = _text(request, str(media.duration)) if media.duration else None
    return size and size.replace("*", "x"), seconds


def _size_of(resolution: str, ratio: str) -> str | None:
    """Return the size for a resolution such as 720p and a ratio such as 9:16; None for neither."""
    whole, lines = _PAIR.fullmatch(resolution), _LINES.fullmatch(resolution)
    if whole:
        return f"{whole[1]}x{whole[2]}"
    shape = _PAIR.fullmatch(ratio)
    if shape is None and lines is None:
        return None
    width, height = (int(shape[1]), int(shape[2])) if shape else (16, 9)
    shorter = int(lines[1]) if lines else min(width, height) if min(width, height) > 64 else 720
    scale = shorter / min(width, height)
    return f"{round(width * scale)}x{round(height * scale)}"


def _text(request: Mapping[str, Json], key: str) -> str | None:
    value = request.get(key)
    return None if value is None else str(value)


_PAIR = re.compile(r"([1-9][0-9]{0,4})[:xX*]([1-9][0-9]{0,4})")
_LINES = re.compile(r"([1-9][0-9]{1,4})[pP]?")
