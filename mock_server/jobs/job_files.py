"""The files of finished jobs: the choice of a file, and the reply that contains it."""

from __future__ import annotations

from collections.abc import Mapping

from ...openapi import Arguments, Document, JobRole, Operation, Problem, Reply
from ...openapi.json import Json
from ...openapi.pointer import format_pointer
from ..media_library import MediaLibrary
from .download import Download
from .job import Job

NEAREST_HEADER = "x-mock-media"


class JobFiles:
    """The files of the jobs of one document.

    Args:
        document: The document, whose content operation names the media types.
        library: The files to choose from.

    Raises DocumentError if the library has no file of a media type. So the error is found when a
    server starts, not when a job is finished.
    """

    def __init__(self, document: Document, library: MediaLibrary) -> None:
        self._library = library
        operation = document.by_role.get(JobRole.CONTENT)
        for media_type in operation.success.content if operation else ():
            if operation and media_type not in library.media_types:
                success = f"{operation.pointer}/responses/{operation.success.status}"
                place = success + format_pointer(("content", media_type))
                known = ", ".join(library.media_types)
                problem = Problem(place, f"the mock has no file of this type, only {known}")
                raise document.source.error(problem)

    def reply(
        self, operation: Operation, job: Job, arguments: Arguments, headers: Mapping[str, str]
    ) -> Reply:
        """Return the reply with the file that the arguments ask for.

        If no file has the size and the length of the job, the reply contains the nearest one, and a
        header names it. Raises Refusal if the range is outside the file.
        """
        fields = operation.media
        media_type = _media_type(operation, arguments)
        file, exact = self._library.nearest(
            media_type,
            size=_text(job.fields, fields.size if fields else None),
            seconds=_text(job.fields, fields.seconds if fields else None),
        )
        download = Download(file.content, media_type, file.etag, f"{job.id}{file.suffix}")
        reply = download.reply(headers)
        if exact:
            return reply
        return Reply(reply.status, {**reply.headers, NEAREST_HEADER: file.label}, reply.body)


def _media_type(operation: Operation, arguments: Arguments) -> str:
    for parameter in operation.query.values():
        if parameter.variants:
            return parameter.variants[arguments.query[parameter.name]]
    return next(iter(operation.success.content))


def _text(fields: Mapping[str, Json], name: str | None) -> str | None:
    value = fields.get(name) if name else None
    return None if value is None else str(value)
