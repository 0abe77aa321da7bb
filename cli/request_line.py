"""A request to the mock in one line of text."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ..contracts.journal.entry import (
    Entry,
    LoggedRequest,
    jobs_of,
    method_of,
    path_of,
    status_of,
)
from ..contracts.journal.journal import Journal
from ..contracts.rules.client.automatic_requests import is_automatic
from ..contracts.rules.client.check_client import check_client
from ..contracts.rules.violation import Violation
from ..contracts.traffic.exchange import Exchange, UnmatchedKind
from ..contracts.traffic.job_views import json_body
from ..openapi import Document
from ..openapi.json import Json
from ..openapi.pointer import get_or_none
from ..openapi.text import escape_controls, one_line


def request_line(journal: Journal, entry: Entry, *, verbose: bool) -> str | None:
    """Return a line about a request, in colours and without API keys.

    It has the status, the method, the path, the violation or the error, the job and the faults that
    applied. Whatever the client sent, the line is short and has no control characters.

    Args:
        journal: The journal of the mock, which knows the API keys.
        entry: The request.
        verbose: True for a line about every request; otherwise the line is None if the request is
            usual.
    """
    document = journal.document
    (request,) = journal.requests_for_rules([entry])
    path = path_of(document, journal.log.read(entry))
    path = journal.keys.redaction([entry]).redact_text(path)
    if not verbose and is_automatic(document, request):
        return None
    violations = check_client(document, [request], whole=False)
    status = status_of(document, request)
    faults = entry.reply.notes.faults if entry.reply and entry.reply.notes else ()
    refused = status is None or status >= 400
    if not (verbose or refused or violations or faults):
        return None
    notes = [_describe(violations[0], len(violations) - 1)] if violations else []
    notes += [] if violations or not refused else [*_reasons(document, request)]
    notes += [f"job {job_id}" for job_id in _new_jobs(document, request)]
    notes += [f"fault {fault}" for fault in faults]
    colour = "red" if refused else "yellow" if notes and (violations or faults) else None
    head = f"{status or '---'} {method_of(request)} {path}"
    texts = [_to_safe_text(head), *(f"  {_to_safe_text(note)}" for note in notes[:_MAX_NOTES])]
    return click.style(texts[0], fg=colour) + "".join(texts[1:])


def _describe(violation: Violation, more: int) -> str:
    """Return a violation in one line, with the number of further ones of this request."""
    place = one_line(violation.place) if violation.place else violation.title
    text = f"{violation.code} {place}: {violation.received}, expected {violation.expected}"
    return f"{text[:_MAX_CHARACTERS]} (and {more} more)" if more else text


def _reasons(document: Document, request: LoggedRequest) -> Iterator[str]:
    """Yield the reason for an error response, or for its absence."""
    if not isinstance(request, Exchange):
        yield request.detail if request.kind is UnmatchedKind.INVALID else request.kind.value
        return
    if request.reply is None:
        yield "the client did not receive the response"
        return
    envelope, body = document.envelope, json_body(request.reply)
    code = get_or_none(body, envelope.code_at) if envelope.code_at else None
    yield ": ".join(str(part) for part in (code, _message(document, body)) if part)


def _message(document: Document, body: Json) -> Json:
    at = document.envelope.message_at
    return get_or_none(body, at) if at else None


def _new_jobs(document: Document, request: LoggedRequest) -> list[str]:
    """Return the id of the job in the response, unless the path has it or there are several."""
    if isinstance(request, Exchange) and request.job_id is None:
        jobs = jobs_of(document, request)
        return [*jobs] if len(jobs) == 1 else []
    return []


def _to_safe_text(text: str) -> str:
    """Return the beginning of a text in one line, without control characters."""
    return escape_controls(text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…")


_MAX_CHARACTERS = 200
_MAX_NOTES = 4
