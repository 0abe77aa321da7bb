"""A session retries where that is safe, and never pays twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.pacing import Pacing
from aisa_testkit.contracts.check.request_maker import RequestMaker
from aisa_testkit.contracts.check.session import Session
from aisa_testkit.contracts.check.step import Step
from aisa_testkit.contracts.errors import CheckTimedOut, CredentialsRejected, ServerUnreachable
from aisa_testkit.openapi import Call, Document, Reply
from tests.support.operations import only_kind

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer sk-of-the-check", **JSON}
CREATE = Call("createVideo", {}, (), KEY, b'{"prompt":"x"}')
LIST = Call("listVideos", {}, (), KEY)
DELETE = Call("deleteVideo", {"video_id": "v"}, (), KEY)
OK, BUSY = Reply(200, JSON, b'{"id":"v-1"}'), Reply(503, JSON, b"{}")
ERROR = b'{"error":{"message":"no"}}'
LATER = Reply(429, {**JSON, "retry-after": "7"}, ERROR)
PRICE = Decimal("0.40")


def jobs(*ids: str) -> Reply:
    """Return a page of the list."""
    return Reply(200, JSON, orjson.dumps({"data": [{"id": id} for id in ids]}))


class Script:
    """A target with scripted replies. It repeats the last one.

    lists: the replies to requests for the list, if they have a script of their own
    """

    def __init__(
        self,
        document: Document,
        replies: Sequence[Reply | None],
        *,
        lists: Sequence[Reply] = (Reply(404),),
        sent: bool = True,
    ) -> None:
        self._document, self._replies, self._lists = document, list(replies), list(lists)
        self._sent = sent
        self.calls: list[Call] = []
        self.waits: list[float] = []

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        at = float(len(self.calls))
        if call.operation_id == LIST.operation_id and call.query:  # not a request of a test
            reply = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
            return read_exchange(self._document, call, reply, at=at)
        scripted = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return read_exchange(self._document, call, scripted, at=at, sent=self._sent)

    @property
    def creates(self) -> int:
        """The number of received creates."""
        return sum(call.operation_id == CREATE.operation_id for call in self.calls)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


def session(
    document: Document,
    server: Script,
    *,
    budget: Budget | None = None,
    max_wait: float = 60,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Session:
    kind = only_kind(document)
    return Session(
        document,
        server,
        kind=kind,
        requests=RequestMaker(document, kind.creates[0], key="sk-of-the-check"),
        budget=budget or Budget(),
        currency="USD",
        pacing=Pacing(document, kind.creates[0], poll_interval=2),
        max_wait=max_wait,
        on_step=on_step,
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
        (CREATE, [LATER], []),
        (CREATE, [BUSY], []),
        (CREATE, [None], []),
        (CREATE, [Reply(400, JSON, b"{}")], []),
        (LIST, [Reply(404, JSON, b"{}")], []),
        (LIST, [Reply(503, {"retry-after": "9"}), OK], [9]),
        (LIST, [Reply(503, {"retry-after": "61"}), OK], []),
        (LIST, [Reply(429, {"retry-after": "61"}), OK], []),
    ],
    ids=[
        "503 on GET",
        "broken connection on GET",
        "broken connection on DELETE",
        "repeated 503 on GET",
        "repeated broken connections on GET",
        "429 on GET",
        "repeated 429 on DELETE",
        "429 on create",
        "503 on create",
        "broken connection on create",
        "400 on create",
        "404 on GET",
        "503 with Retry-After",
        "503 with Retry-After above the timeout",
        "429 with Retry-After above the timeout",
    ],
)
def test_retries_cannot_create_a_second_job(
    document: Document, call: Call, replies: list[Reply | None], waits: list[float]
) -> None:
    server = Script(document, replies)
    client = session(document, server)
    exchange = client.request(call, "requests")
    assert server.waits == waits
    assert server.calls == [call] * (len(waits) + 1)
    assert len(client.history) == len(server.calls)
    assert exchange == client.history[-1]


@pytest.mark.parametrize("reply", [BUSY, LATER], ids=["errors", "limits"])
def test_operation_that_always_fails_is_no_longer_retried(
    document: Document, reply: Reply | None
) -> None:
    server = Script(document, [reply])
    client = session(document, server)
    for _ in range(3):
        client.request(LIST, "requests")
    assert len(server.calls) == 4 + 1 + 1
    client.request(DELETE, "deletes")
    assert len(server.calls) == 6 + 4


def test_server_without_any_response_gets_two_attempts(document: Document) -> None:
    """Each attempt may take a minute until its time-out."""
    server = Script(document, [None])
    session(document, server).request(LIST, "requests")
    assert len(server.calls) == 2


def test_operation_that_recovered_is_retried_again(document: Document) -> None:
    server = Script(document, [BUSY, BUSY, BUSY, OK, BUSY, OK])
    client = session(document, server)
    assert client.request(LIST, "requests").status == 200
    assert client.request(LIST, "requests").status == 200


@pytest.mark.parametrize(
    ("reply", "spent", "job_ids", "note"),
    [
        (OK, PRICE, ["v-1"], None),
        (Reply(202, JSON, b'{"id":"v-1"}'), PRICE, ["v-1"], None),
        (Reply(500, JSON, b'{"id":"v-1"}'), PRICE, ["v-1"], None),
        (Reply(201, {"location": "/v1/videos/v-1"}), PRICE, ["v-1"], None),
        (Reply(303, {"location": "https://x.invalid/v1/videos/v-1"}), PRICE, ["v-1"], None),
        (Reply(303, {"location": "http://[x"}), PRICE, [], "status 303"),
        (Reply(401, {}, b""), Decimal(0), [], None),
        *((Reply(status, JSON, ERROR), Decimal(0), [], None) for status in (400, 403, 404, 422)),
        (Reply(400, JSON, b"{}"), PRICE, [], "status 400"),
        (Reply(403, {"content-type": "text/html"}, b"<p>"), PRICE, [], "status 403"),
        *(
            (Reply(status, JSON, ERROR), PRICE, [], f"status {status}")
            for status in (408, 409, 418, 425, 429)
        ),
        (BUSY, PRICE, [], "status 503"),
        (Reply(302, {"location": "/"}), PRICE, [], "status 302"),
        (None, PRICE, [], "no response"),
        (Reply(200, JSON, b'{"id":""}'), PRICE, [], "status 200"),
        (Reply(200, JSON, b'{"id":[5]}'), PRICE, [], "status 200"),
        (Reply(200, JSON, b"[1"), PRICE, [], "status 200"),
    ],
    ids=[
        "created",
        "created with another status",
        "500 with an id",
        "created with a Location",
        "a redirect to the job",
        "an invalid redirect",
        "API key rejected",
        *("documented refusal " + status for status in ("400", "403", "404", "422")),
        "refusal without the envelope",
        "refusal of a proxy",
        *("any other error " + status for status in ("408", "409", "418", "425", "429")),
        "overload",
        "a redirect",
        "no response",
        "no id",
        "invalid id",
        "truncated",
    ],
)
def test_price_is_released_only_if_certainly_no_job_was_created(
    document: Document, reply: Reply | None, spent: Decimal, job_ids: list[str], note: str | None
) -> None:
    budget = Budget()
    client = session(document, Script(document, [reply]), budget=budget)
    client.create(CREATE, PRICE, "creates a job", check_key=False)
    assert (budget.spent, client.paid_jobs.ids) == (spent, job_ids)
    assert client.paid_jobs.unknown == ((f"creates a job: {note}",) if note else ())
    assert client.all_notes() == ()


@pytest.mark.parametrize("status", [402, 408, 409, 425, 429])
def test_list_without_a_new_job_releases_the_price(document: Document, status: int) -> None:
    budget = Budget()
    server = Script(document, [Reply(status, JSON, b"{}")], lists=[jobs("old")])
    client = session(document, server, budget=budget)
    client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (budget.spent, client.all_notes(), server.creates) == (Decimal(0), (), 1)


@pytest.mark.parametrize(
    "lists",
    [
        [jobs("old"), jobs("new", "old")],
        [jobs("old"), BUSY],
        [Reply(404), jobs("old")],
        [jobs("old"), Reply(200, JSON, b'{"data":[{}]}')],
        [jobs("old"), Reply(200, JSON, b'{"data":7}')],
    ],
    ids=["a new job", "no second list", "no first list", "a job without an id", "not a list"],
)
def test_list_that_may_contain_a_new_job_keeps_the_price(
    document: Document, lists: list[Reply]
) -> None:
    budget = Budget()
    server = Script(document, [LATER, OK], lists=lists)
    session(document, server, budget=budget).create(CREATE, PRICE, "creates", check_key=True)
    assert (budget.creates, server.creates) == (1, 1)


def test_list_does_not_release_the_price_of_a_server_error(document: Document) -> None:
    """After a 5xx a job may still be created later."""
    budget = Budget()
    server = Script(document, [BUSY], lists=[jobs("old")])
    session(document, server, budget=budget).create(CREATE, PRICE, "creates", check_key=True)
    assert budget.creates == 1


def test_create_without_a_connection_costs_nothing(document: Document) -> None:
    budget = Budget()
    client = session(document, Script(document, [None], sent=False), budget=budget)
    client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (budget.creates, client.all_notes()) == (0, ())


@pytest.mark.parametrize(
    ("replies", "lists", "waits", "job_ids"),
    [
        ([LATER, LATER, OK], [jobs()], [7, 7], ["v-1"]),
        ([LATER], [jobs()], [7, 7, 7], []),
        ([LATER, BUSY], [jobs()], [7], []),
        ([LATER, OK], [jobs(), jobs("new")], [], []),
        ([LATER, OK], [Reply(404)], [], []),
        ([Reply(429, {"retry-after": "7"}, b"slow down"), OK], [jobs()], [], []),
        ([Reply(429, {**JSON, "retry-after": "61"}, ERROR), OK], [jobs()], [], []),
    ],
    ids=[
        "twice",
        "always",
        "then 503",
        "a new job",
        "no list",
        "not in the envelope",
        "Retry-After above the timeout",
    ],
)
def test_create_is_retried_only_after_a_documented_429_and_a_list_without_a_new_job(
    document: Document,
    replies: list[Reply | None],
    lists: list[Reply],
    waits: list[float],
    job_ids: list[str],
) -> None:
    budget = Budget(max_creates=1)
    server = Script(document, replies, lists=lists)
    client = session(document, server, budget=budget)
    client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (server.waits, client.paid_jobs.ids) == (waits, job_ids)
    assert server.creates == len(waits) + 1


def test_creates_that_exceed_the_budget_are_not_sent_and_noted_once(
    document: Document,
) -> None:
    server = Script(document, [OK])
    client = session(document, server, budget=Budget(max_creates=1))
    assert client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert client.create(CREATE, PRICE, "makes another", check_key=True) is None
    assert client.all_notes() == ("not sent (makes another): the limit of 1 job is reached",)
    assert client.create(CREATE, PRICE, "makes a third", check_key=True) is None
    assert client.all_notes() == (
        "2 requests were not sent (for example: makes another): the limit of 1 job is reached",
    )
    assert server.creates == 1


class Troubled(Script):
    """A target whose responses are missing for a reason, or whose time is over.

    problem: the reason
    was_recorded: False if the response was cut off
    ends_at: the number of the call that raises CheckTimedOut
    """

    problem, was_recorded, ends_at = "", True, 0

    def send(self, call: Call) -> Exchange:
        exchange = super().send(call)
        if len(self.calls) == self.ends_at:
            raise CheckTimedOut("the time is over")
        return replace(exchange, problem=self.problem, was_recorded=self.was_recorded)


def test_response_that_was_cut_off_is_noted_and_not_requested_again(document: Document) -> None:
    server = Troubled(document, [None])
    server.problem, server.was_recorded = "it was cut off", False
    client = session(document, server)
    client.request(LIST, "reads the list")
    assert len(server.calls) == 1
    assert client.all_notes() == ("reads the list: not checked, no response (it was cut off)",)


def test_reason_for_a_missing_response_is_noted(document: Document) -> None:
    server = Troubled(document, [None])
    server.problem = "timed out"
    client = session(document, server)
    client.create(CREATE, PRICE, "creates a job", check_key=False)
    assert client.paid_jobs.unknown == ("creates a job: no response (timed out)",)


@pytest.mark.parametrize(
    ("ends_at", "spent"), [(2, Decimal(0)), (3, PRICE)], ids=["before a create", "after a create"]
)
def test_end_of_the_time_keeps_the_price_of_a_sent_create(
    document: Document, ends_at: int, spent: Decimal
) -> None:
    server = Troubled(document, [LATER], lists=[jobs("old")])
    server.ends_at, budget = ends_at, Budget()
    client = session(document, server, budget=budget)
    with pytest.raises(CheckTimedOut):
        client.create(CREATE, PRICE, "creates a job", check_key=False)
    assert budget.spent == spent
    assert len(client.paid_jobs.unknown) == (1 if spent else 0)


def test_job_id_is_recorded_once(document: Document) -> None:
    client = session(document, Script(document, [OK]))
    for _ in range(2):
        client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert client.paid_jobs.ids == ["v-1"]


def test_rejected_api_key_raises_only_if_a_key_was_sent(document: Document) -> None:
    budget = Budget()
    refusal = Reply(401, JSON, b"{}")
    client = session(document, Script(document, [refusal]), budget=budget)
    assert client.request(LIST, "sends no API key", check_key=False).status == 401
    with pytest.raises(CredentialsRejected, match="the server rejects the API key with status 401"):
        client.request(LIST, "requests")
    with pytest.raises(CredentialsRejected):
        client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (budget.creates, budget.spent) == (0, Decimal(0))


@pytest.mark.parametrize("job_id", [".", "..", "a/../../models"])
def test_job_id_of_dots_is_ignored(document: Document, job_id: str) -> None:
    reply = Reply(200, JSON, orjson.dumps({"id": job_id}))
    client = session(document, Script(document, [reply]))
    client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert client.paid_jobs.ids == []
    assert client.paid_jobs.unknown == ("creates a job: status 200",)


def test_interrupted_create_may_have_created_a_job(document: Document) -> None:
    class Interrupted(Script):
        def send(self, call: Call) -> Exchange:
            if call.operation_id == CREATE.operation_id:
                raise KeyboardInterrupt
            return super().send(call)

    budget = Budget()
    client = session(document, Interrupted(document, [OK]), budget=budget)
    with pytest.raises(KeyboardInterrupt):
        client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (budget.creates, budget.spent) == (1, PRICE)
    assert client.paid_jobs.unknown == ("creates a job: interrupted",)


@pytest.mark.parametrize(
    ("reply", "is_left"),
    [(Reply(303, {"location": "/x"}), True), (None, True), (OK, False), (Reply(302), False)],
    ids=["see other", "no response", "another API", "moved"],
)
def test_create_that_another_api_may_have_accepted_is_kept(
    document: Document, reply: Reply | None, is_left: bool
) -> None:
    budget = Budget()
    client = session(document, Script(document, [reply]), budget=budget)
    client.create(CREATE, PRICE, "creates a job", check_key=False)
    client.discard()
    assert (budget.creates, len(client.paid_jobs.unknown)) == (is_left, is_left)
    assert client.paid_jobs.ids == []


def test_create_at_an_unreachable_server_costs_nothing(document: Document) -> None:
    class Unreachable(Script):
        def send(self, call: Call) -> Exchange:
            raise ServerUnreachable("no route")

    budget = Budget()
    client = session(document, Unreachable(document, [OK]), budget=budget)
    with pytest.raises(ServerUnreachable, match="no route"):
        client.create(CREATE, PRICE, "creates a job", check_key=True)
    assert (budget.creates, budget.spent) == (0, Decimal(0))


def test_api_key_is_redacted_in_the_history(document: Document) -> None:
    body = orjson.dumps({"id": "v-1", "prompt": "sk-of-the-check"})
    echo = Reply(200, {**JSON, "x-request-id": "sk-of-the-check"}, body)
    client = session(document, Script(document, [echo]))
    client.request(LIST, "requests")
    assert "sk-of-the-check" not in repr(client.history)
    assert len(client.history[0].reply.body if client.history[0].reply else b"") == len(body)


def test_on_step_is_called_before_each_request(document: Document) -> None:
    steps: list[Step] = []
    server = Script(document, [OK, BUSY, OK])
    client = session(document, server, on_step=lambda step: steps.append(step))
    client.create(CREATE, PRICE, "creates a job", check_key=True)
    client.request(LIST, "reads the list")
    assert [(s.action, s.job_ids, s.spent, s.job_id) for s in steps] == [
        ("reads the list before the first create", (), Decimal(0), None),
        ("creates a job", (), PRICE, None),
        ("reads the list", ("v-1",), PRICE, None),
        ("reads the list", ("v-1",), PRICE, None),
    ]


def test_job_request_has_its_id_and_the_api_key_unless_disabled(
    document: Document,
) -> None:
    server = Script(document, [OK])
    client = session(document, server)
    (operation,) = only_kind(document).results
    client.request_job(
        operation, "a/b", "requests", query=(("variant", "video"),), headers={"range": "x"}
    )
    client.request_job(operation, "a/b", "requests", with_key=False)
    keyed, bare = server.calls
    assert (keyed.path_parameters, keyed.query) == ({"video_id": "a/b"}, (("variant", "video"),))
    assert keyed.headers == {"authorization": "Bearer sk-of-the-check", "range": "x"}
    assert bare.headers == {}
