"""Effects of faults on a response: delays, broken connections, invalid bodies, errors."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime
from math import ceil
from random import Random
from statistics import median

import orjson
import pytest

from aisa_testkit.mock_server.faults.fault import read_fault
from aisa_testkit.openapi import Delivery, Document, JobRole, Reply
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import format_pointer, get
from tests.support.operations import find_operation, only_kind, state_in
from tests.support.service_client import ServiceClient


class FaultyClient(ServiceClient):
    """A client with one finished job, whose replies have faults."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.finished_job = self.create()
        self.clock.advance(100)

    def reply(self, role: JobRole, **fault: Json) -> Reply:
        """Return a reply about the finished job, without its request id. `fault` affects it."""
        if fault:
            self.controls.fault(role.value, times=1, **fault)
        return without_request_id(self.send(role, self.finished_job))


def without_request_id(reply: Reply) -> Reply:
    headers = {name: text for name, text in reply.headers.items() if name != "x-request-id"}
    return replace(reply, headers=headers)


@pytest.fixture
def client(document: Document) -> FaultyClient:
    return FaultyClient(document)


@pytest.fixture
def any_client(any_document: Document) -> FaultyClient:
    return FaultyClient(any_document)


# Delivery


@pytest.mark.parametrize(
    ("fault", "delivery", "share"),
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
def test_delivery_faults_change_only_the_delivery_of_the_response(
    client: FaultyClient, fault: dict[str, Json], delivery: Delivery, share: float | None
) -> None:
    expected = client.reply(JobRole.POLL)
    if share is not None:
        delivery = replace(delivery, bytes_delivered=int(len(expected.body) * share))
    assert client.reply(JobRole.POLL, **fault) == replace(expected, delivery=delivery)
    assert client.reply(JobRole.POLL) == expected


@pytest.mark.parametrize("role", [JobRole.POLL, JobRole.LIST, JobRole.RESULT])
def test_delivery_faults_affect_jobs_lists_and_files(
    any_client: FaultyClient, role: JobRole
) -> None:
    expected = any_client.reply(role)
    delivery = Delivery(delay=1, bytes_delivered=len(expected.body) // 4)
    assert any_client.reply(role, cut=0.25, latency=1) == replace(expected, delivery=delivery)


def test_uniform_latency(client: FaultyClient) -> None:
    client.controls.fault("list", latency={"uniform": [2, 4]})
    delays = [delay_of(client.send(JobRole.LIST)) for _ in range(400)]
    assert 2 <= min(delays) < 2.1
    assert 3.9 < max(delays) <= 4
    assert 2.9 < sum(delays) / 400 < 3.1


def test_lognormal_latency_has_a_median_and_a_long_tail(client: FaultyClient) -> None:
    client.controls.fault("list", latency={"lognormal": {"median": 0.5, "sigma": 1}})
    delays = [delay_of(client.send(JobRole.LIST)) for _ in range(400)]
    assert 0.4 < median(delays) < 0.6
    assert min(delays) > 0
    assert max(delays) > 3


def test_lognormal_latency_has_a_maximum(document: Document) -> None:
    options = {"latency": {"lognormal": {"median": 1e9, "sigma": 10}}}
    (delay,) = read_fault(document, options).effects
    delays = [delay_of(delay(Reply(200), Random(seed), 0)) for seed in range(50)]
    assert max(delays) == 1e9 > min(delays)


def delay_of(reply: Reply) -> float:
    assert reply.delivery
    return reply.delivery.delay


def test_random_latency_is_the_same_in_every_run_of_a_seed(document: Document) -> None:
    def run() -> list[float]:
        client = FaultyClient(document)
        client.controls.fault("list", latency={"uniform": [0, 9]}, probability=0.5)
        replies = [client.send(JobRole.LIST) for _ in range(60)]
        return [delay_of(reply) if reply.delivery else -1 for reply in replies]

    first = run()
    assert first == run()
    assert len(set(first)) > 20


# Bodies


@pytest.mark.parametrize("role", [JobRole.CREATE, JobRole.POLL, JobRole.LIST])
def test_truncated_body_is_the_first_half_of_the_json(
    any_document: Document, role: JobRole
) -> None:
    reply = FaultyClient(any_document).reply(role, body="truncated")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.body)
    expected = FaultyClient(any_document).reply(role)
    assert reply.body == expected.body[: len(expected.body) // 2]
    assert reply.status == expected.status
    assert (reply.headers["content-type"], reply.delivery) == ("application/json", None)


@pytest.mark.parametrize("role", [JobRole.POLL, JobRole.RESULT])
def test_malformed_body_is_an_html_page_with_unchanged_headers(
    any_client: FaultyClient, role: JobRole
) -> None:
    expected, reply = any_client.reply(role), any_client.reply(role, body="malformed")
    assert reply.body.startswith(b"<html>")
    assert reply == replace(expected, body=reply.body, replaced=reply.replaced)
    assert reply.replaced
    assert reply.replaced.body == expected.body


def test_changed_body_has_no_content_length_header(document: Document) -> None:
    (truncate,) = read_fault(document, {"body": "truncated"}).effects
    reply = truncate(Reply(200, {"content-length": "4", "etag": "x"}, b"1234"), Random(1), 0)
    assert reply == Reply(200, {"etag": "x"}, b"12")


@pytest.mark.parametrize(
    "fault", [{"body": "malformed"}, {"body": "truncated"}, {"drop": "/detail"}, {"state": "lost"}]
)
def test_response_without_a_body_keeps_no_body(
    other_document: Document, fault: dict[str, Json]
) -> None:
    client = FaultyClient(other_document)
    client.controls.fault(**fault)
    assert client.reply(JobRole.DELETE) == Reply(204)


def test_content_type_replaces_the_header(any_client: FaultyClient) -> None:
    for role in (JobRole.POLL, JobRole.RESULT):
        expected = any_client.reply(role)
        reply = any_client.reply(role, content_type="text/html; x=1")
        headers = {**expected.headers, "content-type": "text/html; x=1"}
        assert reply == replace(expected, headers=headers, replaced=reply.replaced)
        assert reply.replaced
        assert without_request_id(reply.replaced) == expected


def test_drop_removes_one_field(any_client: FaultyClient) -> None:
    kind = only_kind(any_client.document)
    assert kind.id_at
    expected = orjson.loads(any_client.reply(JobRole.POLL).body)
    for path in (kind.state_at, kind.id_at, kind.state_at[:1]):
        reply = any_client.reply(JobRole.POLL, drop=format_pointer(path))
        changed = orjson.loads(reply.body)
        with pytest.raises(LookupError):
            get(changed, path)
        assert get(changed, path[:-1]).keys() == get(expected, path[:-1]).keys() - {path[-1]}


@pytest.mark.parametrize("value", [None, 7, "odd", [], {"deep": [1]}, True], ids=repr)
def test_change_sets_one_field_to_any_value(client: FaultyClient, value: Json) -> None:
    path = ("id",)
    expected = orjson.loads(client.reply(JobRole.POLL).body)
    reply = client.reply(JobRole.POLL, change={format_pointer(path): value})
    changed = orjson.loads(reply.body)
    assert get(changed, path) == value
    assert changed != expected
    get(changed, path[:-1])[path[-1]] = get(expected, path)
    assert changed == expected


def test_change_and_drop_can_affect_several_fields(client: FaultyClient) -> None:
    change = {"/progress": "all", "/error/code": "odd", "/size": None}
    job = orjson.loads(client.reply(JobRole.POLL, change=change, drop="/model").body)
    assert (job["progress"], job["error"], job["size"]) == ("all", {"code": "odd"}, None)
    assert "model" not in job


@pytest.mark.parametrize("body", [b'{"id":"x"}', b'{"error":5}', b"[1]"], ids=bytes.decode)
def test_drop_ignores_a_body_without_the_field(document: Document, body: bytes) -> None:
    (edit,) = read_fault(document, {"drop": "/error/code"}).effects
    assert edit(Reply(200, {}, body), Random(1), 0).body == body


def test_undocumented_state_replaces_the_state_of_jobs_and_listed_jobs(
    any_client: FaultyClient,
) -> None:
    expected = any_client.reply(JobRole.POLL).body
    any_client.controls.fault(state="paused")
    assert any_client.state(any_client.reply(JobRole.POLL)) == "paused"
    assert any_client.state(any_client.reply(JobRole.CREATE)) == "paused"
    listing = only_kind(any_client.document).list
    assert listing
    jobs = get(orjson.loads(any_client.reply(JobRole.LIST).body), listing.items)
    states = [state_in(any_client.document, job) for job in jobs]
    assert states == ["paused"] * 2
    any_client.service.faults.clear()
    assert any_client.reply(JobRole.POLL).body == expected


def test_job_fields_are_not_added_to_errors_and_deletions(client: FaultyClient) -> None:
    client.controls.fault(state="paused", change={"/status": "odd"}, drop="/progress")
    unknown = client.send(JobRole.DELETE, "unknown")
    assert orjson.loads(unknown.body).keys() == {"error"}
    deleted = client.send(JobRole.DELETE, client.finished_job)
    assert orjson.loads(deleted.body).keys() == {"id", "object", "deleted"}


def test_files_are_not_changed_by_faults_of_json_fields(client: FaultyClient) -> None:
    expected = client.reply(JobRole.RESULT)
    client.controls.fault(state="paused", change={"/id": 1}, drop="/status")
    assert client.reply(JobRole.RESULT) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"body": "truncated"},
        {"content_type": "text/plain"},
        {"latency": 1},
        {"cut": 0.5},
        {"lost": True},
        {"reset": "middle"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_effects_of_one_fault_are_combined(client: FaultyClient, other: dict[str, Json]) -> None:
    pointer = format_pointer(only_kind(client.document).state_at)
    edits: list[dict[str, Json]] = [{"drop": pointer}, {"change": {pointer: 0}}, {"state": "odd"}]
    (effect,) = read_fault(client.document, other).effects
    for edit in edits:
        edited = client.reply(JobRole.POLL, **edit)
        both = client.reply(JobRole.POLL, **edit, **other)
        expected = effect(edited, Random(1), 0)
        assert replace(both, replaced=None) == replace(expected, replaced=None)
        assert both != edited


# Errors


@pytest.mark.parametrize("commit", [False, True], ids=["not committed", "committed"])
def test_error_conforms_to_the_document_and_creates_a_job_only_with_commit(
    any_client: FaultyClient, commit: bool
) -> None:
    operation = find_operation(any_client.document, JobRole.CREATE)
    for status in operation.responses:
        if status >= 400:
            before = len(any_client.service.store)
            reply = any_client.reply(JobRole.CREATE, status=status, commit=commit)
            assert (reply.status, [*reply_problems(operation, reply)]) == (status, [])
            assert len(any_client.service.store) == before + commit


def test_committed_error_has_retry_after_and_request_id(client: FaultyClient) -> None:
    client.controls.fault("create", status=429, commit=True, retry_after=7)
    reply = client.send(JobRole.CREATE)
    assert reply.headers["retry-after"] == "7"
    assert orjson.loads(reply.body)["error"]["request_id"] == reply.headers["x-request-id"]
    assert client.reply(JobRole.DELETE, status=503, commit=True).status == 503
    assert client.reply(JobRole.POLL).status == 404


def test_message_of_a_simulated_error_names_its_operation(client: FaultyClient) -> None:
    def message(reply: Reply) -> Json:
        return orjson.loads(reply.body)["error"]["message"]

    one = client.reply(JobRole.LIST, status=500)
    assert message(one) == "Simulated error response of listVideos."
    client.controls.fault(status=500)
    every = client.reply(JobRole.LIST)
    assert message(every) == "Simulated error response of this operation."


def test_retry_after_accepts_a_whole_number_written_as_float(client: FaultyClient) -> None:
    reply = client.reply(JobRole.CREATE, status=429, retry_after=2.0)
    assert reply.headers["retry-after"] == "2"


def test_retry_after_may_be_a_date_or_longer_than_any_client_waits(client: FaultyClient) -> None:
    reply = client.reply(JobRole.LIST, status=429, retry_after={"date": 30})
    until = parsedate_to_datetime(reply.headers["retry-after"]).timestamp()
    assert until == ceil(client.clock.now() + 30)
    assert "retry-after-ms" not in reply.headers
    assert client.reply(JobRole.LIST, status=429, retry_after=3000).headers["retry-after"] == "3000"


def test_ignored_range_returns_the_whole_file_with_200(client: FaultyClient) -> None:
    part = {"range": "bytes=1-2"}
    client.controls.fault("result", ignore_range=True, times=1)
    whole, ranged = (client.send(JobRole.RESULT, client.finished_job, headers=part) for _ in "12")
    assert (whole.status, ranged.status, len(ranged.body)) == (200, 206, 2)
    assert whole.body[1:3] == ranged.body
    assert "content-range" not in whole.headers


def test_list_shows_a_new_job_late(client: FaultyClient) -> None:
    def listed() -> int:
        return len(orjson.loads(client.send(JobRole.LIST).body)["data"])

    client.controls.fault("list", list_delay=5)
    client.create()
    assert listed() == 1
    client.clock.advance(5)
    assert listed() == 2


def test_committed_error_replaces_another_error(client: FaultyClient) -> None:
    client.controls.fault("retrieve", status=503, commit=True)
    assert client.send(JobRole.POLL, "unknown").status == 503


@pytest.mark.parametrize(
    ("fault", "bytes_delivered"),
    [
        ({}, None),
        ({"cut": 0.5}, 0.5),
        ({"lost": True, "commit": True}, -1),
        ({"reset": "middle"}, 0.5),
    ],
    ids=["complete", "cut", "lost", "reset"],
)
def test_errors_can_be_changed_and_broken_like_other_responses(
    client: FaultyClient, fault: dict[str, Json], bytes_delivered: float | None
) -> None:
    bodies: list[dict[str, Json]] = [{}, {"body": "truncated"}, {"body": "malformed"}]
    common: dict[str, Json] = {"status": 404, "content_type": "text/x", "latency": 2}
    for body in bodies:
        reply = client.reply(JobRole.POLL, **common, **fault, **body)
        assert (reply.status, reply.headers["content-type"]) == (404, "text/x")
        half = len(reply.body) // 2
        delivered = half if bytes_delivered == 0.5 else bytes_delivered
        assert reply.delivery
        assert (reply.delivery.delay, reply.delivery.bytes_delivered) == (2, delivered)
        assert reply.body.startswith(b"<html" if body.get("body") == "malformed" else b"{")
        assert reply.body.endswith(b"}") == (not body)


# The reply that was replaced


@pytest.mark.parametrize(
    "option", ["truncated", "malformed", "content_type", "drop"], ids=lambda option: option
)
def test_changed_reply_keeps_the_reply_that_it_replaces(
    any_client: FaultyClient, option: str
) -> None:
    faults: dict[str, dict[str, Json]] = {
        "truncated": {"body": "truncated"},
        "malformed": {"body": "malformed"},
        "content_type": {"content_type": "text/html"},
        "drop": {"drop": format_pointer(only_kind(any_client.document).id_at or ())},
    }
    delays: list[dict[str, Json]] = [{}, {"latency": 2, "cut": 0.5}]
    for delay in delays:
        replaced = any_client.reply(JobRole.CREATE, **faults[option], **delay).replaced
        assert replaced
        assert any_client.service.store.get(any_client.job_id(replaced)) is not None
        assert replaced.delivery is None


@pytest.mark.parametrize(
    "fault",
    [{"latency": 1}, {"slow": 1}, {"cut": 0.5}, {"lost": True}, {"reset": "middle"}],
    ids=lambda fault: next(iter(fault)),
)
def test_reply_with_only_a_delivery_fault_replaces_no_other(
    client: FaultyClient, fault: dict[str, Json]
) -> None:
    assert client.reply(JobRole.CREATE, **fault).replaced is None


# Lost responses and resets


def test_create_with_a_lost_response_creates_a_job(any_client: FaultyClient) -> None:
    lost = any_client.reply(JobRole.CREATE, lost=True)
    assert lost.delivery == Delivery(bytes_delivered=-1, reset=True)
    assert any_client.service.store.get(any_client.job_id(lost)) is not None
    assert len(any_client.service.store) == 2


@pytest.mark.parametrize("fault", [{"cut": 0}, {"reset": "middle"}], ids=["cut", "reset"])
def test_create_with_a_broken_response_creates_a_job(
    client: FaultyClient, fault: dict[str, Json]
) -> None:
    client.reply(JobRole.CREATE, **fault)
    assert len(client.service.store) == 2


@pytest.mark.parametrize(
    "role", [JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.DELETE, JobRole.RESULT]
)
def test_reset_before_prevents_the_operation_and_sends_no_response(
    client: FaultyClient, role: JobRole
) -> None:
    reply = client.reply(role, reset="before", latency=2)
    assert (reply.status, reply.body) == (0, b"")
    assert reply.delivery == Delivery(delay=2, bytes_delivered=-1, reset=True)
    assert client.service.store.get(client.finished_job) is not None
    assert len(client.service.store) == 1


@pytest.mark.parametrize(
    "fault", [{"reset": "before"}, {"status": 429}], ids=["reset before", "error"]
)
def test_next_job_applies_to_the_first_job_that_is_created(
    any_client: FaultyClient, fault: dict[str, Json]
) -> None:
    any_client.controls.next_job(scenario="fails")
    any_client.reply(JobRole.CREATE, **fault)
    assert any_client.service.scenarios.selection()["next"] == ["fails"]
    created = any_client.service.store.get(any_client.create())
    assert created is not None
    assert created.scenario == "fails"


@pytest.mark.parametrize(
    "fault",
    [{"lost": True}, {"status": 429, "commit": True}, {"body": "malformed"}],
    ids=["lost", "committed error", "malformed"],
)
def test_next_job_applies_to_a_created_job_even_if_its_response_is_faulty(
    any_client: FaultyClient, fault: dict[str, Json]
) -> None:
    any_client.controls.next_job(scenario="fails")
    any_client.reply(JobRole.CREATE, **fault)
    assert any_client.service.scenarios.selection()["next"] == []
    page = any_client.service.store.page(after=None, limit=9, newest_first=True)
    assert [job.scenario for job in page.jobs] == ["fails", "completes"]
