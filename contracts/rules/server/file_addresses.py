"""The rule for files at addresses in jobs: a client can read the file there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ....openapi.jobs.sources import FileAddress
from ....openapi.media_types import is_json
from ...traffic.exchange import Exchange
from ...traffic.file_read import FileRead
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of


def file_address_violations(
    history: Sequence[Exchange], files: Iterable[FileRead]
) -> Iterator[Violation]:
    """Yield a violation for each file that could not be read at its address."""
    for file in files:
        problem = _problem(file)
        if problem:
            yield violation_of(
                catalogue.CONTENT_UNAVAILABLE,
                history[file.number - 1],
                file.number,
                place=str(file.field.place),
                received=f"{problem} at the address in {file.job_id}",
                expected="the file of the job",
            )
        elif _is_of_another_type(file):
            yield violation_of(
                catalogue.CONTENT_TYPE,
                history[file.number - 1],
                file.number,
                place=str(file.field.place),
                received=f"{file.reply.media_type} at the address in {file.job_id}",
                expected=_wanted(file),
            )


def _problem(file: FileRead) -> str:
    """Return what was there instead of the file, "" if it was there."""
    reply = file.reply
    if reply.status is None:
        return f"no response ({reply.problem})"
    if not 200 <= reply.status < 300:
        return f"status {reply.status}"
    if not reply.size:
        return "an empty file"
    if _is_page(reply.media_type) and not _is_page(_wanted(file)):
        return f"a page of type {reply.media_type}"
    return ""


def _wanted(file: FileRead) -> str:
    source = file.field.source
    return source.media_type if isinstance(source, FileAddress) else file.reply.media_type


def _is_of_another_type(file: FileRead) -> bool:
    """Return True for a picture in place of a film or a sound, or the reverse.

    Storages often name no type, and a film may be the container of a sound.
    """
    kinds = {each.partition("/")[0] for each in (_wanted(file), file.reply.media_type)}
    return len(kinds) == 2 and "image" in kinds and kinds <= _KINDS_OF_FILES


def _is_page(media_type: str) -> bool:
    """Return True for the types of error pages and login pages."""
    return media_type == "text/html" or is_json(media_type)


_KINDS_OF_FILES = {"audio", "image", "video"}
