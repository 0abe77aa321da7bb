"""Faults in resources: lost and undeleted jobs, and faults in the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .behaviour import Behaviour, ListQuery
from .catalogue import Fault
from .changes import constant, for_operation, in_operation, to_value
from .jobs import Job, Json

LOST, FREED = "RESTler: create lost", "RESTler: use after free"
LEAK, UNKNOWN = "RESTler: leak after a failed create", "RESTler: unknown id accepted"
LISTED, PAGED = "list: omits, repeats or is out of order", "list: cursor and page"
GONE = Behaviour().operations_hiding_deleted_jobs


def _fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "resource", source, summary, behaviour)


def _page_fault(name: str, summary: str, change: Callable[[Json], Json]) -> Fault:
    return _fault(name, PAGED, summary, Behaviour(change_page=lambda page, _: change(page)))


def _order_fault(
    name: str, summary: str, change_order: Callable[[list[Job], ListQuery], list[Job]]
) -> Fault:
    return _fault(name, LISTED, summary, Behaviour(change_order=change_order))


def _query_fault(name: str, summary: str, change_query: Callable[[ListQuery], ListQuery]) -> Fault:
    return _fault(name, PAGED, summary, Behaviour(change_query=change_query))


def _undeleted_fault(name: str, summary: str, operation: str) -> Fault:
    return _fault(
        name, FREED, summary, Behaviour(operations_hiding_deleted_jobs=GONE - {operation})
    )


def _without_newest(jobs: list[Job], query: ListQuery) -> list[Job]:
    return jobs[1:] if query.descending else jobs[:-1]


def _without_oldest(jobs: list[Job], query: ListQuery) -> list[Job]:
    return jobs[:-1] if query.descending else jobs[1:]


def _alternating(jobs: list[Job], query: ListQuery) -> list[Job]:
    return jobs if query.number % 2 else jobs[::-1]


def _first_job_twice(page: Json) -> Json:
    return {**page, "data": page["data"][:1] + page["data"]}


def _swapped_ids(page: Json) -> Json:
    return {**page, "first_id": page["last_id"], "last_id": page["first_id"]}


def _with_field(name: str, value: Any) -> Callable[[Json], Json]:
    return lambda page: {**page, name: value}


RESOURCE_FAULTS = (
    _fault(
        "create-lost", LOST, "A new job is not kept: polls miss it.", Behaviour(jobs_per_create=0)
    ),
    _fault(
        "create-twice",
        "lifecycle: duplicate job",
        "One create makes two jobs.",
        Behaviour(jobs_per_create=2),
    ),
    _fault(
        "ids-shared",
        "RESTler: id given twice",
        "Every job has the same id.",
        Behaviour(make_id=constant("video_" + "0" * 32)),
    ),
    _fault(
        "refused-create-kept",
        LEAK,
        "A refused create leaves a job.",
        Behaviour(keeps_rejected_creates=True),
    ),
    _undeleted_fault("deleted-retrieved", "A deleted job is still found.", "retrieve"),
    _undeleted_fault("deleted-listed", "A deleted job is still listed.", "list"),
    _undeleted_fault("deleted-downloaded", "The file of a deleted job is still served.", "content"),
    _undeleted_fault("deleted-deleted", "A job can be deleted again and again.", "delete"),
    _fault(
        "delete-nothing",
        FREED,
        "A deletion says so and deletes nothing.",
        Behaviour(operations_hiding_deleted_jobs=frozenset()),
    ),
    _fault(
        "delete-unknown",
        UNKNOWN,
        "Any id can be deleted.",
        Behaviour(operations_finding_unknown_jobs=frozenset({"delete"})),
    ),
    _fault(
        "retrieve-unknown",
        UNKNOWN,
        "Any id has a job.",
        Behaviour(operations_finding_unknown_jobs=frozenset({"retrieve"})),
    ),
    _fault(
        "content-unknown",
        UNKNOWN,
        "Any id has a file.",
        Behaviour(operations_finding_unknown_jobs=frozenset({"content"})),
    ),
    _fault(
        "retrieve-other",
        "RESTler: another resource answered",
        "A retrieve returns a job of another id.",
        Behaviour(
            change_view=in_operation("retrieve", lambda view, _: {**view, "id": view["id"][::-1]})
        ),
    ),
    _fault(
        "delete-other",
        "RESTler: another resource answered",
        "A deletion names another id.",
        Behaviour(
            change_response=for_operation(
                "delete", to_value(lambda body: {**body, "id": body["id"][::-1]})
            ),
        ),
    ),
    _fault(
        "delete-running-ignored",
        "lifecycle: delete while running",
        "A running job can be deleted and goes on.",
        Behaviour(deletes_running=True),
    ),
    _order_fault("list-omits-newest", "The newest job is not listed.", _without_newest),
    _order_fault("list-omits-oldest", "The oldest job is not listed.", _without_oldest),
    _order_fault("list-unstable", "The order changes from list to list.", _alternating),
    _page_fault("list-repeats", "The first job of a page is listed twice.", _first_job_twice),
    _query_fault(
        "list-ascending",
        "The order of lists is reversed.",
        lambda query: replace(query, descending=not query.descending),
    ),
    _query_fault(
        "order-ignored", "Every list is newest first.", lambda q: replace(q, descending=True)
    ),
    _query_fault(
        "limit-ignored", "Every page has up to 100 jobs.", lambda q: replace(q, limit=100)
    ),
    _query_fault(
        "limit-one-more", "A page has one job more.", lambda q: replace(q, limit=q.limit + 1)
    ),
    _query_fault("after-ignored", "Every page is the first one.", lambda q: replace(q, after=None)),
    _fault(
        "cursor-stays",
        PAGED,
        "A page begins with the last job of the one before.",
        Behaviour(cursor_step=0),
    ),
    _fault(
        "cursor-skips",
        PAGED,
        "Between two pages one job is lost.",
        Behaviour(cursor_step=2),
    ),
    _page_fault("has-more-always", "There is always another page.", _with_field("has_more", True)),
    _page_fault("has-more-never", "There is never another page.", _with_field("has_more", False)),
    _page_fault("first-id-null", "first_id is null on every page.", _with_field("first_id", None)),
    _page_fault("last-id-null", "last_id is null on every page.", _with_field("last_id", None)),
    _page_fault("page-ids-swapped", "first_id and last_id are swapped.", _swapped_ids),
    _page_fault(
        "last-id-other", "last_id names an unknown job.", _with_field("last_id", "video_none")
    ),
)
