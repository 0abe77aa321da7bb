"""Faults in a job's files, in the views of a job that disagree, and in remixes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from .behaviour import Behaviour, Look
from .catalogue import Fault
from .films import File, Part, film
from .hooks import (
    Show,
    as_file,
    on,
    on_status,
    placed,
    shown,
    through,
    to_error,
    to_header,
    to_nothing,
    to_status,
)
from .jobs import Fields, Json, Stage, Timing
from .refusal import broken, unknown_job, wrong_state

TIME, BYTES = "lifecycle: content too early or too late", "lifecycle: content's type and bytes"
PARTS, VIEWS = "HTTP: Range", "lifecycle: list disagrees with retrieve"
REMIX = "lifecycle: remix not linked"
PAGE = b"<!doctype html><title>Sign in</title><h1>Sign in</h1>"
LINK = b'{"url":"https://files.example/video.mp4"}'


def _fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "lifecycle", source, summary, behaviour)


def _downloadable(name: str, summary: str, state: str, *, end: str = "completed") -> Fault:
    states = frozenset({"completed", state})
    return _fault(name, TIME, summary, Behaviour(downloadable=states, end=end))


def _refused(name: str, summary: str, change: Callable[[Response], Response]) -> Fault:
    return _fault(name, TIME, summary, Behaviour(answer=on("content", change)))


def _file(name: str, summary: str, change: Callable[[File, Look], File]) -> Fault:
    return _fault(name, BYTES, summary, Behaviour(file=change))


def _other_film(change: Callable[[Fields], Fields]) -> Callable[[File, Look], File]:
    def other(right: File, look: Look) -> File:
        is_film = right.media_type == "video/mp4"
        return film(change(look.job.fields)) if is_film else right

    return other


def _turned(fields: Fields) -> Fields:
    width, _, height = fields.size.partition("x")
    return replace(fields, size=f"{height}x{width}")


def _longer(fields: Fields) -> Fields:
    return replace(fields, seconds="12" if fields.seconds == "8" else "8")


def _still(right: File, look: Look) -> File:
    return replace(film(look.job.fields, "thumbnail"), media_type=right.media_type)


def _part(name: str, summary: str, change: Callable[[Part, File], Part]) -> Fault:
    return Fault(name, "HTTP", PARTS, summary, Behaviour(part=change))


def _range_status(name: str, summary: str, change: Callable[[Response], Response]) -> Fault:
    return Fault(name, "HTTP", PARTS, summary, Behaviour(answer=on_status(206, change)))


def _one_later(right: Part, file: File) -> Part:
    at = file.body.find(right.body) + 1
    return replace(right, body=file.body[at : at + len(right.body)])


def _total(change: Callable[[str], str]) -> Callable[[Part, File], Part]:
    def changed(right: Part, _: File) -> Part:
        place, _slash, total = right.content_range.partition("/")
        return replace(right, content_range=f"{place}/{change(total)}")

    return changed


FILE_FAULTS = (
    _downloadable("content-while-queued", "A queued job has a file.", "queued"),
    _downloadable("content-while-working", "A job that is worked on has a file.", "in_progress"),
    _downloadable("content-of-failed", "A failed job has a file.", "failed", end="failed"),
    _fault(
        "content-after-expiry",
        TIME,
        "Files expire a second after completion and are served for good.",
        Behaviour(timing=Timing(expires=1.5), files_expire=False),
    ),
    _refused("content-never-found", "A completed job's file is 404.", to_error(unknown_job())),
    _refused(
        "content-never-ready",
        "A completed job's file is 409.",
        to_error(wrong_state("the job is not completed")),
    ),
    _refused("content-204", "A completed job's file is 204.", to_nothing(204)),
    _file("content-empty", "The file has no bytes.", as_file(b"")),
    _file("content-other-size", "The film is turned by 90 degrees.", _other_film(_turned)),
    _file("content-other-length", "The film has another length.", _other_film(_longer)),
    _file("content-link", "The file is a link in JSON.", as_file(LINK, "application/json")),
    _file("content-page", "The file is a page called video/mp4.", as_file(PAGE)),
    _file("content-zeros", "The film is zeros.", as_file(bytes(20_000))),
    _file("content-still", "The film is a picture called video/mp4.", _still),
    _file(
        "content-as-text",
        "Files are called text/plain.",
        lambda right, _: replace(right, media_type="text/plain"),
    ),
    _file(
        "content-as-octets",
        "Files are called application/octet-stream.",
        lambda right, _: replace(right, media_type="application/octet-stream"),
    ),
    _file(
        "variant-ignored",
        "Every variant is the film.",
        lambda _, look: film(look.job.fields),
    ),
    _part("range-whole", "A part is the whole file.", lambda p, file: replace(p, body=file.body)),
    _part("range-short", "A part lacks its last byte.", lambda p, _: replace(p, body=p.body[:-1])),
    _part("range-shifted", "A part begins one byte too late.", _one_later),
    _part("content-range-total", "Content-Range has a wrong total.", _total("1{}".format)),
    _part("content-range-no-total", "Content-Range has no total.", _total(lambda _: "?")),
    _part(
        "content-range-first",
        "Content-Range begins at 1, whatever was asked for.",
        lambda p, _: replace(p, content_range="bytes 1-" + p.content_range.partition("-")[2]),
    ),
    _range_status(
        "content-range-missing",
        "206 does not say which bytes they are.",
        to_header("content-range", None),
    ),
    _range_status("range-200", "A part is called the whole file.", to_status(200)),
    Fault(
        "range-crashes",
        "HTTP",
        PARTS,
        "A range that there is not breaks the server.",
        Behaviour(answer=on_status(416, to_error(broken()))),
    ),
)


def _listed(name: str, summary: str, show: Show) -> Fault:
    return _fault(name, VIEWS, summary, Behaviour(show=through("list", show)))


def _stale(right: Stage, look: Look) -> Stage:
    return Stage("queued", 0) if look.operation == "list" else right


def _behind(right: Stage, look: Look) -> Stage:
    lags = look.operation == "list" and right.state == "in_progress"
    return replace(right, progress=1) if lags else right


VIEW_FAULTS = (
    _fault("list-state-stale", VIEWS, "Lists show every job as queued.", Behaviour(life=_stale)),
    _fault("list-progress-stale", VIEWS, "Lists are behind in progress.", Behaviour(life=_behind)),
    _listed(
        "list-created-other",
        "Lists show another created_at.",
        shown("created_at", lambda at: at - 1),
    ),
    _listed(
        "list-completed-other",
        "Lists show another completed_at.",
        shown("completed_at", lambda at: at + 1),
    ),
    _listed(
        "list-prompt-cut", "Lists show half a prompt.", shown("prompt", lambda p: p[: len(p) // 2])
    ),
    _listed("list-size-other", "Lists show another size.", placed("size", "1792x1024")),
    _listed("list-model-other", "Lists show another model.", placed("model", "sora-2-pro")),
    _fault(
        "create-created-other",
        VIEWS,
        "A create answers another created_at than all that follows.",
        Behaviour(show=through("create", shown("created_at", lambda at: at - 1))),
    ),
)


def _remix(name: str, summary: str, show: Show) -> Fault:
    def only_remixes(view: Json, look: Look) -> Json:
        return show(view, look) if look.job.source is not None else view

    return _fault(name, REMIX, summary, Behaviour(show=only_remixes))


REMIX_FAULTS = (
    _remix("remix-unlinked", "A remix has no source.", placed("remixed_from_video_id", None)),
    _remix(
        "remix-of-itself",
        "A remix is a remix of itself.",
        lambda view, _: {**view, "remixed_from_video_id": view["id"]},
    ),
    _remix("remix-other-size", "A remix has its own size.", placed("size", "1792x1024")),
    _remix("remix-other-prompt", "A remix does not take its prompt.", placed("prompt", "a video")),
    _fault(
        "remix-of-running",
        REMIX,
        "A job that is not completed can be remixed.",
        Behaviour(remixes_running=True),
    ),
)
