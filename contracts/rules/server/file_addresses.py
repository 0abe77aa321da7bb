"""The rules for what is at the addresses in jobs: their files, and their operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ....openapi import Document, JobKind
from ....openapi.jobs.sources import FileAddress, OperationAddress
from ....openapi.media_types import is_json
from ...traffic.exchange import Exchange
from ...traffic.file_read import FileRead
from ...traffic.job_views import created_job_id, jobs_in
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .media_content import RequestedMedia, ServedFile, file_violations


def file_address_violations(
    document: Document, history: Sequence[Exchange], files: Iterable[FileRead]
) -> Iterator[Violation]:
    """Yield the violations in what a check has found at addresses.

    Args:
        document: The document of the API.
        history: The exchanges of the check.
        files: What was at the addresses that they show.
    """
    for file in files:
        exchange = history[file.number - 1]
        if isinstance(file.field.source, OperationAddress):
            yield from _operation_violations(file, exchange)
            continue
        problem = _problem(file)
        if problem:
            yield violation_of(
                catalogue.CONTENT_UNAVAILABLE,
                exchange,
                file.number,
                place=str(file.field.place),
                received=f"{problem} at the address in {file.job_id}",
                expected="the file of the job",
            )
        elif _is_of_another_type(file):
            yield violation_of(
                catalogue.CONTENT_TYPE,
                exchange,
                file.number,
                place=str(file.field.place),
                received=f"{file.found.media_type} at the address in {file.job_id}",
                expected=_wanted(file),
            )
        else:
            yield from _content_violations(document, history, file)


def _operation_violations(file: FileRead, exchange: Exchange) -> Iterator[Violation]:
    problem = _no_good_response(file)
    if problem:
        yield violation_of(
            catalogue.WRONG_ADDRESS,
            exchange,
            file.number,
            place=str(file.field.place),
            received=f"{problem} at the address in {file.job_id}",
            expected="the response of the operation",
        )


def _content_violations(
    document: Document, history: Sequence[Exchange], file: FileRead
) -> Iterator[Violation]:
    exchange, reply = history[file.number - 1], file.found.reply
    views = [v for v in jobs_in(document, exchange) if v.job_id == file.job_id]
    creates = (e for e in history if e.accepted and created_job_id(document, e) == file.job_id)
    kind = views[0].kind if views else _kind_of(document, exchange)
    if reply is not None and kind is not None:
        media_type = file.found.media_type
        media_type = _wanted(file) if media_type in _UNNAMED_TYPES else media_type
        served = ServedFile(exchange, file.number, reply, media_type, str(file.field.place))
        view = views[0] if views else None
        yield from file_violations(served, RequestedMedia(kind, view, next(creates, None)))


def _kind_of(document: Document, exchange: Exchange) -> JobKind | None:
    return document.kinds[exchange.roles[0].kind] if exchange.roles else None


def _no_good_response(file: FileRead) -> str:
    """Return why there was no response of 2xx, "" if there was one."""
    reply = file.found.reply
    if reply is None:
        return f"no response ({file.found.problem})"
    return "" if 200 <= reply.status < 300 else f"status {reply.status}"


def _problem(file: FileRead) -> str:
    """Return what was there instead of the file, "" if it was there."""
    problem, reply = _no_good_response(file), file.found.reply
    if problem:
        return problem
    if reply is None or not reply.body:
        return "an empty file"
    if _is_page(file.found.media_type) and not _is_page(_wanted(file)):
        return f"a page of type {file.found.media_type}"
    return ""


def _wanted(file: FileRead) -> str:
    source = file.field.source
    return source.media_type if isinstance(source, FileAddress) else file.found.media_type


def _is_of_another_type(file: FileRead) -> bool:
    """Return True for a picture in place of a film or a sound, or the reverse.

    Storages often name no type, and a film may be the container of a sound.
    """
    kinds = {each.partition("/")[0] for each in (_wanted(file), file.found.media_type)}
    return len(kinds) == 2 and "image" in kinds and kinds <= _KINDS_OF_FILES


def _is_page(media_type: str) -> bool:
    """Return True for the types of error pages and login pages."""
    return media_type == "text/html" or is_json(media_type)


_KINDS_OF_FILES = {"audio", "image", "video"}
# Storages send these for files of any type.
_UNNAMED_TYPES = ("", "application/octet-stream", "binary/octet-stream")
