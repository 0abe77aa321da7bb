"""Webhook events: their schedule, signatures, retries and recorded attempts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    JobService,
    ManualClock,
    MockControls,
    TickingClock,
    observe,
)
from aisa_testkit.mock_server.errors import DeliveryError
from aisa_testkit.mock_server.webhooks.delivery_attempt import RETRY_DELAYS, DeliveryAttempt
from aisa_testkit.mock_server.webhooks.signature import Signer, new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.mock_server.webhooks.worker import deliver_on_moves
from aisa_testkit.openapi import Call, Document, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.planned_jobs import planned_job

START = 1_780_000_000
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


class RecordingReceiver:
    """A receiver that records events. It returns or raises the given results, then returns None."""

    def __init__(self, *results: int | Exception) -> None:
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        self._results = [*results]

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
        self.received.append((headers, body))
        result = self._results.pop(0) if self._results else None
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def bodies(self) -> list[Json]:
        return [orjson.loads(body) for _, body in self.received]


def make_job(
    document: Document,
    name: str = "video_1",
    *,
    seconds: float = 10,
    outcome: str | None = None,
    stalls: bool = False,
) -> Job:
    job_outcome = JobOutcome(outcome=outcome, seconds=None if stalls else seconds, stalls=stalls)
    return planned_job(document, name, created=START, outcome=job_outcome)


MakeWebhooks = Callable[..., Webhooks]


@pytest.fixture
def make_webhooks(document: Document, clock: ManualClock) -> MakeWebhooks:
    """Make webhooks for a receiver, which moves of the clock deliver."""

    def make(
        receiver: RecordingReceiver, document: Document = document, max_attempts: int = 1000
    ) -> Webhooks:
        webhooks = Webhooks(
            document, clock=clock, receiver=receiver, secret=SECRET, max_attempts=max_attempts
        )
        deliver_on_moves(webhooks, clock=clock)
        return webhooks

    return make


def test_event_is_sent_when_the_clock_reaches_the_end_of_the_job(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    assert webhooks.next_due() == START + 10
    clock.advance(9.5)
    assert receiver.received == []
    clock.advance(0.5)
    (body,) = receiver.bodies
    assert body | {"id": None} == {
        "id": None,
        "object": "event",
        "created_at": START + 10,
        "type": "video.completed",
        "data": {"id": "video_1"},
    }
    assert body["id"].startswith("evt_")
    clock.advance(1e6)
    assert len(receiver.received) == 1
    assert webhooks.next_due() is None


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI], ids=["sync", "async"])
@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_openai_sdk_verifies_the_signature_whatever_the_mock_clock_is(
    make_webhooks: MakeWebhooks,
    document: Document,
    clock: ManualClock,
    kind: Callable[..., openai.OpenAI | openai.AsyncOpenAI],
    outcome: str,
) -> None:
    receiver = RecordingReceiver()
    make_webhooks(receiver).schedule(make_job(document, outcome=outcome))
    clock.advance(1e8)
    ((headers, body),) = receiver.received
    client = kind(api_key="sk-test")
    event = client.webhooks.unwrap(body, headers, secret=SECRET)
    # The client has no class of its own for these events yet.
    assert (event.type, event.id) == (f"video.{outcome}", headers["webhook-id"])
    assert orjson.loads(body)["data"] == {"id": "video_1"}
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers, secret=new_secret())
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body + b" ", headers, secret=SECRET)


@pytest.mark.parametrize("frozen_at", [START - 1e8, START + 1e8], ids=["past", "future"])
def test_signature_and_its_verifier_agree_when_time_is_frozen(
    make_webhooks: MakeWebhooks,
    document: Document,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    frozen_at: float,
) -> None:
    receiver = RecordingReceiver()
    make_webhooks(receiver).schedule(make_job(document))
    with monkeypatch.context() as frozen:
        frozen.setattr(time, "time", lambda: frozen_at)
        clock.advance(10)
        ((headers, body),) = receiver.received
        openai.OpenAI(api_key="sk-test").webhooks.unwrap(body, headers, secret=SECRET)
    assert headers["webhook-timestamp"] == str(int(frozen_at))


def test_signature_uses_real_time_and_is_new_for_each_attempt(
    document: Document, clock: ManualClock
) -> None:
    receiver, wall = RecordingReceiver(500), iter([5000.25, 6000.75])
    webhooks = Webhooks(
        document, clock=clock, receiver=receiver, secret=SECRET, wall_clock=lambda: next(wall)
    )
    webhooks.schedule(make_job(document))
    clock.advance(100)
    webhooks.deliver()
    (first, body), (second, retried_body) = receiver.received
    assert [first["webhook-timestamp"], second["webhook-timestamp"]] == ["5000", "6000"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert first["webhook-id"] == second["webhook-id"] == orjson.loads(body)["id"]
    assert body == retried_body


def test_event_of_another_document(
    make_webhooks: MakeWebhooks, other_document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver, other_document)
    webhooks.schedule(make_job(other_document, "r-1", outcome="ready"))
    webhooks.schedule(make_job(other_document, "r-2", outcome="spoilt"))
    clock.advance(100)
    ((headers, _),) = receiver.received
    number = headers["webhook-id"]
    notice = {"number": number, "about": "film-is-there", "version": 7}
    assert receiver.bodies == [{"notice": notice, "film": {"of": "r-1"}}]
    assert number.startswith("n-")


def test_events_are_sent_in_order_of_time(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    for seconds in (30, 10, 20):
        webhooks.schedule(make_job(document, f"video_{seconds}", seconds=seconds))
        webhooks.schedule(make_job(document, f"other_{seconds}", seconds=seconds))
    clock.advance(60)
    assert [body["data"]["id"] for body in receiver.bodies] == [
        *("video_10", "other_10", "video_20", "other_20", "video_30", "other_30"),
    ]


def test_event_of_an_instant_job_is_sent_on_notify(
    make_webhooks: MakeWebhooks, document: Document
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document, seconds=0))
    assert receiver.received == []
    webhooks.notify()
    assert [body["created_at"] for body in receiver.bodies] == [START]


def test_stalled_job_has_no_event(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document, stalls=True))
    assert webhooks.next_due() is None
    clock.advance(1e9)
    assert receiver.received == []


def test_rescheduled_job_has_one_event_at_its_new_end(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document, seconds=10))
    webhooks.schedule(make_job(document, seconds=20, outcome="failed"))
    assert webhooks.next_due() == START + 20
    clock.advance(5)
    webhooks.schedule(make_job(document, seconds=5, outcome="failed"))
    webhooks.notify()
    assert [(body["type"], body["created_at"]) for body in receiver.bodies] == [
        ("video.failed", START + 5)
    ]
    clock.advance(100)
    assert len(receiver.received) == 1


def test_job_rescheduled_without_an_end_has_no_event(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, stalls=True))
    clock.advance(1000)
    assert receiver.received == []


def test_event_ids_are_derived_from_job_ids(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    ids = []
    for _ in range(2):
        receiver = RecordingReceiver()
        webhooks = make_webhooks(receiver)
        for name in ("video_1", "video_2"):
            webhooks.schedule(make_job(document, name)._replace(created=clock.now()))
        clock.advance(10)
        ids.append([body["id"] for body in receiver.bodies])
    assert ids[0] == ids[1]
    assert len({*ids[0]}) == 2


def test_failed_delivery_is_retried_with_increasing_delays(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver(*[500] * 20)
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    due, moments = START + 10.0, list[float]()
    for delay in (*RETRY_DELAYS, 0):
        clock.advance(due - clock.now() - 1)
        before = len(receiver.received)
        clock.advance(1)
        assert len(receiver.received) == before + 1
        moments.append(due)
        due += delay
    assert webhooks.next_due() is None
    clock.advance(1e9)
    assert len(receiver.received) == 1 + len(RETRY_DELAYS) == 8
    attempts = webhooks.attempts
    assert [attempt.moment for attempt in attempts] == moments
    assert [attempt.next_try for attempt in attempts] == [*moments[1:], None]
    assert [attempt.number for attempt in attempts] == [*range(1, 9)]
    assert {body for _, body in receiver.received} == {receiver.received[0][1]}


def test_clock_moved_over_several_retries_makes_each_at_its_time(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver(500, 404)
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2", seconds=12))
    clock.advance(3600)
    assert [(a.job, a.number, a.moment - START, a.status) for a in webhooks.attempts] == [
        ("video_1", 1, 10, 500),
        ("video_2", 1, 12, 404),
        ("video_1", 2, 15, 200),
        ("video_2", 2, 17, 200),
    ]


def test_retry_delay_starts_at_the_end_of_the_attempt(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    class SlowReceiver(RecordingReceiver):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            clock.advance(7)
            return super().__call__(headers, body)

    receiver = SlowReceiver(503)
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    clock.advance(10)
    assert [attempt.next_try for attempt in webhooks.attempts] == [START + 10 + 7 + 5]
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("result", "status", "error"),
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
        "delivered",
        "no content",
        "informational",
        "redirect",
        "gone",
        "error",
        "delivery error",
        "receiver raises",
    ],
)
def test_result_of_each_attempt_is_recorded(
    make_webhooks: MakeWebhooks,
    document: Document,
    clock: ManualClock,
    result: int | Exception,
    status: int | None,
    error: str | None,
) -> None:
    receiver = RecordingReceiver(result)
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    clock.advance(10)
    attempt = DeliveryAttempt(
        id=receiver.bodies[0]["id"],
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


def test_number_of_recorded_attempts_is_limited(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver(*[500] * 3)
    webhooks = make_webhooks(receiver, max_attempts=2)
    webhooks.schedule(make_job(document))
    clock.advance(1e6)
    assert len(receiver.received) == 4
    assert [attempt.number for attempt in webhooks.attempts] == [3, 4]
    assert [attempt["number"] for attempt in webhooks.to_json()["attempts"]] == [4, 3]


def test_keyboard_interrupt_is_raised_and_the_event_retried(
    document: Document, clock: ManualClock
) -> None:
    recorder = RecordingReceiver()
    interrupts = [KeyboardInterrupt()]

    def receiver(headers: Mapping[str, str], body: bytes, /) -> int | None:
        if interrupts:
            raise interrupts.pop()
        return recorder(headers, body)

    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    webhooks.schedule(make_job(document))
    clock.advance(20)
    with pytest.raises(KeyboardInterrupt):
        webhooks.deliver()
    webhooks.deliver()
    assert [attempt.error for attempt in webhooks.attempts] == ["interrupted", None]
    assert len(recorder.received) == 1


def test_clear_during_a_delivery_forgets_all_events(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    class ClearingReceiver(RecordingReceiver):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            webhooks.clear()
            return super().__call__(headers, body)

    receiver = ClearingReceiver(500)
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2"))
    clock.advance(100)
    assert (len(receiver.received), webhooks.attempts, webhooks.next_due()) == (1, (), None)
    webhooks.schedule(make_job(document, "video_3"))
    webhooks.notify()
    assert len(receiver.received) == 2


def test_receiver_that_moves_the_clock_causes_no_nested_deliveries(document: Document) -> None:
    clock, depths, active = TickingClock(START, interval=5), list[int](), list[str]()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        active.append(headers["webhook-id"])
        clock.on_poll()
        depths.append(len(active))
        active.pop()

    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    deliver_on_moves(webhooks, clock=clock)
    for number in range(50):
        webhooks.schedule(make_job(document, f"video_{number}", seconds=5 + number))
    clock.on_poll()
    assert depths == [1] * 50


def test_polls_that_move_the_clock_deliver_events(document: Document) -> None:
    clock, receiver = TickingClock(START, interval=5), RecordingReceiver()
    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    stop = deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document))
    clock.on_poll()
    assert receiver.received == []
    clock.on_poll()
    assert len(receiver.received) == 1
    stop()
    webhooks.schedule(make_job(document, "video_2", seconds=0))
    clock.on_poll()
    assert len(receiver.received) == 1


def test_event_due_during_a_delivery_is_sent_by_the_delivering_thread(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    received, unblocked = Event(), Event()

    class BlockingReceiver(RecordingReceiver):
        def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
            received.set()
            assert unblocked.wait(20)
            return super().__call__(headers, body)

    receiver = BlockingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document))
    webhooks.schedule(make_job(document, "video_2", seconds=20))
    thread = Thread(target=clock.advance, args=(10,))
    thread.start()
    assert received.wait(20)
    clock.advance(10)  # does not wait for the other thread, and sends nothing
    assert receiver.received == []
    assert [webhooks.attempts, webhooks.next_due()] == [(), START + 20]
    unblocked.set()
    thread.join()
    assert [body["data"]["id"] for body in receiver.bodies] == ["video_1", "video_2"]


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.1, 1 / 3, 1e6 + 0.7], ids=lambda s: f"{s:g} s")
@given(created=st.floats(0, 2e9))
def test_event_is_due_exactly_at_the_end_of_the_job(
    document: Document, created: float, seconds: float
) -> None:
    webhooks = Webhooks(
        document, clock=ManualClock(1_780_000_000), receiver=RecordingReceiver(), secret=SECRET
    )
    job = make_job(document, seconds=seconds)._replace(created=created)
    webhooks.schedule(job)
    due = webhooks.next_due()
    assert due is not None
    assert observe(job, due).has_ended
    assert due == created or not observe(job, nextafter(due, 0)).has_ended


def test_every_event_is_delivered_once_with_concurrent_clock_moves(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver(*[500] * 100)
    webhooks = make_webhooks(receiver)

    def schedule_jobs(name: str) -> None:
        for number in range(40):
            job = make_job(document, f"{name}_{number}", seconds=number % 7)
            webhooks.schedule(job._replace(created=clock.now()))
            clock.advance(1)

    threads = [Thread(target=schedule_jobs, args=(f"video_{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.advance(1e9)
    delivered = [attempt.job for attempt in webhooks.attempts if attempt.error is None]
    assert (len(receiver.received), len(delivered), len({*delivered})) == (420, 320, 320)


def test_signature_conforms_to_standard_webhooks() -> None:
    secret = new_secret()
    headers = Signer(secret).headers("evt_1", b'{"a":"\xc3\xa4"}', moment=time.time())
    assert Webhook(secret).verify(b'{"a":"\xc3\xa4"}', headers) == {"a": "ä"}


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "c2VjcmV0", "whsec_c2VjcmV", "whsec_c2Vj cmV0", "sk-aisa-secret"],
    ids=["empty", "no key", "no prefix", "no padding", "space in the key", "API key"],
)
def test_ambiguous_secret_is_rejected(document: Document, clock: ManualClock, secret: str) -> None:
    with pytest.raises(ValueError, match=r"must be whsec_ followed by the key in base64$"):
        Webhooks(document, clock=clock, receiver=RecordingReceiver(), secret=secret)


def test_new_secret_contains_the_given_random_bytes() -> None:
    assert new_secret(bytes) == "whsec_" + "A" * 43 + "="
    assert new_secret() != new_secret()


def test_jobs_scheduled_after_a_change_of_document_have_its_events(
    make_webhooks: MakeWebhooks, document: Document, clock: ManualClock
) -> None:
    receiver = RecordingReceiver()
    webhooks = make_webhooks(receiver)
    webhooks.schedule(make_job(document, "video_1"))
    text = document.source.text.replace("video.completed", "video.done")
    webhooks.use_document(parse_document(text))
    webhooks.schedule(make_job(document, "video_2", seconds=20))
    clock.advance(100)
    assert [(body["type"], body["data"]["id"]) for body in receiver.bodies] == [
        ("video.completed", "video_1"),
        ("video.done", "video_2"),
    ]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("lost", [[], []]), ("twice", [[1, 1], [1, 1]]), ({"late": 60}, [[], [1]])],
    ids=["lost", "twice", "late"],
)
def test_fault_of_a_create_changes_how_the_events_of_its_job_are_sent(
    document: Document, clock: ManualClock, fault: Json, expected: list[list[int]]
) -> None:
    receiver = RecordingReceiver()
    webhooks = Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)
    service = JobService(document, clock=clock, seed=1, webhooks=webhooks)
    MockControls(service).fault("create", webhook=fault, times=1)
    stop = deliver_on_moves(webhooks, clock=clock)
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    service.answer(Call("createVideo", {}, (), headers, b'{"prompt": "x"}'))
    seen = []
    for seconds in (50, 40):
        clock.advance(seconds)
        ids = [received["webhook-id"] for received, _ in receiver.received]
        seen.append([1] * len(ids))
        assert len({*ids}) <= 1
    stop()
    assert seen == expected
