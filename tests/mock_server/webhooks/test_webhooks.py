"""Events are sent when jobs end, signed so that clients believe them, and again until they are
taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import nextafter
from threading import Event, Thread

import openai
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from aisa_testkit.mock_server import (
    Job,
    JobOutcome,
    ManualClock,
    TickingClock,
    observe,
    plan_progression,
)
from aisa_testkit.mock_server.errors import DeliveryError
from aisa_testkit.mock_server.webhooks.delivery import RETRY_DELAYS, DeliveryAttempt
from aisa_testkit.mock_server.webhooks.signature import Signer, new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.mock_server.webhooks.worker import deliver_on_moves
from aisa_testkit.openapi import Document, parse_document
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


class Mailbox:
    """A receiver that keeps what it is sent. It answers with these statuses, or raises these
    errors, one after the other, and then takes everything.
    """

    def __init__(self, *answers: int | Exception) -> None:
        self.letters: list[tuple[Mapping[str, str], bytes]] = []
        self._answers = [*answers]

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
        self.letters.append((headers, body))
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[Json]:
        return [orjson.loads(body) for _, body in self.letters]


def make_job(
    document: Document,
    name: str = "video_1",
    *,
    seconds: float = 10,
    outcome: str | None = None,
    stalls: bool = False,
) -> Job:
    fate = JobOutcome(outcome=outcome, seconds=None if stalls else seconds, stalls=stalls)
    plan = plan_progression(document.lifecycle, {}, fate)
    return Job(id=name, sequence=0, created=START, fields={}, progression=plan)


Connect = Callable[..., Webhooks]


@pytest.fixture
def connect(document: Document, clock: ManualClock) -> Connect:
    """Makes webhooks to a receiver, which whoever moves the clock delivers."""

    def make(receiver: Mailbox, document: Document = document, kept: int = 1000) -> Webhooks:
        webhooks = Webhooks(
            document, clock=clock, receiver=receiver, secret=SECRET, max_attempts=kept
        )
        deliver_on_moves(webhooks, clock=clock)
        return webhooks

    return make


def test_an_event_comes_as_the_clock_reaches_the_end_of_the_job(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    assert webhooks.next_due() == START + 10
    clock.advance(9.5)
    assert box.letters == []
    clock.advance(0.5)
    (body,) = box.bodies
    assert body | {"id": None} == {
        "id": None,
        "object": "event",
        "created_at": START + 10,
        "type": "video.completed",
        "data": {"id": "video_1"},
    }
    assert body["id"].startswith("evt_")
    clock.advance(1e6)
    assert len(box.letters) == 1
    assert webhooks.next_due() is None


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI], ids=["sync", "async"])
@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_the_official_client_believes_an_event_whatever_the_mocks_clock_shows(
    connect: Connect,
    document: Document,
    clock: ManualClock,
    kind: Callable[..., openai.OpenAI | openai.AsyncOpenAI],
    outcome: str,
) -> None:
    box = Mailbox()
    connect(box).schedule(make_job(document, outcome=outcome))
    clock.advance(1e8)
    ((headers, body),) = box.letters
    client = kind(api_key="sk-test")
    event = client.webhooks.unwrap(body, headers, secret=SECRET)
    # The client has no class of its own for these events yet.
    assert (event.type, event.id) == (f"video.{outcome}", headers["webhook-id"])
    assert orjson.loads(body)["data"] == {"id": "video_1"}
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers, secret=new_secret())
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body + b" ", headers, secret=SECRET)


def test_a_signature_is_stamped_with_real_time_and_made_anew_for_each_try(
    document: Document, clock: ManualClock
) -> None:
    box, wall = Mailbox(500), iter([5000.25, 6000.75])
    webhooks = Webhooks(
        document, clock=clock, receiver=box, secret=SECRET, wall_clock=lambda: next(wall)
    )
    webhooks.schedule(make_job(document))
    clock.advance(100)
    webhooks.deliver()
    (first, body), (second, again) = box.letters
    assert [first["webhook-timestamp"], second["webhook-timestamp"]] == ["5000", "6000"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert first["webhook-id"] == second["webhook-id"] == orjson.loads(body)["id"]
    assert body == again


def test_a_job_of_another_api_is_told_of_as_its_document_says(
    connect: Connect, other_document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box, other_document)
    webhooks.schedule(make_job(other_document, "r-1", outcome="ready"))
    webhooks.schedule(make_job(other_document, "r-2", outcome="spoilt"))
    clock.advance(100)
    ((headers, _),) = box.letters
    number = headers["webhook-id"]
    notice = {"number": number, "about": "film-is-there", "version": 7}
    assert box.bodies == [{"notice": notice, "film": {"of": "r-1"}}]
    assert number.startswith("n-")


def test_events_come_in_the_order_of_their_moments(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    for seconds in (30, 10, 20):
        webhooks.schedule(make_job(document, f"video_{seconds}", seconds=seconds))
        webhooks.schedule(make_job(document, f"other_{seconds}", seconds=seconds))
    clock.advance(60)
    assert [body["data"]["id"] for body in box.bodies] == [
        *("video_10", "other_10", "video_20", "other_20", "video_30", "other_30"),
    ]


def test_a_job_that_ends_at_once_is_told_of_at_once(connect: Connect, document: Document) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document, seconds=0))
    assert box.letters == []
    webhooks.notify()
    assert [body["created_at"] for body in box.bodies] == [START]


def test_a_job_that_never_ends_is_never_told_of(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document, stalls=True))
    assert webhooks.next_due() is None
    clock.advance(1e9)
    assert box.letters == []


def test_a_job_whose_end_is_moved_is_told_of_at_its_new_end_alone(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document, seconds=10))
    webhooks.schedule(make_job(document, seconds=20, outcome="failed"))
    assert webhooks.next_due() == START + 20
    clock.advance(5)
    webhooks.schedule(make_job(document, seconds=5, outcome="failed"))
    webhooks.notify()
    assert [(body["type"], body["created_at"]) for body in box.bodies] == [
        ("video.failed", START + 5)
    ]
    clock.advance(100)
    assert len(box.letters) == 1


def test_a_job_that_is_never_to_end_any_more_is_not_told_of(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, stalls=True))
    clock.advance(1000)
    assert box.letters == []


def test_the_ids_of_events_are_those_of_their_jobs_and_of_nobody_else(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    ids = []
    for _ in range(2):
        box = Mailbox()
        webhooks = connect(box)
        for name in ("video_1", "video_2"):
            webhooks.schedule(replace(make_job(document, name), created=clock.now()))
        clock.advance(10)
        ids.append([body["id"] for body in box.bodies])
    assert ids[0] == ids[1]
    assert len({*ids[0]}) == 2


def test_an_event_that_is_not_taken_is_tried_again_after_longer_and_longer_pauses(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox(*[500] * 20)
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    due, moments = START + 10.0, list[float]()
    for pause in (*RETRY_DELAYS, 0):
        clock.advance(due - clock.now() - 1)
        before = len(box.letters)
        clock.advance(1)
        assert len(box.letters) == before + 1
        moments.append(due)
        due += pause
    assert webhooks.next_due() is None
    clock.advance(1e9)
    assert len(box.letters) == 1 + len(RETRY_DELAYS) == 8
    attempts = webhooks.attempts
    assert [attempt.moment for attempt in attempts] == moments
    assert [attempt.next_try for attempt in attempts] == [*moments[1:], None]
    assert [attempt.number for attempt in attempts] == [*range(1, 9)]
    assert {body for _, body in box.letters} == {box.letters[0][1]}


def test_a_clock_that_is_moved_over_several_tries_has_each_made_at_its_moment(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox(500, 404)
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2", seconds=12))
    clock.advance(3600)
    assert [(a.job, a.number, a.moment - START, a.status) for a in webhooks.attempts] == [
        ("video_1", 1, 10, 500),
        ("video_2", 1, 12, 404),
        ("video_1", 2, 15, 200),
        ("video_2", 2, 17, 200),
    ]


def test_a_pause_counts_from_the_end_of_a_try(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    class Slow(Mailbox):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            clock.advance(7)
            return super().__call__(headers, body)

    box = Slow(503)
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    clock.advance(10)
    assert [attempt.next_try for attempt in webhooks.attempts] == [START + 10 + 7 + 5]
    assert len(box.letters) == 1


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (200, 200, None),
        (204, 204, None),
        (199, 199, "status 199"),
        (302, 302, "status 302; redirects are not followed"),
        (410, 410, "status 410"),
        (500, 500, "status 500"),
        (DeliveryError("no response within 10 s"), None, "no response within 10 s"),
        (KeyError("video_1"), None, "the receiver raised KeyError: 'video_1'"),
    ],
    ids=[
        "taken",
        "taken without a body",
        "no final answer",
        "redirect",
        "gone",
        "error",
        "no answer",
        "slip of the receiver",
    ],
)
def test_what_became_of_a_try_is_written_down_and_strikes_nobody(
    connect: Connect,
    document: Document,
    clock: ManualClock,
    answer: int | Exception,
    status: int | None,
    error: str | None,
) -> None:
    box = Mailbox(answer)
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    clock.advance(10)
    attempt = DeliveryAttempt(
        id=box.bodies[0]["id"],
        type="video.completed",
        job="video_1",
        number=1,
        moment=START + 10,
        status=status,
        error=error,
        next_try=None if error is None else START + 15,
    )
    assert webhooks.attempts == (attempt,)
    as_json = {
        "id": attempt.id,
        "type": "video.completed",
        "job": "video_1",
        "number": 1,
        "moment": START + 10,
        "status": status,
        "error": error,
        "next_try": attempt.next_try,
    }
    assert webhooks.to_json() == {"next_due": attempt.next_try, "attempts": [as_json]}


def test_the_log_keeps_the_last_tries_and_reports_the_newest_first(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox(*[500] * 3)
    webhooks = connect(box, kept=2)
    webhooks.schedule(make_job(document))
    clock.advance(1e6)
    assert len(box.letters) == 4
    assert [attempt.number for attempt in webhooks.attempts] == [3, 4]
    assert [attempt["number"] for attempt in webhooks.to_json()["attempts"]] == [4, 3]


def test_a_stop_by_hand_is_raised_and_the_event_tried_again(
    document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    stops = [KeyboardInterrupt()]

    def receiver(headers: Mapping[str, str], body: bytes, /) -> int | None:
        if stops:
            raise stops.pop()
        return box(headers, body)

    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    webhooks.schedule(make_job(document))
    clock.advance(20)
    with pytest.raises(KeyboardInterrupt):
        webhooks.deliver()
    webhooks.deliver()
    assert [attempt.error for attempt in webhooks.attempts] == ["interrupted", None]
    assert len(box.letters) == 1


def test_what_was_to_be_sent_can_be_forgotten_even_by_the_receiver(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    class Forgetful(Mailbox):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            webhooks.clear()
            return super().__call__(headers, body)

    box = Forgetful(500)
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2"))
    clock.advance(100)
    assert (len(box.letters), webhooks.attempts, webhooks.next_due()) == (1, (), None)
    webhooks.schedule(make_job(document, "video_3"))
    webhooks.notify()
    assert len(box.letters) == 2


def test_a_receiver_that_polls_does_not_have_events_sent_within_events(document: Document) -> None:
    clock, depths, inside = TickingClock(START, interval=5), list[int](), list[str]()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        inside.append(headers["webhook-id"])
        clock.on_poll()
        depths.append(len(inside))
        inside.pop()

    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    deliver_on_moves(webhooks, clock=clock)
    for number in range(50):
        webhooks.schedule(make_job(document, f"video_{number}", seconds=5 + number))
    clock.on_poll()
    assert depths == [1] * 50


def test_polls_that_move_the_clock_have_events_sent(document: Document) -> None:
    clock, box = TickingClock(START, interval=5), Mailbox()
    webhooks = Webhooks(document, clock=clock, receiver=box, secret=SECRET)
    stop = deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document))
    clock.on_poll()
    assert box.letters == []
    clock.on_poll()
    assert len(box.letters) == 1
    stop()
    webhooks.schedule(make_job(document, "video_2", seconds=0))
    clock.on_poll()
    assert len(box.letters) == 1


def test_an_event_that_is_due_while_another_thread_sends_is_sent_by_that_thread(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    arrived, go_on = Event(), Event()

    class Waiting(Mailbox):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            arrived.set()
            assert go_on.wait(20)
            return super().__call__(headers, body)

    box = Waiting()
    webhooks = connect(box)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2", seconds=20))
    thread = Thread(target=clock.advance, args=(10,))
    thread.start()
    assert arrived.wait(20)
    clock.advance(10)  # neither waits for the other thread nor sends beside it
    assert box.letters == []
    assert [webhooks.attempts, webhooks.next_due()] == [(), START + 20]
    go_on.set()
    thread.join()
    assert [body["data"]["id"] for body in box.bodies] == ["video_1", "video_2"]


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.1, 1 / 3, 1e6 + 0.7], ids=lambda s: f"{s:g} s")
@given(created=st.floats(0, 2e9))
def test_an_event_is_due_as_the_job_ends_and_not_before(
    document: Document, created: float, seconds: float
) -> None:
    webhooks = Webhooks(document, clock=ManualClock(), receiver=Mailbox(), secret=SECRET)
    job = replace(make_job(document, seconds=seconds), created=created)
    webhooks.schedule(job)
    due = webhooks.next_due()
    assert due is not None
    assert observe(job, due).ends
    assert due == created or not observe(job, nextafter(due, 0)).ends


def test_every_event_is_sent_once_however_many_threads_move_the_clock(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox(*[500] * 100)
    webhooks = connect(box)

    def live(name: str) -> None:
        for number in range(40):
            job = make_job(document, f"{name}_{number}", seconds=number % 7)
            webhooks.schedule(replace(job, created=clock.now()))
            clock.advance(1)

    threads = [Thread(target=live, args=(f"video_{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.advance(1e9)
    taken = [attempt.job for attempt in webhooks.attempts if attempt.error is None]
    assert (len(box.letters), len(taken), len({*taken})) == (420, 320, 320)


def test_a_signature_is_one_that_the_standard_verifies() -> None:
    secret = new_secret()
    headers = Signer(secret).headers("evt_1", b'{"a":"\xc3\xa4"}', moment=time.time())
    assert Webhook(secret).verify(b'{"a":"\xc3\xa4"}', headers) == {"a": "ä"}


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "c2VjcmV0", "whsec_c2VjcmV", "whsec_c2Vj cmV0", "sk-aisa-secret"],
    ids=["empty", "no key", "no prefix", "no padding", "blank in it", "another kind of key"],
)
def test_a_secret_that_verifiers_would_read_in_different_ways_is_refused(
    document: Document, clock: ManualClock, secret: str
) -> None:
    with pytest.raises(ValueError, match=r"must be whsec_ followed by the key in base64$"):
        Webhooks(document, clock=clock, receiver=Mailbox(), secret=secret)


def test_new_secrets_are_of_the_random_bytes_that_they_are_given() -> None:
    assert new_secret(bytes) == "whsec_" + "A" * 43 + "="
    assert new_secret() != new_secret()


def test_jobs_that_are_expected_after_a_change_of_document_have_its_events(
    connect: Connect, document: Document, clock: ManualClock
) -> None:
    box = Mailbox()
    webhooks = connect(box)
    webhooks.schedule(make_job(document, "video_1"))
    text = document.source.text.replace("video.completed", "video.done")
    webhooks.use_document(parse_document(text))
    webhooks.schedule(make_job(document, "video_2", seconds=20))
    clock.advance(100)
    assert [(body["type"], body["data"]["id"]) for body in box.bodies] == [
        ("video.completed", "video_1"),
        ("video.done", "video_2"),
    ]
