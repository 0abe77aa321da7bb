"""Keys are tenants: each sees and reaches its own jobs alone, in every operation."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, RandomIds, TickingClock
from aisa_testkit.openapi import Call, Document, JobRole, Reply, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

OWNER, STRANGER = "sk-owner", "sk-stranger"
ABOUT_A_JOB = [JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE]  # and remix, where there is one


class House:
    """A strict service and calls of several keys."""

    def __init__(
        self, document: Document, *, clock: ManualClock | None = None, **settings: Any
    ) -> None:
        self.document, self.clock = document, clock or ManualClock()
        self.service = JobService(
            document, clock=self.clock, ids=RandomIds(1), strict=True, **settings
        )

    def ask(
        self,
        role: JobRole,
        key: str = OWNER,
        *,
        job: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        operation, credentials = self.document.by_role[role], self.document.credentials
        assert credentials
        headers = {credentials.header: f"{credentials.scheme} {key}".strip()}
        headers["content-type"] = "application/json"
        body = orjson.dumps({"prompt": "A teapot", "scene": "A teapot"})
        place = {"id": job} if operation.template.parameters else {}
        asked = tuple((query or {}).items())
        return self.service.answer(Call(operation.id, place, asked, headers, body))

    def make(self, key: str = OWNER) -> str:
        """The id of a new job."""
        body = orjson.loads(self.ask(JobRole.CREATE, key).body)
        return str(get(body, self.document.lifecycle.id_at))

    def listed(self, key: str, **query: str) -> list[str]:
        """The ids of the jobs that a key is shown."""
        page = self.document.by_role[JobRole.LIST].page
        assert page
        body = orjson.loads(self.ask(JobRole.LIST, key, query=query).body)
        items = get(body, page.places["items"])
        return [get(item, self.document.lifecycle.id_at) for item in items]

    def message(self, reply: Reply) -> Json:
        return get(orjson.loads(reply.body), self.document.envelope.message_at)


@pytest.fixture(params=["videos", "renderings"])
def house(request: pytest.FixtureRequest, document: Document, other_document: Document) -> House:
    return House(document if request.param == "videos" else other_document)


@pytest.mark.parametrize("role", ABOUT_A_JOB)
@pytest.mark.parametrize("age", [0, 5, 100], ids=["new", "pending", "finished"])
def test_a_job_of_another_key_is_unknown_and_stays_as_it_is(
    house: House, role: JobRole, age: float
) -> None:
    job = house.make()
    house.clock.advance(age)
    before = house.ask(JobRole.RETRIEVE, job=job).body
    refused = house.ask(role, STRANGER, job=job)
    assert refused.status == 404
    message = f"there is no job '{job}' of this key; it was created with another key"
    assert house.message(refused) == message
    assert house.ask(JobRole.RETRIEVE, job=job).body == before
    assert len(house.service.store) == 1


def test_a_job_that_nobody_made_is_unknown_in_other_words(house: House) -> None:
    house.make()
    refused = house.ask(JobRole.RETRIEVE, STRANGER, job="nobody")
    assert house.message(refused) == "there is no job 'nobody'"


def test_a_list_shows_the_jobs_of_its_key_alone(house: House) -> None:
    mine, others = [], []
    for _ in range(3):
        mine.append(house.make(OWNER))
        others.append(house.make(STRANGER))
    assert house.listed(OWNER) == mine[::-1]
    assert house.listed(STRANGER) == others[::-1]
    assert house.listed("sk-nobody") == []


def test_pages_have_the_same_jobs_whatever_others_make_meanwhile(house: House) -> None:
    page = house.document.by_role[JobRole.LIST].page
    assert page
    made = []
    for _ in range(5):
        house.make(STRANGER)
        made.append(house.make(OWNER))
    first = house.listed(OWNER, **{page.limit: "2"})
    house.make(STRANGER)
    second = house.listed(OWNER, **{page.limit: "9", page.after: first[-1]})
    assert first + second == made[::-1]


def test_a_page_cannot_begin_behind_a_job_of_another_key(house: House) -> None:
    page = house.document.by_role[JobRole.LIST].page
    assert page
    job = house.make()
    refused = house.ask(JobRole.LIST, STRANGER, query={page.after: job})
    assert refused.status == 404
    assert house.message(refused) == f"{page.after}: there is no job '{job}'"


def test_to_delete_ones_own_job_leaves_those_of_others(house: House) -> None:
    mine, other = house.make(OWNER), house.make(STRANGER)
    house.clock.advance(100)
    house.ask(JobRole.DELETE, OWNER, job=mine)
    assert house.listed(OWNER) == []
    assert house.listed(STRANGER) == [other]


def test_the_operator_sees_the_jobs_of_all_keys(house: House) -> None:
    made = [house.make(key) for key in (OWNER, STRANGER, OWNER)]
    seen = [get(job, house.document.lifecycle.id_at) for job in house.service.describe_all()]
    assert seen == made


def test_a_remix_is_made_of_ones_own_job_and_belongs_to_who_made_it(document: Document) -> None:
    house = House(document)
    source = house.make()
    house.clock.advance(10)
    assert house.ask(JobRole.REMIX, STRANGER, job=source).status == 404
    house.ask(JobRole.REMIX, OWNER, job=source)
    assert len(house.listed(OWNER)) == 2
    assert house.listed(STRANGER) == []


def test_an_unknown_id_may_stand_for_a_job_but_never_for_one_of_another_key(
    document: Document,
) -> None:
    house = House(document, unknown_ids="synthesize")
    job = house.make()
    house.clock.advance(100)
    assert house.ask(JobRole.DELETE, STRANGER, job="nobody").status == 200
    house.ask(JobRole.DELETE, STRANGER, job=job)
    assert house.listed(OWNER) == [job]
    assert house.ask(JobRole.DELETE, OWNER, job=job).status == 200
    assert house.listed(OWNER) == []


@pytest.mark.parametrize("role", [JobRole.RETRIEVE, JobRole.LIST])
def test_only_the_polls_of_a_jobs_own_key_move_a_ticking_clock(
    document: Document, role: JobRole
) -> None:
    house = House(document, clock=TickingClock(interval=1))
    job, made = house.make(), house.clock.now()
    house.ask(role, STRANGER, job=job)
    assert house.clock.now() == made
    house.ask(role, OWNER, job=job)
    assert house.clock.now() == made + 1


def test_keys_that_work_at_the_same_time_do_not_meet(document: Document) -> None:
    house = House(document)

    def work(key: str) -> tuple[list[str], list[str]]:
        made = [house.make(key) for _ in range(20)]
        return made, house.listed(key)

    with ThreadPoolExecutor(16) as pool:
        for made, listed in pool.map(work, [f"sk-{number}" for number in range(16)]):
            assert listed == made[::-1]
    assert len(house.service.store) == 320


def test_where_no_key_is_asked_for_all_jobs_are_everybodys(other_document: Document) -> None:
    root = {name: part for name, part in other_document.source.data.items() if name != "security"}
    keyless = parse_document(orjson.dumps(root).decode())
    service = JobService(keyless, clock=ManualClock(), ids=RandomIds(1), strict=True)
    headers = {"content-type": "application/json"}
    made = service.answer(Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}'))
    place = {"ref": orjson.loads(made.body)["job"]["ref"]}
    for key in ("sk-a", "sk-b"):
        seen = service.answer(Call("rendering", place, headers={"x-render-key": key}))
        assert seen.status == 200
