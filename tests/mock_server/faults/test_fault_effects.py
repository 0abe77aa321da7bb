"""What a fault makes of an answer: its body, its type, and how it goes over the wire."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import median

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.mock_server.faults.fault import read_fault
from aisa_testkit.openapi import Call, Delivery, Document, JobRole, Reply
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import format_pointer, get

ORDER: Json = {"prompt": "A lighthouse in a storm", "scene": "A lighthouse in a storm"}


class Mock:
    """A strict service, and one finished job in it."""

    def __init__(self, document: Document) -> None:
        self.document, self.clock = document, ManualClock()
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), seed=1, strict=True)
        self.job_id = self.id_of(self.ask(JobRole.CREATE))
        self.clock.advance(100)

    def ask(self, role: JobRole, *, job: str = "", key: str = "sk-test") -> Reply:
        """The answer to a call of the operation in this role, about the finished job as a rule."""
        operation, credentials = self.document.by_role[role], self.document.credentials
        assert credentials
        sent = {credentials.header: f"{credentials.scheme} {key}".strip()}
        place = {"id": job or self.job_id} if operation.template.parameters else {}
        headers = {**sent, "content-type": "application/json"}
        return self.service.answer(
            Call(operation.id, place, headers=headers, body=orjson.dumps(ORDER))
        )

    def id_of(self, reply: Reply) -> str:
        return str(get(orjson.loads(reply.body), self.document.lifecycle.id_at))

    def state_of(self, body: Json) -> str:
        return str(get(body, self.document.lifecycle.state_at))

    def struck(self, role: JobRole, **words: Json) -> Reply:
        """The answer when a fault strikes it, but for the id of the request."""
        MockControls(self.service).fault(role.value, times=1, **words)
        return unsigned(self.ask(role))


def unsigned(reply: Reply) -> Reply:
    headers = {name: text for name, text in reply.headers.items() if name != "x-request-id"}
    return replace(reply, headers=headers)


@pytest.fixture(params=["videos", "renderings"])
def mock(request: pytest.FixtureRequest, document: Document, other_document: Document) -> Mock:
    return Mock(document if request.param == "videos" else other_document)


@pytest.fixture
def videos(document: Document) -> Mock:
    return Mock(document)


# Over the wire


@pytest.mark.parametrize("role", [JobRole.RETRIEVE, JobRole.LIST, JobRole.CONTENT])
@pytest.mark.parametrize(
    ("words", "delivery", "share"),
    [
        ({"latency": 2.5}, Delivery(delay=2.5), None),
        ({"slow": 8}, Delivery(body_seconds=8), None),
        ({"latency": 1, "slow": 2}, Delivery(delay=1, body_seconds=2), None),
        ({"cut": 0}, Delivery(), 0),
        ({"cut": 0.25}, Delivery(), 0.25),
        ({"cut": 0.999}, Delivery(), 0.999),
        ({"reset": "middle"}, Delivery(reset=True), 0.5),
        ({"lost": True}, Delivery(bytes_delivered=-1, reset=True), None),
        ({"lost": True, "latency": 3}, Delivery(delay=3, bytes_delivered=-1, reset=True), None),
        ({"cut": 0.5, "slow": 4, "latency": 1}, Delivery(delay=1, body_seconds=4), 0.5),
        ({"reset": "middle", "slow": 4}, Delivery(body_seconds=4, reset=True), 0.5),
    ],
    ids=lambda value: orjson.dumps(value).decode() if isinstance(value, dict) else "",
)
def test_an_answer_is_the_right_one_and_only_its_way_is_bad(
    mock: Mock, role: JobRole, words: dict[str, Json], delivery: Delivery, share: float | None
) -> None:
    right = unsigned(mock.ask(role))
    if share is not None:
        delivery = replace(delivery, bytes_delivered=int(len(right.body) * share))
    assert mock.struck(role, **words) == replace(right, delivery=delivery)
    assert unsigned(mock.ask(role)) == right


def test_latencies_lie_evenly_between_two_numbers(mock: Mock) -> None:
    MockControls(mock.service).fault("list", latency={"uniform": [2, 4]})
    delays = [delay_of(mock.ask(JobRole.LIST)) for _ in range(400)]
    assert 2 <= min(delays) < 2.1
    assert 3.9 < max(delays) <= 4
    assert 2.9 < sum(delays) / 400 < 3.1


def test_latencies_lie_around_a_median_with_a_long_tail(mock: Mock) -> None:
    MockControls(mock.service).fault("list", latency={"lognormal": {"median": 0.5, "sigma": 1}})
    delays = [delay_of(mock.ask(JobRole.LIST)) for _ in range(400)]
    assert 0.4 < median(delays) < 0.6
    assert min(delays) > 0
    assert max(delays) > 3


def test_a_tail_of_latencies_does_not_go_on_for_ever(document: Document) -> None:
    words = {"latency": {"lognormal": {"median": 1e9, "sigma": 10}}}
    (slow,) = read_fault(document, words).effects
    delays = [delay_of(slow(Reply(200), Random(seed))) for seed in range(50)]
    assert max(delays) == 1e9 > min(delays)


def delay_of(reply: Reply) -> float:
    assert reply.delivery
    return reply.delivery.delay


def test_latencies_are_the_same_in_every_run_of_a_seed(document: Document) -> None:
    def run() -> list[float]:
        mock = Mock(document)
        MockControls(mock.service).fault("list", latency={"uniform": [0, 9]}, probability=0.5)
        replies = [mock.ask(JobRole.LIST) for _ in range(60)]
        return [delay_of(reply) if reply.delivery else -1 for reply in replies]

    first = run()
    assert first == run()
    assert len(set(first)) > 20


# Bodies


@pytest.mark.parametrize("role", [JobRole.CREATE, JobRole.RETRIEVE, JobRole.LIST])
def test_truncated_json_is_the_first_half_of_the_right_one(mock: Mock, role: JobRole) -> None:
    reply = mock.struck(role, body="truncated")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.body)
    again = Mock(mock.document)
    right = again.ask(role)
    assert reply.body == right.body[: len(right.body) // 2]
    assert reply.status == right.status
    assert (reply.headers["content-type"], reply.delivery) == ("application/json", None)


@pytest.mark.parametrize("role", [JobRole.RETRIEVE, JobRole.LIST, JobRole.CONTENT])
def test_a_malformed_body_is_a_page_for_people_under_the_right_headers(
    mock: Mock, role: JobRole
) -> None:
    right, reply = unsigned(mock.ask(role)), mock.struck(role, body="malformed")
    assert reply.body.startswith(b"<html>")
    assert reply == replace(right, body=reply.body, replaced=reply.replaced)
    assert reply.replaced
    assert reply.replaced.body == right.body


def test_a_body_that_is_spoilt_has_no_length_of_the_right_one(videos: Mock) -> None:
    (cut,) = read_fault(videos.document, {"body": "truncated"}).effects
    reply = cut(Reply(200, {"content-length": "4", "etag": "x"}, b"1234"), Random(1))
    assert reply == Reply(200, {"etag": "x"}, b"12")


@pytest.mark.parametrize(
    "words",
    [{"body": "malformed"}, {"body": "truncated"}, {"drop": "/detail"}, {"state": "lost"}],
    ids=["malformed", "truncated", "without a field", "other state"],
)
def test_an_answer_that_has_no_body_gets_none(
    other_document: Document, words: dict[str, Json]
) -> None:
    mock = Mock(other_document)
    MockControls(mock.service).fault(**words)
    assert mock.ask(JobRole.DELETE) == Reply(204)


def test_an_answer_can_be_said_to_be_of_another_type(mock: Mock) -> None:
    for role in (JobRole.RETRIEVE, JobRole.CONTENT):
        right, reply = unsigned(mock.ask(role)), mock.struck(role, content_type="text/html; x=1")
        headers = {**right.headers, "content-type": "text/html; x=1"}
        assert reply == replace(right, headers=headers, replaced=reply.replaced)
        assert reply.replaced
        assert unsigned(reply.replaced) == right


def test_a_field_can_be_missing_from_a_job(mock: Mock) -> None:
    lifecycle = mock.document.lifecycle
    right = orjson.loads(mock.ask(JobRole.RETRIEVE).body)
    for path in (lifecycle.state_at, lifecycle.id_at, lifecycle.state_at[:1]):
        spoilt = orjson.loads(mock.struck(JobRole.RETRIEVE, drop=format_pointer(path)).body)
        with pytest.raises(LookupError):
            get(spoilt, path)
        assert get(spoilt, path[:-1]).keys() == get(right, path[:-1]).keys() - {path[-1]}


@pytest.mark.parametrize("value", [None, 7, "odd", [], {"deep": [1]}, True], ids=repr)
def test_a_field_can_have_any_other_value(mock: Mock, value: Json) -> None:
    path = mock.document.lifecycle.id_at
    right = orjson.loads(mock.ask(JobRole.RETRIEVE).body)
    reply = mock.struck(JobRole.RETRIEVE, change={format_pointer(path): value})
    spoilt = orjson.loads(reply.body)
    assert get(spoilt, path) == value
    assert spoilt != right
    get(spoilt, path[:-1])[path[-1]] = get(right, path)
    assert spoilt == right


def test_several_fields_can_be_wrong_at_once(videos: Mock) -> None:
    change = {"/progress": "all", "/error/code": "odd", "/size": None}
    job = orjson.loads(videos.struck(JobRole.RETRIEVE, change=change, drop="/model").body)
    assert (job["progress"], job["error"], job["size"]) == ("all", {"code": "odd"}, None)
    assert "model" not in job


def test_jobs_can_be_in_a_state_that_the_document_does_not_know(mock: Mock) -> None:
    right = mock.ask(JobRole.RETRIEVE).body
    MockControls(mock.service).fault(state="paused")
    assert mock.state_of(orjson.loads(mock.ask(JobRole.RETRIEVE).body)) == "paused"
    page = orjson.loads(mock.ask(JobRole.LIST).body)
    operation = mock.document.by_role[JobRole.LIST]
    assert operation.page
    items = get(page, operation.page.places["items"])
    assert [mock.state_of(item) for item in items] == ["paused"]
    assert mock.state_of(orjson.loads(mock.ask(JobRole.CREATE).body)) == "paused"
    mock.service.faults.clear()
    assert mock.ask(JobRole.RETRIEVE).body == right


def test_a_farewell_and_an_error_are_not_given_what_only_a_job_has(videos: Mock) -> None:
    MockControls(videos.service).fault(state="paused", change={"/status": "odd"}, drop="/progress")
    for job_id, keys in (("nobody", {"error"}), (videos.job_id, {"id", "object", "deleted"})):
        assert orjson.loads(videos.ask(JobRole.DELETE, job=job_id).body).keys() == keys


def test_a_file_is_not_looked_at_for_fields(videos: Mock) -> None:
    right = unsigned(videos.ask(JobRole.CONTENT))
    MockControls(videos.service).fault(state="paused", change={"/id": 1}, drop="/status")
    assert unsigned(videos.ask(JobRole.CONTENT)) == right


@pytest.mark.parametrize("schema", ["drop", "change", "state"])
@pytest.mark.parametrize("way", ["body", "content_type", "latency", "cut", "lost", "reset"])
def test_ways_to_spoil_one_answer_add_up(mock: Mock, schema: str, way: str) -> None:
    pointer = format_pointer(mock.document.lifecycle.state_at)
    edit: dict[str, Json] = {"drop": pointer, "change": {pointer: 0}, "state": "paused"}
    more: dict[str, Json] = {
        "body": "truncated",
        "content_type": "text/plain",
        "latency": 1,
        "cut": 0.5,
        "lost": True,
        "reset": "middle",
    }
    edited = mock.struck(JobRole.RETRIEVE, **{schema: edit[schema]})
    (spoil,) = read_fault(mock.document, {way: more[way]}).effects
    both = mock.struck(JobRole.RETRIEVE, **{schema: edit[schema], way: more[way]})
    expected = spoil(edited, Random(1))
    assert replace(both, replaced=None) == replace(expected, replaced=None)
    assert both != edited


# Errors


@pytest.mark.parametrize("commit", [False, True], ids=["not done", "done"])
def test_an_error_is_told_as_documented_and_the_call_is_done_only_if_it_is_to_commit(
    mock: Mock, commit: bool
) -> None:
    operation = mock.document.by_role[JobRole.CREATE]
    for status in operation.responses:
        if status >= 400:
            before = len(mock.service.store)
            reply = mock.struck(JobRole.CREATE, status=status, commit=commit)
            assert (reply.status, [*reply_problems(operation, reply)]) == (status, [])
            assert len(mock.service.store) == before + commit


def test_a_committed_error_has_the_wait_and_the_request_id_of_an_error(videos: Mock) -> None:
    MockControls(videos.service).fault("create", status=429, commit=True, retry_after=7)
    reply = videos.ask(JobRole.CREATE)
    assert reply.headers["retry-after"] == "7"
    assert orjson.loads(reply.body)["error"]["request_id"] == reply.headers["x-request-id"]
    MockControls(videos.service).fault("delete", status=503, commit=True)
    assert videos.ask(JobRole.DELETE).status == 503
    assert videos.ask(JobRole.RETRIEVE).status == 404


def test_an_error_says_that_it_was_asked_for(videos: Mock) -> None:
    def message(reply: Reply) -> Json:
        return orjson.loads(reply.body)["error"]["message"]

    one = videos.struck(JobRole.LIST, status=500)
    assert message(one) == "Simulated error response of listVideos."
    MockControls(videos.service).fault(status=500)
    assert message(videos.ask(JobRole.LIST)) == "Simulated error response of this operation."


def test_a_whole_number_is_a_wait_however_it_is_written(videos: Mock) -> None:
    reply = videos.struck(JobRole.CREATE, status=429, retry_after=2.0)
    assert reply.headers["retry-after"] == "2"


def test_a_committed_error_comes_even_where_the_call_is_refused(videos: Mock) -> None:
    MockControls(videos.service).fault("retrieve", status=503, commit=True)
    assert videos.ask(JobRole.RETRIEVE, job="nobody").status == 503


@pytest.mark.parametrize("body", [None, "truncated", "malformed"])
@pytest.mark.parametrize("broken", [None, "cut", "lost", "reset"])
def test_an_error_can_be_spoilt_and_broken_as_any_answer(
    mock: Mock, body: str | None, broken: str | None
) -> None:
    breaks: dict[str, Json] = {"cut": 0.5, "lost": True, "reset": "middle"}
    words: dict[str, Json] = {"body": body} if body else {}
    words |= {broken: breaks[broken]} if broken else {}
    words |= {"commit": True} if broken == "lost" else {}
    reply = mock.struck(JobRole.RETRIEVE, status=404, content_type="text/x", latency=2, **words)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/x")
    assert reply.delivery
    assert reply.delivery.delay == 2
    arrives = {None: None, "lost": -1}.get(broken, len(reply.body) // 2)
    assert reply.delivery.bytes_delivered == arrives
    assert reply.body.startswith(b"<html" if body == "malformed" else b"{")
    assert reply.body.endswith(b"}") == (body is None)


# Told otherwise than it was


@pytest.mark.parametrize(
    "spoilt",
    [{"body": "truncated"}, {"body": "malformed"}, {"content_type": "text/html"}, {"drop": True}],
    ids=["truncated", "malformed", "another type", "without its id"],
)
@pytest.mark.parametrize("slow", [{}, {"latency": 2, "cut": 0.5}], ids=["at once", "slow"])
def test_what_was_done_is_known_where_another_answer_is_told(
    mock: Mock, spoilt: dict[str, Json], slow: dict[str, Json]
) -> None:
    pointer = format_pointer(mock.document.lifecycle.id_at)
    words = {**spoilt, "drop": pointer} if "drop" in spoilt else spoilt
    told = mock.struck(JobRole.CREATE, **words, **slow)
    assert told.replaced
    assert mock.service.store.get(mock.id_of(told.replaced)) is not None
    assert told.replaced.delivery is None


@pytest.mark.parametrize(
    "words",
    [{"latency": 1}, {"slow": 1}, {"cut": 0.5}, {"lost": True}, {"reset": "middle"}],
    ids=lambda words: next(iter(words)),
)
def test_an_answer_that_is_only_late_or_broken_stands_in_no_others_place(
    mock: Mock, words: dict[str, Json]
) -> None:
    assert mock.struck(JobRole.CREATE, **words).replaced is None


# Lost, and never done


def test_a_create_whose_answer_is_lost_has_made_its_job(mock: Mock) -> None:
    lost = mock.struck(JobRole.CREATE, lost=True)
    assert lost.delivery == Delivery(bytes_delivered=-1, reset=True)
    assert mock.service.store.get(mock.id_of(lost)) is not None
    assert len(mock.service.store) == 2


@pytest.mark.parametrize("words", [{"cut": 0}, {"reset": "middle"}], ids=["cut", "reset"])
def test_a_create_whose_answer_breaks_off_has_made_its_job(
    mock: Mock, words: dict[str, Json]
) -> None:
    mock.struck(JobRole.CREATE, **words)
    assert len(mock.service.store) == 2


@pytest.mark.parametrize(
    "role", [JobRole.CREATE, JobRole.RETRIEVE, JobRole.LIST, JobRole.DELETE, JobRole.CONTENT]
)
def test_a_connection_that_is_reset_before_has_done_nothing_and_has_no_answer(
    mock: Mock, role: JobRole
) -> None:
    torn = mock.struck(role, reset="before", latency=2)
    assert (torn.status, torn.body) == (0, b"")
    assert torn.delivery == Delivery(delay=2, bytes_delivered=-1, reset=True)
    assert mock.service.store.get(mock.job_id) is not None
    assert len(mock.service.store) == 1


@pytest.mark.parametrize(
    "words", [{"reset": "before"}, {"status": 429}], ids=["reset before", "error"]
)
def test_what_was_set_for_the_next_job_waits_for_one_that_is_made(
    mock: Mock, words: dict[str, Json]
) -> None:
    MockControls(mock.service).next_job(scenario="fails")
    mock.struck(JobRole.CREATE, **words)
    assert mock.service.scenarios.selection()["next"] == ["fails"]
    made = mock.service.store.get(mock.id_of(mock.ask(JobRole.CREATE)))
    assert made is not None
    assert made.scenario == "fails"


@pytest.mark.parametrize(
    "words",
    [{"lost": True}, {"status": 429, "commit": True}, {"body": "malformed"}],
    ids=["lost", "error of a call that is done", "malformed"],
)
def test_a_job_that_was_made_has_what_was_set_for_it_whatever_its_client_hears(
    mock: Mock, words: dict[str, Json]
) -> None:
    MockControls(mock.service).next_job(scenario="fails")
    mock.struck(JobRole.CREATE, **words)
    assert mock.service.scenarios.selection()["next"] == []
    page = mock.service.store.page(after=None, limit=9, newest_first=True)
    assert [job.scenario for job in page.jobs] == ["fails", "completes"]
