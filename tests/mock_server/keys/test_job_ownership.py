"""Ownership of jobs: each API key has access only to its own jobs, in every operation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, RandomIds, TickingClock
from aisa_testkit.openapi import Call, Document, JobRole, Reply, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get
from tests.support.operations import REMIX, id_in, only_kind
from tests.support.service_client import ServiceClient

OWNER, STRANGER = "sk-test", "sk-stranger"
JOB_ROLES = [JobRole.POLL, JobRole.RESULT, JobRole.DELETE]


@pytest.fixture
def client(any_document: Document) -> ServiceClient:
    return ServiceClient(any_document)


def message_of(client: ServiceClient, reply: Reply) -> Json:
    return get(orjson.loads(reply.body), client.document.envelope.message_at or ())


@pytest.mark.parametrize("role", JOB_ROLES)
@pytest.mark.parametrize("age", [0, 5, 100], ids=["new", "pending", "finished"])
def test_job_of_another_key_is_not_found_and_stays_unchanged(
    client: ServiceClient, role: JobRole, age: float
) -> None:
    job = client.create()
    client.clock.advance(age)
    before = client.send(JobRole.POLL, job).body
    refused = client.send(role, job, key=STRANGER)
    assert refused.status == 404
    message = f"there is no job '{job}' of this key; it was created with another key"
    assert message_of(client, refused) == message
    assert client.send(JobRole.POLL, job).body == before
    assert len(client.service.store) == 1


def test_unknown_job_id_has_its_own_error_message(client: ServiceClient) -> None:
    client.create()
    refused = client.send(JobRole.POLL, "unknown", key=STRANGER)
    assert message_of(client, refused) == "there is no job 'unknown'"


def test_list_contains_only_jobs_of_the_same_key(client: ServiceClient) -> None:
    mine, others = [], []
    for _ in range(3):
        mine.append(client.create(key=OWNER))
        others.append(client.create(key=STRANGER))
    assert client.list_ids(OWNER) == mine[::-1]
    assert client.list_ids(STRANGER) == others[::-1]
    assert client.list_ids("sk-unused") == []


def test_pagination_is_not_affected_by_jobs_of_other_keys(client: ServiceClient) -> None:
    listing = only_kind(client.document).list
    assert listing
    after = listing.after or listing.cursor
    limit = listing.limit
    assert after
    assert limit
    created = []
    for _ in range(5):
        client.create(key=STRANGER)
        created.append(client.create(key=OWNER))
    first = client.list_ids(OWNER, **{limit.name: "2"})
    client.create(key=STRANGER)
    second = client.list_ids(OWNER, **{limit.name: "9", after.name: first[-1]})
    assert first + second == created[::-1]


def test_pagination_cursor_of_another_key_is_not_found(client: ServiceClient) -> None:
    listing = only_kind(client.document).list
    assert listing
    after = listing.after or listing.cursor
    assert after
    job = client.create()
    refused = client.send(JobRole.LIST, key=STRANGER, query={after.name: job})
    assert refused.status == 404
    assert message_of(client, refused) == f"{after.name}: there is no job '{job}'"


def test_delete_leaves_jobs_of_other_keys(client: ServiceClient) -> None:
    mine, other = client.create(key=OWNER), client.create(key=STRANGER)
    client.clock.advance(100)
    client.send(JobRole.DELETE, mine, key=OWNER)
    assert client.list_ids(OWNER) == []
    assert client.list_ids(STRANGER) == [other]


def test_service_describes_the_jobs_of_all_keys(client: ServiceClient) -> None:
    created = [client.create(key=key) for key in (OWNER, STRANGER, OWNER)]
    described = [id_in(client.document, job) for job in client.service.describe_all()]
    assert described == created


def test_remix_needs_a_job_of_the_same_key_and_belongs_to_that_key(document: Document) -> None:
    client = ServiceClient(document)
    source = client.create()
    client.clock.advance(10)
    assert client.send(REMIX, source, key=STRANGER).status == 404
    client.send(REMIX, source, key=OWNER)
    assert len(client.list_ids(OWNER)) == 2
    assert client.list_ids(STRANGER) == []


def test_synthesized_jobs_never_replace_a_job_of_another_key(
    document: Document,
) -> None:
    client = ServiceClient(document, unknown_ids="synthesize")
    job = client.create()
    client.clock.advance(100)
    assert client.send(JobRole.DELETE, "unknown", key=STRANGER).status == 200
    client.send(JobRole.DELETE, job, key=STRANGER)
    assert client.list_ids(OWNER) == [job]
    assert client.send(JobRole.DELETE, job, key=OWNER).status == 200
    assert client.list_ids(OWNER) == []


@pytest.mark.parametrize("role", [JobRole.POLL, JobRole.LIST])
def test_only_polls_of_the_owner_move_a_ticking_clock(document: Document, role: JobRole) -> None:
    client = ServiceClient(document, clock=TickingClock(1_780_000_000, interval=1))
    job, start = client.create(), client.clock.now()
    client.send(role, job, key=STRANGER)
    assert client.clock.now() == start
    client.send(role, job, key=OWNER)
    assert client.clock.now() == start + 1


def test_concurrent_keys_see_only_their_own_jobs(document: Document) -> None:
    client = ServiceClient(document)

    def work(key: str) -> tuple[list[str], list[str]]:
        created = [client.create(key=key) for _ in range(20)]
        return created, client.list_ids(key)

    with ThreadPoolExecutor(16) as pool:
        for created, listed in pool.map(work, [f"sk-{number}" for number in range(16)]):
            assert listed == created[::-1]
    assert len(client.service.store) == 320


def test_jobs_have_no_owner_if_the_document_does_not_use_keys(other_document: Document) -> None:
    root = {name: part for name, part in other_document.source.data.items() if name != "security"}
    keyless = parse_document(orjson.dumps(root).decode())
    service = JobService(keyless, clock=ManualClock(1_780_000_000), ids=RandomIds(1), strict=True)
    headers = {"content-type": "application/json"}
    created = service.answer(
        Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}')
    )
    path = {"ref": orjson.loads(created.body)["job"]["ref"]}
    for key in ("sk-a", "sk-b"):
        reply = service.answer(Call("rendering", path, headers={"x-render-key": key}))
        assert reply.status == 200


CREATE, POLL, LIST = (
    ("/renderings", "post"),
    ("/renderings/{ref}/status", "get"),
    ("/renderings", "get"),
)


def with_public(document: Document, *operations: tuple[str, str]) -> ServiceClient:
    """A client of a document whose operations at these paths need no key."""
    data = orjson.loads(orjson.dumps(document.source.data))
    for path, method in operations:
        data["paths"][path][method]["security"] = []
    return ServiceClient(parse_document(orjson.dumps(data).decode()))


def test_operation_that_needs_no_key_sees_the_jobs_of_all_keys(other_document: Document) -> None:
    client = with_public(other_document, POLL)
    job = client.create(key=OWNER)
    for key in (OWNER, STRANGER, ""):
        assert client.send(JobRole.POLL, job, key=key).status == 200
    assert client.list_ids(STRANGER) == []
    assert client.send(JobRole.DELETE, job, key=STRANGER).status == 404


def test_list_that_needs_no_key_shows_the_jobs_of_all_keys(other_document: Document) -> None:
    client = with_public(other_document, LIST)
    jobs = [client.create(key=key) for key in (OWNER, STRANGER)]
    assert client.list_ids(OWNER) == jobs[::-1]


def test_jobs_whose_create_needs_no_key_belong_to_all_keys(other_document: Document) -> None:
    client = with_public(other_document, CREATE)
    job = client.create(key=OWNER)
    assert client.send(JobRole.POLL, job, key=STRANGER).status == 200
    assert client.list_ids(STRANGER) == [job]
