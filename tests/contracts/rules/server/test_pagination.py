"""The laws of a list that is read page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import (
    Exchange,
    UnmatchedRequest,
    Violation,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, JobRole, Operation, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, set_at

History = list[Exchange | UnmatchedRequest]
Play = Callable[[Document, str], History]
DOCUMENTS = pytest.mark.parametrize("which", ["document", "other_document"])
FOUR = "create, tick, create, tick, create, tick, create"


class Lister:
    """A server that lists the jobs of a history as it is told to, by their numbers from 1."""

    def __init__(self, document: Document, history: History) -> None:
        self.document, self.history = document, list(history)
        self.operation: Operation = document.by_role[JobRole.LIST]
        self.jobs = [
            orjson.loads(i.reply.body) for i in history if isinstance(i, Exchange) and i.reply
        ]

    def id(self, number: int) -> str:
        """The id of a job."""
        return str(get(self.jobs[number - 1], self.document.lifecycle.id_at))

    def page(
        self,
        *numbers: int,
        after: int | None = None,
        more: bool = False,
        limit: int | None = None,
        order: str | None = None,
        first: Json = "right",
        last: Json = "right",
        cursor: str | None = None,
    ) -> None:
        """One more page of the history, of these jobs and `after` that job."""
        page, ids = self.operation.page, [self.id(n) for n in numbers]
        assert page is not None
        ends: list[Json] = [*ids] or [None]
        values: dict[str, Json] = {
            "items": [self.jobs[n - 1] for n in numbers],
            "first": ends[0] if first == "right" else first,
            "last": ends[-1] if last == "right" else last,
            "more": more,
            "next": (cursor or (ids or ["on"])[-1]) if more else None,
        }
        body: dict[str, Json] = {"object": "list"}
        for key, place in page.places.items():
            set_at(body, place, values[key])
        query = [(page.limit, limit), (page.after, self.id(after) if after else None)]
        sent = [(name, str(value)) for name, value in query if value is not None]
        sent += [(page.order, order)] if page.order and order else []
        headers = {"authorization": "Bearer k", "x-render-key": "k"}
        call = Call(self.operation.id, query=tuple(sent), headers=headers)
        reply = Reply(200, {"content-type": "application/json"}, orjson.dumps(body))
        at = max(i.at for i in self.history if isinstance(i, Exchange))
        self.history.append(read_exchange(self.document, call, reply, at=at))

    def judged(self) -> list[tuple[str, tuple[int, ...]]]:
        """The violations by code and numbers."""
        return [(v.code, v.numbers) for v in self.violations()]

    def violations(self) -> Sequence[Violation]:
        """The violations of the history so far."""
        return check_history(self.document, self.history)


@pytest.fixture(params=["document", "other_document"])
def lister(request: pytest.FixtureRequest, play: Play) -> Lister:
    """A server with four jobs."""
    document: Document = request.getfixturevalue(request.param)
    return Lister(document, play(document, FOUR))


@pytest.fixture
def sorted_lister(document: Document, play: Play) -> Lister:
    """A server with four jobs, and an order."""
    return Lister(document, play(document, FOUR))


def test_a_whole_list_on_any_number_of_pages_is_right(lister: Lister) -> None:
    lister.page(4, 3, 2, 1)
    lister.page(4, 3, more=True)
    lister.page(2, 1, after=3)
    for number in (4, 3, 2):
        lister.page(number, after=number + 1 if number < 4 else None, more=True, limit=1)
    lister.page(1, after=2, limit=1)
    assert lister.judged() == []


def test_a_list_may_end_with_an_empty_page(lister: Lister) -> None:
    lister.page(4, 3, 2, 1, more=True)
    lister.page(after=1)
    assert lister.judged() == []


def test_a_job_that_is_missing_on_the_only_page_is_told(lister: Lister) -> None:
    lister.page(4, 2, 1)
    (omitted,) = lister.violations()
    assert (omitted.code, omitted.numbers) == ("AV232", (5,))
    assert lister.id(3) in omitted.received
    assert "no. 3" in omitted.expected


@pytest.mark.parametrize(("one", "two"), [((4, 3), (1,)), ((4, 2), (1,)), ((3, 2), (1,))])
def test_a_job_that_is_missing_between_or_on_pages_is_told_when_the_list_ends(
    lister: Lister, one: tuple[int, ...], two: tuple[int, ...]
) -> None:
    lister.page(*one, more=True)
    assert lister.judged() == []
    lister.page(*two, after=one[-1])
    assert lister.judged() == [("AV232", (6,))]


def test_a_job_that_is_told_twice_on_one_page_is_told(lister: Lister) -> None:
    lister.page(4, 3, 3, 2, 1)
    (repeated,) = lister.violations()
    assert (repeated.code, repeated.received) == ("AV231", lister.id(3))


def test_a_page_that_begins_with_the_job_that_it_should_be_behind_is_told(lister: Lister) -> None:
    lister.page(4, 3, more=True)
    lister.page(3, 2, 1, after=3)
    (repeated,) = lister.violations()
    assert (repeated.code, repeated.numbers, repeated.received) == ("AV231", (6,), lister.id(3))


def test_a_cursor_that_leads_back_to_the_first_page_is_told(lister: Lister) -> None:
    lister.page(4, 3, more=True)
    lister.page(2, 1, after=3, more=True)
    lister.page(4, 3, after=1, more=True)
    assert ("AV231", (7,)) in lister.judged()


def test_an_empty_page_with_more_to_follow_is_told(lister: Lister) -> None:
    lister.page(4, 3, 2, 1, more=True)
    lister.page(after=1, more=True)
    (cursor,) = lister.violations()
    assert (cursor.code, cursor.numbers) == ("AV234", (6,))


@pytest.mark.parametrize(
    ("key", "place"), [("first", "/first_id"), ("last", "/last_id")], ids=["first", "last"]
)
@pytest.mark.parametrize("number", [None, 2], ids=["none", "another job"])
def test_a_page_that_names_the_wrong_job_at_its_ends_is_told(
    sorted_lister: Lister, key: str, place: str, number: int | None
) -> None:
    named = sorted_lister.id(number) if number else None
    if key == "first":
        sorted_lister.page(4, 3, 2, 1, first=named)
    else:
        sorted_lister.page(4, 3, 2, 1, last=named)
    (wrong,) = sorted_lister.violations()
    assert (wrong.code, wrong.place, wrong.numbers) == ("AV234", place, (5,))
    assert sorted_lister.id(4 if key == "first" else 1) in wrong.expected


@pytest.mark.parametrize(
    ("numbers", "limit", "expected"),
    [((4, 3, 2), 2, "at most 2"), ((4,), 0, "at most 0"), ((4, 3, 2, 1), 1, "at most 1")],
)
def test_a_page_over_its_limit_is_told(
    sorted_lister: Lister, numbers: tuple[int, ...], limit: int, expected: str
) -> None:
    sorted_lister.page(*numbers, limit=limit, more=True)
    (long,) = sorted_lister.violations()
    assert (long.code, long.expected, long.received) == ("AV235", expected, f"{len(numbers)} jobs")


@DOCUMENTS
def test_the_default_limit_holds_where_none_was_sent(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    page = document.by_role[JobRole.LIST].page
    assert page is not None
    most = document.by_role[JobRole.LIST].query[page.limit].default
    assert isinstance(most, int)
    many = Lister(document, play(document, ", ".join(["create"] * (most + 1))))
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
    ids=["two swapped by default", "all by default", "falling", "rising"],
)
def test_a_list_out_of_order_is_told_once(
    sorted_lister: Lister, order: str | None, numbers: tuple[int, ...], expected: str
) -> None:
    sorted_lister.page(*numbers, order=order)
    (disorder,) = sorted_lister.violations()
    assert (disorder.code, disorder.numbers, disorder.expected) == ("AV233", (5,), expected)


def test_the_order_holds_from_page_to_page(sorted_lister: Lister) -> None:
    sorted_lister.page(3, 2, more=True)
    sorted_lister.page(4, 1, after=2)
    assert sorted_lister.judged() == [("AV233", (6,))]


def test_jobs_of_one_second_may_stand_in_any_order(document: Document, play: Play) -> None:
    same = Lister(document, play(document, "create, create, create"))
    same.page(2, 3, 1)
    same.page(3, 1, 2, order="asc")
    assert same.judged() == []


def test_a_list_that_is_read_from_its_middle_need_not_hold_what_came_before(lister: Lister) -> None:
    lister.page(2, after=3, more=True)
    lister.page(1, after=2)
    assert lister.judged() == []


def test_two_readings_in_turns_are_no_violation(lister: Lister) -> None:
    lister.page(4, 3, more=True)
    lister.page(4, more=True, limit=1)
    lister.page(2, 1, after=3)
    lister.page(3, after=4, more=True, limit=1)
    lister.page(2, after=3, more=True, limit=1)
    lister.page(4, 3, 2, 1)
    lister.page(1, after=2, limit=1)
    assert lister.judged() == []


def test_two_readings_in_turns_are_both_judged(lister: Lister) -> None:
    lister.page(4, 3, more=True)
    lister.page(4, more=True, limit=1)
    lister.page(1, after=3)
    assert lister.judged() == [("AV232", (7,))]


def test_a_page_that_is_asked_for_again_is_no_repetition(lister: Lister) -> None:
    lister.page(4, 3, more=True)
    lister.page(2, after=3, more=True)
    lister.page(2, after=3, more=True)
    lister.page(1, after=2)
    assert lister.judged() == []


def test_a_job_that_is_made_while_a_list_is_read_may_be_on_it_or_not(
    document: Document, play: Play
) -> None:
    made = Lister(document, play(document, FOUR))
    before, made.history = made.history, made.history[:3]
    made.page(3, 2, more=True)
    made.history.append(before[3])
    made.page(1, after=2)
    assert made.judged() == []
    made.page(4, 3, 2)
    assert made.judged() == [("AV232", (7,))]


@DOCUMENTS
def test_a_job_that_is_deleted_while_a_list_is_read_may_be_missing(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    script = "done, create, done, create, done, create, delete 1"
    history = play(document, script)
    deleting = Lister(document, history[:3])
    deleting.page(3, 2, more=True)
    deleting.history.append(history[3])
    deleting.page(after=2)
    assert deleting.judged() == []


def test_cursors_that_are_no_ids_are_followed(other_document: Document, play: Play) -> None:
    opaque = Lister(other_document, play(other_document, FOUR))
    opaque.page(4, 3, more=True, cursor="b2Zmc2V0OjI")
    opaque.page(1, after=3)
    last = opaque.history[-1]
    assert isinstance(last, Exchange)
    call = replace(last.call, query=(("cursor", "b2Zmc2V0OjI"),))
    opaque.history[-1] = read_exchange(other_document, call, last.reply, at=last.at)
    assert opaque.judged() == [("AV232", (6,))]
