"""Faults in files, in contradicting views of a job, and in remixes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from .behaviour import Behaviour, ViewContext
from .catalogue import Fault
from .changes import (
    ViewChange,
    changed_field,
    for_operation,
    for_status,
    in_operation,
    replaced_field,
    replaced_file,
    to_empty,
    to_error,
    to_header,
    to_status,
)
from .errors import conflict, server_error, unknown_job
from .jobs import JobFields, Json, Phase, Timing
from .media_files import ByteRange, MediaFile, media_file

TIME, BYTES = "lifecycle: content too early or too late", "lifecycle: content's type and bytes"
PARTS, VIEWS = "HTTP: Range", "lifecycle: list disagrees with retrieve"
REMIX = "lifecycle: remix not linked"
PAGE = b"<!doctype html><title>Sign in</title><h1>Sign in</h1>"
LINK = b'{"url":"https://files.example/video.mp4"}'


def _fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "lifecycle", source, summary, behaviour)


def _early_content_fault(name: str, summary: str, state: str, *, end: str = "completed") -> Fault:
    states = frozenset({"completed", state})
    return _fault(name, TIME, summary, Behaviour(downloadable_states=states, final_state=end))


def _content_response_fault(
    name: str, summary: str, change: Callable[[Response], Response]
) -> Fault:
    return _fault(name, TIME, summary, Behaviour(change_response=for_operation("content", change)))


def _file_fault(
    name: str, summary: str, change: Callable[[MediaFile, ViewContext], MediaFile]
) -> Fault:
    return _fault(name, BYTES, summary, Behaviour(change_file=change))


def _other_video(
    change: Callable[[JobFields], JobFields],
) -> Callable[[MediaFile, ViewContext], MediaFile]:
    def other(original: MediaFile, context: ViewContext) -> MediaFile:
        is_video = original.media_type == "video/mp4"
        return media_file(change(context.job.fields)) if is_video else original

    return other


def _rotated(fields: JobFields) -> JobFields:
    width, _, height = fields.size.partition("x")
    return replace(fields, size=f"{height}x{width}")


def _other_length(fields: JobFields) -> JobFields:
    return replace(fields, seconds="12" if fields.seconds == "8" else "8")


def _thumbnail(original: MediaFile, context: ViewContext) -> MediaFile:
    return replace(media_file(context.job.fields, "thumbnail"), media_type=original.media_type)


def _range_fault(
    name: str, summary: str, change: Callable[[ByteRange, MediaFile], ByteRange]
) -> Fault:
    return Fault(name, "HTTP", PARTS, summary, Behaviour(change_range=change))


def _range_response_fault(name: str, summary: str, change: Callable[[Response], Response]) -> Fault:
    return Fault(name, "HTTP", PARTS, summary, Behaviour(change_response=for_status(206, change)))


def _shifted_by_one(original: ByteRange, file: MediaFile) -> ByteRange:
    at = file.body.find(original.body) + 1
    return replace(original, body=file.body[at : at + len(original.body)])


def _changed_total(change: Callable[[str], str]) -> Callable[[ByteRange, MediaFile], ByteRange]:
    def changed(original: ByteRange, _: MediaFile) -> ByteRange:
        place, _slash, total = original.content_range.partition("/")
        return replace(original, content_range=f"{place}/{change(total)}")

    return changed


FILE_FAULTS = (
    _early_content_fault("content-while-queued", "A queued job has a file.", "queued"),
    _early_content_fault(
        "content-while-working", "A job that is worked on has a file.", "in_progress"
    ),
    _early_content_fault("content-of-failed", "A failed job has a file.", "failed", end="failed"),
    _fault(
        "content-after-expiry",
        TIME,
        "Files expire a second after completion and are served forever.",
        Behaviour(timing=Timing(file_seconds=1.5), files_expire=False),
    ),
    _content_response_fault(
        "content-never-found", "A completed job's file is 404.", to_error(unknown_job())
    ),
    _content_response_fault(
        "content-never-ready",
        "A completed job's file is 409.",
        to_error(conflict("the job is not completed")),
    ),
    _content_response_fault("content-204", "A completed job's file is 204.", to_empty(204)),
    _file_fault("content-empty", "The file has no bytes.", replaced_file(b"")),
    _file_fault("content-other-size", "The film is turned by 90 degrees.", _other_video(_rotated)),
    _file_fault(
        "content-other-length", "The film has another length.", _other_video(_other_length)
    ),
    _file_fault(
        "content-link", "The file is a link in JSON.", replaced_file(LINK, "application/json")
    ),
    _file_fault("content-page", "The file is a page called video/mp4.", replaced_file(PAGE)),
    _file_fault("content-zeros", "The film is zeros.", replaced_file(bytes(20_000))),
    _file_fault("content-still", "The film is a picture called video/mp4.", _thumbnail),
    _file_fault(
        "content-as-text",
        "Files are called text/plain.",
        lambda original, _: replace(original, media_type="text/plain"),
    ),
    _file_fault(
        "content-as-octets",
        "Files are called application/octet-stream.",
        lambda original, _: replace(original, media_type="application/octet-stream"),
    ),
    _file_fault(
        "variant-ignored",
        "Every variant is the film.",
        lambda _, context: media_file(context.job.fields),
    ),
    _range_fault(
        "range-whole", "A part is the whole file.", lambda p, file: replace(p, body=file.body)
    ),
    _range_fault(
        "range-short", "A part lacks its last byte.", lambda p, _: replace(p, body=p.body[:-1])
    ),
    _range_fault("range-shifted", "A part begins one byte too late.", _shifted_by_one),
    _range_fault(
        "content-range-total", "Content-Range has a wrong total.", _changed_total("1{}".format)
    ),
    _range_fault(
        "content-range-no-total", "Content-Range has no total.", _changed_total(lambda _: "?")
    ),
    _range_fault(
        "content-range-first",
        "Content-Range always begins at 1.",
        lambda p, _: replace(p, content_range="bytes 1-" + p.content_range.partition("-")[2]),
    ),
    _range_response_fault(
        "content-range-missing",
        "206 does not say which bytes they are.",
        to_header("content-range", None),
    ),
    _range_response_fault("range-200", "A part is called the whole file.", to_status(200)),
    Fault(
        "range-crashes",
        "HTTP",
        PARTS,
        "A range that there is not breaks the server.",
        Behaviour(change_response=for_status(416, to_error(server_error()))),
    ),
)


def _list_fault(name: str, summary: str, change_view: ViewChange) -> Fault:
    return _fault(name, VIEWS, summary, Behaviour(change_view=in_operation("list", change_view)))


def _queued_in_lists(original: Phase, context: ViewContext) -> Phase:
    return Phase("queued", 0) if context.operation == "list" else original


def _delayed_in_lists(original: Phase, context: ViewContext) -> Phase:
    lags = context.operation == "list" and original.state == "in_progress"
    return replace(original, progress=1) if lags else original


VIEW_FAULTS = (
    _fault(
        "list-state-stale",
        VIEWS,
        "Lists show every job as queued.",
        Behaviour(change_phase=_queued_in_lists),
    ),
    _fault(
        "list-progress-stale",
        VIEWS,
        "Lists are behind in progress.",
        Behaviour(change_phase=_delayed_in_lists),
    ),
    _list_fault(
        "list-created-other",
        "Lists show another created_at.",
        changed_field("created_at", lambda at: at - 1),
    ),
    _list_fault(
        "list-completed-other",
        "Lists show another completed_at.",
        changed_field("completed_at", lambda at: at + 1),
    ),
    _list_fault(
        "list-prompt-cut",
        "Lists show half a prompt.",
        changed_field("prompt", lambda p: p[: len(p) // 2]),
    ),
    _list_fault("list-size-other", "Lists show another size.", replaced_field("size", "1792x1024")),
    _list_fault(
        "list-model-other", "Lists show another model.", replaced_field("model", "sora-2-pro")
    ),
    _fault(
        "create-created-other",
        VIEWS,
        "A create returns another created_at than all that follows.",
        Behaviour(
            change_view=in_operation("create", changed_field("created_at", lambda at: at - 1))
        ),
    ),
)


def _remix_fault(name: str, summary: str, change_view: ViewChange) -> Fault:
    def only_remixes(view: Json, context: ViewContext) -> Json:
        return change_view(view, context) if context.job.source is not None else view

    return _fault(name, REMIX, summary, Behaviour(change_view=only_remixes))


REMIX_FAULTS = (
    _remix_fault(
        "remix-unlinked", "A remix has no source.", replaced_field("remixed_from_video_id", None)
    ),
    _remix_fault(
        "remix-of-itself",
        "A remix is a remix of itself.",
        lambda view, _: {**view, "remixed_from_video_id": view["id"]},
    ),
    _remix_fault(
        "remix-other-size", "A remix has its own size.", replaced_field("size", "1792x1024")
    ),
    _remix_fault(
        "remix-other-prompt",
        "A remix does not take its prompt.",
        replaced_field("prompt", "a video"),
    ),
    _fault(
        "remix-of-running",
        REMIX,
        "A job that is not completed can be remixed.",
        Behaviour(remixes_running=True),
    ),
)
