"""A session asks as one client: patient where that is safe, and never paying twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.pacing import Pacing
from aisa_testkit.contracts.check.session import Session, Step
from aisa_testkit.contracts.errors import CredentialsRejected, ServerUnreachable
from aisa_testkit.openapi import Call, Document, Reply

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer sk-of-the-check", **JSON}
CREATE = Call("createVideo", {}, (), KEY, b'{"prompt":"x"}')
LIST = Call("listVideos", {}, (), KEY)
DELETE = Call("deleteVideo", {"video_id": "v"}, (), KEY)
OK, BUSY = Reply(200, JSON, b'{"id":"v-1"}'), Reply(503, JSON, b"{}")
LATER = Reply(429, {**JSON, "retry-after": "7"}, b"{}")
PRICE = Decimal("0.40")


class Script:
    """A server that answers as it is told, the last answer again and again."""

    def __init__(self, document: Document, replies: Sequence[Reply | None]) -> None:
        self._document, self._replies = document, list(replies)
        self.calls: list[Call] = []
        self.waits: list[float] = []

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return read_exchange(self._document, call, reply, at=float(len(self.calls)))

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


def session(
    document: Document,
    server: Script,
    *,
    ledger: Budget | None = None,
    longest_wait: float = 60,
    tell: Callable[[Step], None] = lambda step: None,
) -> Session:
    return Session(
        document,
        server,
        key="sk-of-the-check",
        budget=ledger or Budget(),
        currency="USD",
        pacing=Pacing(document, poll_interval=2),
        max_wait=longest_wait,
        on_step=tell,
    )


@pytest.mark.parametrize(
    ("call", "replies", "waits"),
    [
        (LIST, [BUSY, OK], [2]),
        (LIST, [None, BUSY, OK], [2, 4]),
        (DELETE, [None, OK], [2]),
        (LIST, [BUSY], [2, 4, 8]),
        (LIST, [BUSY, None], [2, 4, 8]),
        (LIST, [LATER, OK], [7]),
        (DELETE, [LATER], [7, 7, 7]),
        (CREATE, [LATER, OK], [7]),
        (CREATE, [LATER], [7, 7, 7]),
        (CREATE, [LATER, BUSY], [7]),
        (CREATE, [LATER, None], [7]),
        (CREATE, [BUSY], []),
        (CREATE, [None], []),
        (CREATE, [Reply(400, JSON, b"{}")], []),
        (LIST, [Reply(404, JSON, b"{}")], []),
        (LIST, [Reply(503, {"retry-after": "9"}), OK], [9]),
        (LIST, [Reply(503, {"retry-after": "61"}), OK], []),
        (LIST, [Reply(429, {"retry-after": "61"}), OK], []),
        (CREATE, [Reply(429, {"retry-after": "61"}), OK], []),
    ],
    ids=[
        "an error of what makes nothing",
        "a broken connection of what makes nothing",
        "a broken deletion",
        "errors without end",
        "broken connections without end",
        "too many requests",
        "too many requests without end",
        "too many creates",
        "too many creates without end",
        "a create that fails after that",
        "a create that breaks off after that",
        "a create that fails",
        "a create that breaks off",
        "a create that is refused",
        "a refusal",
        "an error that says how long",
        "an error that takes longer than a job may",
        "a limit that takes longer than a job may",
        "a create that takes longer than a job may",
    ],
)
def test_a_call_is_sent_again_only_where_that_makes_nothing_twice(
    document: Document, call: Call, replies: list[Reply | None], waits: list[float]
) -> None:
    server = Script(document, replies)
    one = session(document, server)
    exchange = one.request(call, "asks")
    assert server.waits == waits
    assert server.calls == [call] * (len(waits) + 1)
    assert len(one.history) == len(server.calls)
    assert exchange == one.history[-1]


@pytest.mark.parametrize("reply", [BUSY, LATER], ids=["errors", "limits"])
def test_what_never_answers_is_given_no_more_patience(
    document: Document, reply: Reply | None
) -> None:
    server = Script(document, [reply])
    one = session(document, server)
    for _ in range(3):
        one.request(LIST, "asks")
    assert len(server.calls) == 4 + 1 + 1
    one.request(DELETE, "asks for something else")
    assert len(server.calls) == 6 + 4


def test_what_has_never_answered_at_all_is_asked_twice(document: Document) -> None:
    """Each time somebody may have waited for a minute."""
    server = Script(document, [None])
    session(document, server).request(LIST, "asks")
    assert len(server.calls) == 2


def test_what_answers_in_the_end_is_given_patience_again(document: Document) -> None:
    server = Script(document, [BUSY, BUSY, BUSY, OK, BUSY, OK])
    one = session(document, server)
    assert one.request(LIST, "asks").status == 200
    assert one.request(LIST, "asks").status == 200


@pytest.mark.parametrize(
    ("reply", "spent", "made", "note"),
    [
        (OK, PRICE, ["v-1"], None),
        (Reply(202, JSON, b'{"id":"v-1"}'), PRICE, ["v-1"], None),
        (Reply(500, JSON, b'{"id":"v-1"}'), PRICE, ["v-1"], None),
        (Reply(400, JSON, b"{}"), Decimal(0), [], None),
        (Reply(429, JSON, b"{}"), Decimal(0), [], None),
        (BUSY, PRICE, [], "status 503"),
        (Reply(302, {"location": "/"}), PRICE, [], "status 302"),
        (None, PRICE, [], "no response"),
        (Reply(200, JSON, b'{"id":""}'), PRICE, [], "status 200"),
        (Reply(200, JSON, b'{"id":5}'), PRICE, [], "status 200"),
        (Reply(200, JSON, b"[1"), PRICE, [], "status 200"),
    ],
    ids=[
        "made",
        "made, with another status",
        "an error with an id",
        "refused",
        "too many",
        "overload",
        "a redirect",
        "no response",
        "no id",
        "an id that is none",
        "cut off",
    ],
)
def test_a_price_is_given_back_only_if_surely_no_job_was_made(
    document: Document, reply: Reply | None, spent: Decimal, made: list[str], note: str | None
) -> None:
    ledger = Budget()
    one = session(document, Script(document, [reply]), ledger=ledger)
    one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (ledger.spent, one.job_ids) == (spent, made)
    told = (f"a job may have been created, but its id is unknown: {note}",) if note else ()
    assert one.all_notes() == told


def test_a_create_that_waits_for_its_turn_is_paid_for_once(document: Document) -> None:
    ledger = Budget(max_creates=1)
    one = session(document, Script(document, [LATER, LATER, OK]), ledger=ledger)
    one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (ledger.creates, ledger.spent, one.job_ids) == (1, PRICE, ["v-1"])


def test_what_the_ledger_does_not_hold_is_not_sent_and_noted_in_one_line(
    document: Document,
) -> None:
    server = Script(document, [OK])
    one = session(document, server, ledger=Budget(max_creates=1))
    assert one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert one.create(CREATE, PRICE, "makes another", check_key=True) is None
    assert one.all_notes() == ("not sent (makes another): the limit of 1 job is reached",)
    assert one.create(CREATE, PRICE, "makes a third", check_key=True) is None
    assert one.all_notes() == (
        "2 requests were not sent (for example: makes another): the limit of 1 job is reached",
    )
    assert len(server.calls) == 1


def test_a_job_is_known_once_however_often_it_is_told(document: Document) -> None:
    one = session(document, Script(document, [OK]))
    for _ in range(2):
        one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert one.job_ids == ["v-1"]


def test_a_key_that_is_refused_ends_it_only_where_a_key_was_sent(document: Document) -> None:
    ledger = Budget()
    refusal = Reply(401, JSON, b"{}")
    one = session(document, Script(document, [refusal]), ledger=ledger)
    assert one.request(LIST, "sends no API key", check_key=False).status == 401
    with pytest.raises(CredentialsRejected, match="the server rejects the API key with status 401"):
        one.request(LIST, "asks")
    with pytest.raises(CredentialsRejected):
        one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (ledger.creates, ledger.spent, len(one.history)) == (0, Decimal(0), 3)


@pytest.mark.parametrize("job_id", [".", ".."])
def test_an_id_that_leads_to_another_path_is_none(document: Document, job_id: str) -> None:
    reply = Reply(200, JSON, orjson.dumps({"id": job_id}))
    one = session(document, Script(document, [reply]))
    one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert one.job_ids == []
    assert one.notes == ["a job may have been created, but its id is unknown: status 200"]


def test_a_create_that_is_interrupted_may_have_made_a_job(document: Document) -> None:
    class Interrupted(Script):
        def send(self, call: Call) -> Exchange:
            raise KeyboardInterrupt

    ledger = Budget()
    one = session(document, Interrupted(document, [OK]), ledger=ledger)
    with pytest.raises(KeyboardInterrupt):
        one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (ledger.creates, ledger.spent) == (1, PRICE)
    assert one.notes == ["a job may have been created, but its id is unknown: interrupted"]


def test_a_server_that_nobody_reaches_costs_nothing(document: Document) -> None:
    class Nobody(Script):
        def send(self, call: Call) -> Exchange:
            raise ServerUnreachable("nobody there")

    ledger = Budget()
    one = session(document, Nobody(document, [OK]), ledger=ledger)
    with pytest.raises(ServerUnreachable, match="nobody there"):
        one.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (ledger.creates, ledger.spent) == (0, Decimal(0))


def test_nothing_that_is_kept_holds_the_key(document: Document) -> None:
    body = orjson.dumps({"id": "v-1", "prompt": "sk-of-the-check"})
    echo = Reply(200, {**JSON, "x-request-id": "sk-of-the-check"}, body)
    one = session(document, Script(document, [echo]))
    one.request(LIST, "asks")
    assert "sk-of-the-check" not in repr(one.history)
    assert len(one.history[0].reply.body if one.history[0].reply else b"") == len(body)


def test_every_request_is_told_before_it_is_sent(document: Document) -> None:
    told: list[Step] = []
    server = Script(document, [OK, BUSY, OK])
    one = session(document, server, tell=lambda step: told.append(step))
    one.create(CREATE, PRICE, "creates a job", check_key=True)
    one.request(LIST, "reads the list")
    assert [(s.action, s.job_ids, s.spent, s.job_id) for s in told] == [
        ("creates a job", (), PRICE, None),
        ("reads the list", ("v-1",), PRICE, None),
        ("reads the list", ("v-1",), PRICE, None),
    ]


def test_a_request_for_a_job_names_it_and_has_the_key_unless_it_is_to_have_none(
    document: Document,
) -> None:
    server = Script(document, [OK])
    one = session(document, server)
    operation = document.operations["getVideoContent"]
    one.request_job(operation, "a/b", "asks", query=(("variant", "video"),), headers={"range": "x"})
    one.request_job(operation, "a/b", "asks", with_key=False)
    keyed, bare = server.calls
    assert (keyed.path_parameters, keyed.query) == ({"video_id": "a/b"}, (("variant", "video"),))
    assert keyed.headers == {"authorization": "Bearer sk-of-the-check", "range": "x"}
    assert bare.headers == {}
