"""One cause is one finding, however often a server or a client shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from aisa_testkit.contracts import CLIENT_RULES, SERVER_RULES, Violation
from aisa_testkit.contracts.rules.grouping import ViolationGroup, deduplicate, group_by_cause
from aisa_testkit.openapi import Document

POLL = Violation(
    rule=SERVER_RULES["AV104"],
    operation_id="getVideo",
    request="GET /v1/videos/{video_id}",
    numbers=(2,),
    place="/seconds",
    received="4",
    expected="one of '4', '8', '12'",
)
PAGE = replace(POLL, operation_id="listVideos", request="GET /v1/videos", place="/data/0/seconds")
DECREASED = replace(
    POLL, rule=SERVER_RULES["AV203"], place="/progress", expected="at least 40, as in no. 2"
)
SENT = replace(POLL, rule=CLIENT_RULES["AV705"], place="seconds")


Group = Callable[..., list[tuple[int, tuple[int, ...]]]]


@pytest.fixture
def group(document: Document) -> Group:
    """The times and the numbers of each group of violations."""

    def group(*violations: Violation) -> list[tuple[int, tuple[int, ...]]]:
        numbered = [
            replace(violation, numbers=(number,), found_in=(number,))
            for number, violation in enumerate(violations, start=1)
        ]
        groups = group_by_cause(numbered, document=document)
        return [(each.times, each.numbers) for each in groups]

    return group


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (POLL, POLL),
        (POLL, replace(POLL, received="8")),
        (POLL, PAGE),
        (PAGE, replace(PAGE, place="/data/12/seconds")),
        (POLL, replace(POLL, operation_id="createVideo", request="POST /v1/videos")),
        (replace(POLL, expected="'x'"), replace(POLL, expected="'à l\\'aube…")),
        (replace(POLL, place="/x/0/y/1"), replace(POLL, place="/x/7/y/23")),
        (DECREASED, replace(DECREASED, expected="at least 60, as in no. 3")),
        (DECREASED, replace(DECREASED, received="null")),
        (replace(POLL, place=None), replace(POLL, place=None)),
        (SENT, replace(SENT, received="5", expected="another")),
        (replace(SENT, place="/x/0"), replace(SENT, place="/x/1")),
    ],
    ids=[
        "another poll",
        "another value of the same type",
        "a job in a list",
        "another item of a list",
        "another operation that shows the job",
        "another text that is expected",
        "lists in lists",
        "another number that is expected",
        "another type in a rule over time",
        "a whole response",
        "another value of a client",
        "another item of a client",
    ],
)
def test_one_cause_is_one_group(group: Group, first: Violation, second: Violation) -> None:
    assert group(first, second) == [(2, (1, 2))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (POLL, replace(POLL, rule=SERVER_RULES["AV107"])),
        (POLL, replace(POLL, place="/size")),
        (POLL, replace(POLL, received="null")),
        (POLL, replace(POLL, received="'4'")),
        (POLL, replace(POLL, received="nothing", expected="a value")),
        (POLL, replace(POLL, expected="a string")),
        (PAGE, replace(PAGE, place="/last_id")),
        (replace(POLL, place="/10"), replace(POLL, place="/10x")),
        (replace(POLL, place=None, received="500"), replace(POLL, place=None, received="418")),
        (replace(POLL, place=None), replace(PAGE, place=None)),
        (SENT, replace(SENT, operation_id="createVideo")),
        (replace(SENT, operation_id=None), replace(SENT, operation_id=None, request="GET /x")),
    ],
    ids=[
        "another rule",
        "another place",
        "another type",
        "a text",
        "a missing value",
        "another expectation",
        "another place in the list",
        "a name that begins with digits",
        "another status",
        "a whole response of another operation",
        "another operation of a client",
        "another unknown path",
    ],
)
def test_another_cause_is_another_group(group: Group, first: Violation, second: Violation) -> None:
    assert group(first, second) == [(1, (1,)), (1, (2,))]


def test_without_a_document_items_of_a_list_have_places_of_their_own() -> None:
    assert len(group_by_cause([POLL, PAGE])) == 2


def test_equal_violations_are_counted_without_the_requests_they_are_compared_with() -> None:
    pairs = [replace(DECREASED, numbers=numbers, found_in=()) for numbers in [(1, 2), (1, 3)]]
    (merged,) = deduplicate(pairs)
    assert (merged.numbers, merged.found_in) == ((1, 2, 3), (2, 3))
    assert ViolationGroup(merged).times == 2
    later = replace(DECREASED, numbers=(5, 9), found_in=())
    both = ViolationGroup(merged, (later,))
    assert (both.times, both.numbers) == (3, (2, 3, 9))
    assert str(both).endswith("\n  seen      3 times, in nos. 2, 3 and 9")


def test_count_survives_json() -> None:
    (merged,) = deduplicate([replace(SENT, numbers=(n,), found_in=()) for n in (1, 4)])
    read = Violation.from_json(merged.to_json())
    assert (read.numbers, read.found_in) == ((1, 4), (1, 4))
    assert Violation.from_json({**SENT.to_json(), "found_in": []}).found_in == (2,)
