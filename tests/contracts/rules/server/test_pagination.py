"""Rules for lists that are read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import (
    Exchange,
    Violation,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, JobRole, Operation, Reply, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, set_at
from aisa_testkit.openapi.text import count_of
from tests.support.codes import codes_and_numbers
from tests.support.exchanges import History
from tests.support.operations import find_operation, only_kind
from tests.support.scripted_client import run_script

FOUR_JOBS = "create, tick, create, tick, create, tick, create"


class ListServer:
    """A server whose pages a test chooses; jobs are numbered from 1 in the order of creation."""

    def __init__(self, document: Document, history: History) -> None:
        self.document, self.history = document, list(history)
        self.operation: Operation = find_operation(document, JobRole.LIST)
        self.jobs = [
            orjson.loads(i.reply.body) for i in history if isinstance(i, Exchange) and i.reply
        ]

    def id(self, number: int) -> str:
        """The id of a job."""
        return str(get(self.jobs[number - 1], only_kind(self.document).id_at or ()))

    def page(
        self,
        *numbers: int,
        after: int | None = None,
        more: bool = False,
        limit: int | None = None,
        order: str | None = None,
        first: Json = "default",
        last: Json = "default",
        cursor: str | None = None,
    ) -> None:
        """Add an exchange with a page of these jobs to the history, requested `after` a job."""
        listing, ids = only_kind(self.document).list, [self.id(n) for n in numbers]
        assert listing
        assert listing.limit
        ends: list[Json] = [*ids] or [None]
        values: dict[str, Json] = {
            "first": ends[0] if first == "default" else first,
            "last": ends[-1] if last == "default" else last,
            "more": more,
            "next_page": (cursor or (ids or ["on"])[-1]) if more else None,
        }
        body: dict[str, Json] = {"object": "list"}
        set_at(body, listing.items, [self.jobs[n - 1] for n in numbers])
        for key, place in listing.places.items():
            set_at(body, place, values[key])
        forward = listing.after or listing.cursor
        assert forward
        query = [(listing.limit.name, limit), (forward.name, self.id(after) if after else None)]
        sent = [(name, str(value)) for name, value in query if value is not None]
        sent += [(listing.order[0].name, order)] if listing.order and order else []
        headers = {"authorization": "Bearer k", "x-render-key": "k"}
        call = Call(self.operation.id, query=tuple(sent), headers=headers)
        reply = Reply(200, {"content-type": "application/json"}, orjson.dumps(body))
        at = max(i.at for i in self.history if isinstance(i, Exchange))
        self.history.append(read_exchange(self.document, call, reply, at=at))

    def found(self) -> list[tuple[str, tuple[int, ...]]]:
        """The code and the numbers of each violation so far."""
        return codes_and_numbers(self.violations())

    def violations(self) -> Sequence[Violation]:
        """The violations of the history so far."""
        return check_history(self.document, self.history)


@pytest.fixture
def server(any_document: Document) -> ListServer:
    """A server with four jobs."""
    return ListServer(any_document, run_script(any_document, FOUR_JOBS))


@pytest.fixture
def ordered_server(document: Document) -> ListServer:
    """A server with four jobs, of the API whose lists have an order."""
    return ListServer(document, run_script(document, FOUR_JOBS))


def test_complete_list_on_any_number_of_pages_is_not_reported(server: ListServer) -> None:
    server.page(4, 3, 2, 1)
    server.page(4, 3, more=True)
    server.page(2, 1, after=3)
    for number in (4, 3, 2):
        server.page(number, after=number + 1 if number < 4 else None, more=True, limit=1)
    server.page(1, after=2, limit=1)
    assert server.found() == []


def test_pagination_may_end_with_an_empty_page(server: ListServer) -> None:
    server.page(4, 3, 2, 1, more=True)
    server.page(after=1)
    assert server.found() == []


def test_job_missing_on_the_only_page_is_reported(server: ListServer) -> None:
    server.page(4, 2, 1)
    (missing,) = server.violations()
    assert (missing.code, missing.numbers) == ("AV232", (5,))
    assert server.id(3) in missing.received
    assert "no. 3" in missing.expected


@pytest.mark.parametrize(("one", "two"), [((4, 3), (1,)), ((4, 2), (1,)), ((3, 2), (1,))])
def test_job_missing_on_several_pages_is_reported_at_the_last_page(
    server: ListServer, one: tuple[int, ...], two: tuple[int, ...]
) -> None:
    server.page(*one, more=True)
    assert server.found() == []
    server.page(*two, after=one[-1])
    assert server.found() == [("AV232", (6,))]


def test_duplicate_job_on_one_page_is_reported(server: ListServer) -> None:
    server.page(4, 3, 3, 2, 1)
    (repeated,) = server.violations()
    assert (repeated.code, repeated.received) == ("AV231", server.id(3))


def test_page_that_repeats_the_job_of_its_cursor_is_reported(server: ListServer) -> None:
    server.page(4, 3, more=True)
    server.page(3, 2, 1, after=3)
    (repeated,) = server.violations()
    assert (repeated.code, repeated.numbers, repeated.received) == ("AV231", (6,), server.id(3))


def test_cursor_that_leads_back_to_the_first_page_is_reported(server: ListServer) -> None:
    server.page(4, 3, more=True)
    server.page(2, 1, after=3, more=True)
    server.page(4, 3, after=1, more=True)
    assert ("AV231", (7,)) in server.found()


def test_empty_page_that_announces_another_page_is_reported(server: ListServer) -> None:
    server.page(4, 3, 2, 1, more=True)
    server.page(after=1, more=True)
    (cursor,) = server.violations()
    assert (cursor.code, cursor.numbers) == ("AV234", (6,))


@pytest.mark.parametrize(
    ("key", "place"), [("first", "/first_id"), ("last", "/last_id")], ids=["first", "last"]
)
@pytest.mark.parametrize("number", [None, 2], ids=["null", "another job"])
def test_invalid_first_or_last_id_of_a_page_is_reported(
    ordered_server: ListServer, key: str, place: str, number: int | None
) -> None:
    named = ordered_server.id(number) if number else None
    if key == "first":
        ordered_server.page(4, 3, 2, 1, first=named)
    else:
        ordered_server.page(4, 3, 2, 1, last=named)
    (violation,) = ordered_server.violations()
    assert (violation.code, violation.place, violation.numbers) == ("AV234", place, (5,))
    assert ordered_server.id(4 if key == "first" else 1) in violation.expected


@pytest.mark.parametrize(
    ("numbers", "limit", "expected"),
    [((4, 3, 2), 2, "at most 2"), ((4,), 0, "at most 0"), ((4, 3, 2, 1), 1, "at most 1")],
)
def test_page_longer_than_its_limit_is_reported(
    ordered_server: ListServer, numbers: tuple[int, ...], limit: int, expected: str
) -> None:
    ordered_server.page(*numbers, limit=limit, more=True)
    (long,) = ordered_server.violations()
    jobs = count_of(len(numbers), "job")
    assert (long.code, long.expected, long.received) == ("AV235", expected, jobs)


def test_negative_limit_is_not_a_limit(ordered_server: ListServer) -> None:
    ordered_server.page(limit=-1)
    assert "AV235" not in [violation.code for violation in ordered_server.violations()]


def test_page_longer_than_the_default_limit_is_reported(any_document: Document) -> None:
    listing = only_kind(any_document).list
    assert listing
    assert listing.limit
    most = listing.operation.query[listing.limit.name].default
    assert isinstance(most, int)
    many = ListServer(any_document, run_script(any_document, ", ".join(["create"] * (most + 1))))
    many.page(*range(most + 1, 0, -1))
    assert [(v.code, v.expected) for v in many.violations()] == [("AV235", f"at most {most}")]


@pytest.mark.parametrize(
    ("order", "numbers", "expected"),
    [
        (None, (4, 2, 3, 1), "newest first"),
        (None, (1, 2, 3, 4), "newest first"),
        ("desc", (3, 4, 2, 1), "newest first"),
        ("asc", (4, 3, 2, 1), "oldest first"),
    ],
    ids=["two jobs, default order", "all jobs, default order", "descending", "ascending"],
)
def test_list_out_of_order_is_reported_once(
    ordered_server: ListServer, order: str | None, numbers: tuple[int, ...], expected: str
) -> None:
    ordered_server.page(*numbers, order=order)
    (disorder,) = ordered_server.violations()
    assert (disorder.code, disorder.numbers, disorder.expected) == ("AV233", (5,), expected)


def test_order_of_a_list_is_checked_across_pages(ordered_server: ListServer) -> None:
    ordered_server.page(3, 2, more=True)
    ordered_server.page(4, 1, after=2)
    assert ordered_server.found() == [("AV233", (6,))]


def test_jobs_created_in_the_same_second_may_have_any_order(document: Document) -> None:
    same = ListServer(document, run_script(document, "create, create, create"))
    same.page(2, 3, 1)
    same.page(3, 1, 2, order="asc")
    assert same.found() == []


def test_list_read_from_the_middle_need_not_contain_earlier_jobs(server: ListServer) -> None:
    server.page(2, after=3, more=True)
    server.page(1, after=2)
    assert server.found() == []


def test_interleaved_paginations_are_not_reported(server: ListServer) -> None:
    server.page(4, 3, more=True)
    server.page(4, more=True, limit=1)
    server.page(2, 1, after=3)
    server.page(3, after=4, more=True, limit=1)
    server.page(2, after=3, more=True, limit=1)
    server.page(4, 3, 2, 1)
    server.page(1, after=2, limit=1)
    assert server.found() == []


def test_interleaved_paginations_are_both_checked(server: ListServer) -> None:
    server.page(4, 3, more=True)
    server.page(4, more=True, limit=1)
    server.page(1, after=3)
    assert server.found() == [("AV232", (7,))]


def test_page_that_is_requested_twice_is_not_a_duplicate(server: ListServer) -> None:
    server.page(4, 3, more=True)
    server.page(2, after=3, more=True)
    server.page(2, after=3, more=True)
    server.page(1, after=2)
    assert server.found() == []


def test_job_created_during_pagination_may_be_listed_or_not(document: Document) -> None:
    made = ListServer(document, run_script(document, FOUR_JOBS))
    before, made.history = made.history, made.history[:3]
    made.page(3, 2, more=True)
    made.history.append(before[3])
    made.page(1, after=2)
    assert made.found() == []
    made.page(4, 3, 2)
    assert made.found() == [("AV232", (7,))]


def test_job_deleted_during_pagination_may_be_missing(any_document: Document) -> None:
    script = "done, create, done, create, done, create, delete 1"
    history = run_script(any_document, script)
    deleting = ListServer(any_document, history[:3])
    deleting.page(3, 2, more=True)
    deleting.history.append(history[3])
    deleting.page(after=2)
    assert deleting.found() == []


def test_opaque_cursors_are_followed(other_document: Document) -> None:
    opaque = ListServer(other_document, run_script(other_document, FOUR_JOBS))
    opaque.page(4, 3, more=True, cursor="b2Zmc2V0OjI")
    opaque.page(1, after=3)
    last = opaque.history[-1]
    assert isinstance(last, Exchange)
    call = replace(last.call, query=(("cursor", "b2Zmc2V0OjI"),))
    opaque.history[-1] = read_exchange(other_document, call, last.reply, at=last.at)
    assert opaque.found() == [("AV232", (6,))]


@pytest.fixture
def plain_server(any_document: Document) -> ListServer:
    """A server with four jobs, whose document has no field for further pages."""
    data = deepcopy(any_document.source.data)
    for kind in data["x-jobs"].values():
        for key in ("first", "last", "more", "next_page"):
            kind["list"].pop(key, None)
    plain = parse_document(orjson.dumps(data).decode())
    return ListServer(plain, run_script(plain, FOUR_JOBS))


def test_plain_list_that_is_complete_is_not_reported(plain_server: ListServer) -> None:
    plain_server.page(4, 3, 2, 1)
    plain_server.page(4, 3, limit=2)
    plain_server.page(2, 1, after=3, limit=2)
    plain_server.page(after=1, limit=2)
    plain_server.page(4, 3, 2, limit=3)
    plain_server.page(1, after=2, limit=3)
    plain_server.page(limit=0)
    assert plain_server.found() == []


@pytest.mark.parametrize("jobs", [(), (1,), (4, 3, 1)], ids=["none", "one", "three"])
def test_job_missing_from_a_plain_list_is_reported(
    plain_server: ListServer, jobs: tuple[int, ...]
) -> None:
    plain_server.page(*jobs)
    assert plain_server.found() == [("AV232", (5,))]


@pytest.mark.parametrize("last", [(), (1,)], ids=["empty page", "short page"])
def test_job_missing_from_a_plain_list_is_reported_at_its_last_page(
    plain_server: ListServer, last: tuple[int, ...]
) -> None:
    plain_server.page(4, 3, limit=2)
    assert plain_server.found() == []
    plain_server.page(*last, after=3, limit=2)
    assert plain_server.found() == [("AV232", (6,))]


def test_list_without_default_limit_and_order_ends_with_an_empty_page(
    plain_server: ListServer,
) -> None:
    data = deepcopy(plain_server.document.source.data)
    listing = find_operation(plain_server.document, JobRole.LIST)
    for parameter in data["paths"][listing.path]["get"]["parameters"]:
        parameter.get("schema", {}).pop("default", None)
    unlimited = parse_document(orjson.dumps(data).decode())
    server = ListServer(unlimited, run_script(unlimited, FOUR_JOBS))
    server.page(3, 4)
    assert server.found() == []
    server.page(after=4)
    assert server.found() == [("AV232", (6,))]
