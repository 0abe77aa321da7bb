"""The laws over time that bind the operations together, and that the mock keeps all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import (
    Exchange,
    UnmatchedRequest,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds, TickingClock
from aisa_testkit.openapi import Call, Document, Ending, JobRole, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, set_at

History = list[Exchange | UnmatchedRequest]
Play = Callable[[Document, str], History]
DOCUMENTS = pytest.mark.parametrize("which", ["document", "other_document"])


def answered(history: History, number: int, reply: Reply | None) -> History:
    """The history with another answer of this number."""
    item = history[number - 1]
    assert isinstance(item, Exchange)
    return [*history[: number - 1], replace(item, reply=reply), *history[number:]]


def reply_of(history: History, number: int) -> Reply:
    """The answer of this number."""
    item = history[number - 1]
    assert isinstance(item, Exchange)
    assert item.reply is not None
    return item.reply


def found(
    document: Document, history: History, *, timeout: float | None = None
) -> list[tuple[str, tuple[int, ...]]]:
    """The violations by code and numbers."""
    return [(v.code, v.numbers) for v in check_history(document, history, timeout=timeout)]


@DOCUMENTS
@pytest.mark.parametrize("view", ["poll", "list"])
def test_a_job_that_does_not_end_in_time_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, view: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, f"create, {view}, tick, tick, {view}")
    assert found(document, history) == []
    assert found(document, history, timeout=6) == []
    (late,) = check_history(document, history, timeout=5.5)
    assert (late.code, late.numbers) == ("AV215", (1, 3))
    assert late.received.endswith("after 6 seconds")
    assert late.expected == "a final state within 5.5 seconds"


@pytest.mark.parametrize(
    "script",
    ["create, wait, poll", "create, wait, list", "fails, create, wait, poll", "create, wait"],
    ids=["ended late", "seen to end by a list", "failed late", "never asked for"],
)
def test_a_job_that_was_not_watched_or_has_ended_is_not_late(
    document: Document, play: Play, script: str
) -> None:
    assert found(document, play(document, script), timeout=1) == []


def test_each_job_has_a_time_of_its_own(document: Document, play: Play) -> None:
    history = play(document, "create, tick, create b, poll 1, tick, poll 2, poll 1")
    assert found(document, history, timeout=5) == [("AV215", (1, 5))]


@DOCUMENTS
@pytest.mark.parametrize("between", ["", "tick, poll, ", "wait, delete, "])
def test_an_id_that_is_given_twice_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, between: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, f"create, {between}create b")
    last = len(history)
    again = answered(history, last, reply_of(history, 1))
    (twice,) = check_history(document, again)
    assert (twice.code, twice.numbers) == ("AV213", (1, last))


def test_a_remix_with_the_id_of_its_source_is_told(document: Document, play: Play) -> None:
    history = play(document, "done, create, remix")
    same = answered(history, 2, reply_of(history, 1))
    assert found(document, same) == [("AV213", (1, 2))]


def test_a_new_job_with_the_id_of_one_that_was_only_seen_is_told(
    document: Document, play: Play
) -> None:
    history = play(document, "create, poll, create b")[1:]
    assert found(document, answered(history, 2, reply_of(history, 1))) == [("AV213", (1, 2))]


@DOCUMENTS
@pytest.mark.parametrize("use", ["poll", "content", "list"])
def test_a_deleted_job_that_is_still_there_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, use: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, f"create, wait, {use}, delete, {use}")
    assert found(document, history) == []
    still = answered(history, 4, reply_of(history, 2))
    (gone,) = check_history(document, still)
    assert (gone.code, gone.numbers) == ("AV216", (3, 4))
    assert "no. 3" in gone.received


def test_a_job_that_was_not_deleted_since_it_still_ran_may_be_there(
    document: Document, play: Play
) -> None:
    assert found(document, play(document, "create, delete, poll, list")) == []


@DOCUMENTS
@pytest.mark.parametrize("seen", ["create", "poll", "list"])
def test_a_job_that_is_lost_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, seen: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, f"create, {seen}, poll, poll other")
    lost = [history[1], answered(history, 3, reply_of(history, 4))[2]]
    (missing,) = check_history(document, lost)
    assert (missing.code, missing.numbers) == ("AV217", (1, 2))
    assert missing.received.startswith("404 for ")


@DOCUMENTS
def test_ids_that_were_never_made_are_rightly_unknown(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "poll x, create, content x, delete x, poll x, list")
    assert found(document, history) == []


@DOCUMENTS
@pytest.mark.parametrize("then", ["poll", "list", "content"])
@pytest.mark.parametrize("reply", [None, Reply(503)], ids=["no answer", "an error of the server"])
def test_a_deletion_of_unknown_outcome_leaves_both_open(
    request: pytest.FixtureRequest, which: str, play: Play, then: str, reply: Reply | None
) -> None:
    document: Document = request.getfixturevalue(which)
    done = play(document, f"create, wait, poll, delete, {then}")
    assert found(document, answered(done, 3, reply)) == []
    undone = play(document, f"create, wait, poll, poll, {then}")
    undone[2] = replace(done[2], reply=reply) if isinstance(done[2], Exchange) else done[2]
    assert found(document, undone) == []


def test_exchanges_without_an_answer_and_strays_say_nothing(document: Document, play: Play) -> None:
    script = "create, tick, poll, list, wait, poll, content, create b, delete, list"
    history = play(document, script)
    for number in range(1, len(history) + 1):
        assert found(document, answered(history, number, None), timeout=1000) == []
    assert (
        found(document, [UnmatchedRequest("GET", "/"), *history, UnmatchedRequest("GET", "/")])
        == []
    )


@DOCUMENTS
def test_an_answer_about_another_job_is_told(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create, create b, poll 1, poll 2")
    asked = history[2]
    assert isinstance(asked, Exchange)
    (other,) = check_exchange(document, asked.call, reply_of(history, 4))
    place = "/" + "/".join(document.lifecycle.id_at)
    assert (other.code, other.place) == ("AV214", place)
    assert (asked.job_id or "nothing") in other.expected


@pytest.mark.parametrize("source", [None, "video_other"], ids=["none", "another"])
def test_a_remix_that_does_not_name_its_source_is_told(
    document: Document, play: Play, source: str | None
) -> None:
    history = play(document, "done, create, remix")
    asked, reply = history[1], reply_of(history, 2)
    assert isinstance(asked, Exchange)
    job: dict[str, Json] = orjson.loads(reply.body)
    set_at(job, document.lifecycle.source_at or (), source)
    wrong = replace(reply, body=orjson.dumps(job))
    assert [v.code for v in check_exchange(document, asked.call, wrong)] == ["AV218"]
    assert check_exchange(document, asked.call, reply) == ()


@DOCUMENTS
def test_a_job_that_is_late_is_told_once_and_when_it_is_seen(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create, tick, poll, poll, poll")
    assert found(document, history, timeout=2) == [("AV215", (1, 2))]
    assert found(document, history[:2], timeout=2) == [("AV215", (1, 2))]


@DOCUMENTS
def test_a_second_deletion_that_is_accepted_is_told(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create, wait, delete, delete")
    assert found(document, history) == []
    assert found(document, answered(history, 3, reply_of(history, 2))) == [("AV216", (2, 3))]


@DOCUMENTS
@pytest.mark.parametrize("use", ["poll", "delete"])
def test_a_job_that_is_there_and_yet_unknown_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, use: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, f"create, wait, {use}, {use} other")
    lost = answered(history, 2, reply_of(history, 3))[:2]
    assert found(document, lost) == [("AV217", (1, 2))]


@DOCUMENTS
def test_a_deletion_that_failed_and_then_finds_no_job_was_done(
    request: pytest.FixtureRequest, which: str, play: Play
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create, wait, delete, delete")
    for reply in (None, Reply(503)):
        assert found(document, answered(history, 2, reply)) == []


@DOCUMENTS
@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 422])
def test_a_job_that_is_known_must_be_told_of(
    request: pytest.FixtureRequest, which: str, play: Play, status: int
) -> None:
    document: Document = request.getfixturevalue(which)
    history = answered(play(document, "create, poll, poll"), 3, Reply(status))
    assert found(document, history) == [("AV109", (2, 3))]
    unknown = answered(play(document, "poll other"), 1, Reply(status))
    assert found(document, unknown) == []


@DOCUMENTS
@pytest.mark.parametrize("status", [401, 402, 429, 500, 503])
def test_a_job_may_be_untold_for_other_reasons(
    request: pytest.FixtureRequest, which: str, play: Play, status: int
) -> None:
    document: Document = request.getfixturevalue(which)
    assert found(document, answered(play(document, "create, poll"), 2, Reply(status))) == []


@DOCUMENTS
@pytest.mark.parametrize("use", ["poll", "content", "delete"])
def test_an_id_that_nobody_has_must_be_unknown(
    request: pytest.FixtureRequest, which: str, play: Play, use: str
) -> None:
    document: Document = request.getfixturevalue(which)
    nobody = document.lifecycle.id_prefix + "0" * 32
    history = play(document, f"{use} {nobody}")
    assert found(document, history) == []
    (made_up,) = check_history(document, answered(history, 1, Reply(200)))
    assert (made_up.code, made_up.numbers) == ("AV219", (1,))
    assert (made_up.received, made_up.expected) == (f"200 for {nobody}", "404")


def test_a_refusal_for_want_of_a_key_says_nothing_of_the_job(
    document: Document, play: Play
) -> None:
    history = play(document, "create, poll, poll other")
    bare = history[1]
    assert isinstance(bare, Exchange)
    for reply in (reply_of(history, 3), Reply(403), Reply(200)):
        asked = replace(bare, call=replace(bare.call, headers={}), reply=reply)
        assert found(document, [history[0], asked]) == []


@DOCUMENTS
@pytest.mark.parametrize(
    ("factor", "told"),
    [(1000, True), (0.001, True), (0, True), (1, False), (1.001, False)],
    ids=["milliseconds", "thousands", "nothing", "seconds", "two weeks ahead"],
)
def test_a_stamp_in_another_unit_is_told(
    request: pytest.FixtureRequest, which: str, play: Play, factor: float, told: bool
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create")
    created = next(
        s.at for s in document.lifecycle.stamps if s.set_on == document.lifecycle.initial
    )
    job: dict[str, Json] = orjson.loads(reply_of(history, 1).body)
    moment = get(job, created)
    assert isinstance(moment, int)
    set_at(job, created, int(moment * factor))
    changed = replace(reply_of(history, 1), body=orjson.dumps(job))
    codes = [code for code, _ in found(document, answered(history, 1, changed))]
    assert codes == (["AV210"] if told else [])


class Client:
    """A client that does as it is told by words and numbers, with what it knows by then."""

    def __init__(self, document: Document, clock: ManualClock | TickingClock) -> None:
        self.document, self.clock, self.history = (
            document,
            clock,
            list[Exchange | UnmatchedRequest](),
        )
        self._service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
        self._ids, self._after = ["never-made"], list[str]()

    def act(self, word: str, which: int, how: int) -> None:
        """One step; `which` and `how` choose among what there is."""
        endings = self.document.lifecycle.endings
        if word == "wait":
            self.clock.advance((0.4, 3.0, 1000.0, 86_400.0)[how])
        elif word == "next":
            outcomes = [*endings(Ending.FAILURE), *endings(Ending.SUCCESS)]
            seconds = (None, 0.0, 0.5, 100.0)[how]
            MockControls(self._service).next_job(
                outcome=outcomes[which % len(outcomes)], seconds=seconds
            )
        elif JobRole(word) in self.document.by_role:
            self._ask(JobRole(word), self._ids[-1 - which % len(self._ids)], which, how)

    def _ask(self, role: JobRole, job_id: str, which: int, how: int) -> None:
        operation = self.document.by_role[role]
        names = operation.template.parameters
        query: tuple[tuple[str, str], ...] = ()
        headers = {"authorization": "Bearer k", "x-render-key": "k"} if which < 9 else {}
        body: Json = None
        if operation.page:
            query = ((operation.page.limit, str((2, 1, 0, 50)[how])),)
            query += ((operation.page.after, self._after[-1]),) if self._after else ()
            if operation.page.order and which % 2:
                query += ((operation.page.order, "asc"),)
        elif role is JobRole.CONTENT and how:
            headers["range"] = ("", "bytes=0-9", "bytes=-5", "bytes=99999999-")[how]
        elif role in (JobRole.CREATE, JobRole.REMIX):
            headers["content-type"] = "application/json"
            bodies = operation.bodies["application/json"]
            body = dict.fromkeys(bodies.schema.raw["required"], ("x", "y", "z", 7)[how])
            if role is JobRole.CREATE:
                values = {n: p["enum"] for n, p in bodies.properties.items() if "enum" in p}
                body |= {n: v[which % len(v)] for n, v in values.items() if how != which}
        call = Call(
            operation.id,
            dict.fromkeys(names, job_id),
            query,
            headers,
            orjson.dumps(body) if body else b"",
        )
        reply = self._service.answer(call)
        self._learn(role, reply)
        # The answer is lost on its way, but what was asked for is done.
        lost = how == which == 3
        self.history.append(
            read_exchange(self.document, call, None if lost else reply, at=self.clock.now())
        )

    def _learn(self, role: JobRole, reply: Reply) -> None:
        if reply.status >= 300:
            self._after = []
        elif role in (JobRole.CREATE, JobRole.REMIX):
            self._ids.append(get(orjson.loads(reply.body), self.document.lifecycle.id_at))
        elif role is JobRole.LIST and (page := self.document.by_role[role].page):
            place = page.places["last" if "more" in page.places else "next"]
            body = orjson.loads(reply.body)
            more = "more" not in page.places or get(body, page.places["more"])
            cursor = get(body, place) if more else None
            self._after = [cursor] if cursor else []


WORDS = st.sampled_from(["wait", "next", "create", "create", "list", "list", *JobRole])
STEPS = st.lists(st.tuples(WORDS, st.integers(0, 9), st.integers(0, 3)), max_size=30)


@DOCUMENTS
@given(steps=STEPS, ticking=st.booleans())
def test_whatever_a_client_does_the_mock_breaks_no_law(
    request: pytest.FixtureRequest, which: str, steps: list[tuple[str, int, int]], ticking: bool
) -> None:
    document: Document = request.getfixturevalue(which)
    client = Client(document, TickingClock() if ticking else ManualClock())
    for word, which_one, how in steps:
        client.act(word, which_one, how)
    for item in client.history:
        if isinstance(item, Exchange) and item.reply is not None:
            assert check_exchange(document, item.call, item.reply) == ()
    # An answer that was dropped, and never came, is the one thing that is told.
    assert {v.code for v in check_history(document, client.history)} <= {"AV115"}
