"""Lists of jobs: pages by cursor, offset, page number and address, in every order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.job_api import (
    JOB,
    TEXT,
    WHOLE,
    JobApi,
    job_schema,
    object_of,
    operation,
    query,
    request_schema,
)

ITEMS: Json = {"type": "array", "items": JOB}


def listing_api(
    fields: dict[str, Json], *parameters: str, required: tuple[str, ...] = (), **words: Json
) -> JobApi:
    """An API with a list whose response has these fields beside `items`."""
    numbers = ("limit", "offset", "page")
    listing = operation(
        "listJobs",
        object_of({"items": ITEMS, **fields}, "items", *required),
        parameters=tuple(query(name, WHOLE if name in numbers else TEXT) for name in parameters),
    )
    return JobApi(
        job=job_schema(prompt=TEXT),
        paths={"/jobs": {"get": listing}},
        kind={
            "list": {"operation": "listJobs", **words},
            "fields": {"/prompt": {"request": "/prompt"}},
        },
    )


def walk(api: JobApi, following: Callable[[Json], str | None]) -> list[list[str]]:
    """The prompts of each page; `following` returns the query of the next page."""
    target: str | None = "/jobs?limit=2"
    pages = []
    while target is not None:
        page = api.get(target)
        pages.append([job["prompt"] for job in page["items"]])
        target = following(page)
        assert len(pages) < 9
    return pages


def fill(api: JobApi, count: int = 5) -> list[str]:
    return [api.create(prompt=str(number))["id"] for number in range(count)]


PAGES = [["4", "3"], ["2", "1"], ["0"]]
NULLABLE: Json = {"type": ["string", "null"]}


@pytest.mark.parametrize("schema", [TEXT, NULLABLE], ids=["absent at the end", "null at the end"])
def test_cursor(schema: Json) -> None:
    api = listing_api(
        {"next": schema},
        "limit",
        "cursor",
        limit="query.limit",
        cursor="query.cursor",
        next_page="/next",
    )
    fill(api)
    seen: list[Json] = []

    def following(page: Json) -> str | None:
        seen.append(page.get("next", "absent"))
        more = page.get("next")
        return f"/jobs?limit=2&cursor={more}" if more else None

    assert walk(api, following) == PAGES
    assert seen[-1] == ("absent" if schema == TEXT else None)
    assert api.get("/jobs?cursor=none", status=404)["message"] == "cursor: there is no job 'none'"


def test_cursor_that_must_be_a_text_is_empty_at_the_end() -> None:
    api = listing_api(
        {"next": TEXT}, "cursor", required=("next",), cursor="query.cursor", next_page="/next"
    )
    assert api.get("/jobs") == {"items": [], "next": ""}


def test_address_of_the_next_page() -> None:
    address = {"type": "string", "format": "uri"}
    api = listing_api(
        {"next": address, "previous": address},
        *("limit", "offset"),
        limit="query.limit",
        offset="query.offset",
        next_page="/next",
        previous_page="/previous",
    )
    fill(api)
    first = api.get("/jobs?limit=2")
    assert first["next"] == "https://jobs.test/v1/jobs?limit=2&offset=2"
    assert "previous" not in first
    assert walk(api, lambda page: page.get("next")) == PAGES
    last = api.get("/jobs?limit=2&offset=4")
    assert last.keys() == {"items", "previous"}
    assert api.get(last["previous"])["items"] == api.get(first["next"])["items"]


def test_address_of_the_next_page_without_a_documented_cursor() -> None:
    api = listing_api({"next": {"type": ["string", "null"], "format": "uri"}}, next_page="/next")
    fill(api, 45)
    sizes, target = [], "/jobs"
    while target:
        page = api.get(target)
        sizes.append(len(page["items"]))
        target = page["next"]
    assert sizes == [20, 20, 5]


def test_offset_and_counts() -> None:
    api = listing_api(
        {"total": WHOLE, "count": WHOLE, "more": {"type": "boolean"}},
        *("limit", "offset"),
        limit="query.limit",
        offset="query.offset",
        total="/total",
        count="/count",
        more="/more",
    )
    fill(api)
    shown = [api.get(f"/jobs?limit=2&offset={start}") for start in (0, 2, 4, 6)]
    assert [[job["prompt"] for job in page["items"]] for page in shown] == [*PAGES, []]
    assert [page["count"] for page in shown] == [2, 2, 1, 0]
    assert [page["more"] for page in shown] == [True, True, False, False]
    assert {page["total"] for page in shown} == {5}


def test_page_number() -> None:
    api = listing_api(
        {"next": {"type": ["integer", "null"]}},
        *("limit", "page"),
        limit="query.limit",
        page="query.page",
        next_page="/next",
    )
    fill(api)
    pages = walk(api, lambda page: page["next"] and f"/jobs?limit=2&page={page['next']}")
    assert pages == PAGES


def test_before_and_after_an_id_in_both_orders() -> None:
    api = listing_api(
        {"first": NULLABLE, "last": NULLABLE},
        *("limit", "after", "before", "order"),
        limit="query.limit",
        after="query.after",
        before="query.before",
        order={"query.order": {"up": "ascending", "down": "descending"}},
        first="/first",
        last="/last",
    )
    assert api.get("/jobs") == {"items": [], "first": None, "last": None}
    made = fill(api)

    def ids(target: str) -> list[str]:
        page = api.get(target)
        found = [job["id"] for job in page["items"]]
        assert [page["first"], page["last"]] == [found[0], found[-1]]
        return found

    assert ids("/jobs?order=up") == made
    assert ids("/jobs?order=down") == ids("/jobs") == made[::-1]
    assert ids(f"/jobs?limit=2&after={made[3]}") == [made[2], made[1]]
    assert ids(f"/jobs?limit=2&before={made[1]}") == [made[3], made[2]]
    assert ids(f"/jobs?limit=2&order=up&after={made[1]}") == [made[2], made[3]]
    assert ids(f"/jobs?limit=2&order=up&before={made[3]}") == [made[1], made[2]]
    assert api.get("/jobs?after=none", status=404)


def test_filter_by_a_field_of_the_job() -> None:
    api = listing_api(
        {},
        *("status", "prompt", "limit"),
        limit="query.limit",
        filter={"query.status": "/status", "query.prompt": "/prompt"},
    )
    api.controls.next_job(outcome="failed")
    fill(api)
    api.clock.advance(10)
    api.create(prompt="9")
    shown = {
        target: [job["prompt"] for job in api.get(f"/jobs?{target}")["items"]]
        for target in (
            "status=done",
            "status=failed",
            "status=queued",
            "prompt=3",
            "status=done&limit=1",
        )
    }
    assert [*shown.values()] == [["4", "3", "2", "1"], ["0"], ["9"], ["3"], ["4"]]
    assert api.get("/jobs?status=done&prompt=0")["items"] == []


def test_list_whose_items_are_a_part_of_the_job() -> None:
    schema = object_of({"info": JOB, "log": TEXT}, "info", "log")
    api = JobApi(
        job=job_schema(),
        paths={
            "/jobs": {
                "post": operation("createJob", schema, request=request_schema()),
                "get": operation("listJobs", ITEMS),
            },
            "/jobs/{id}": {"get": operation("getJob", schema)},
        },
        kind={
            "id": "/info/id",
            "state": "/info/status",
            "list": {"operation": "listJobs", "part": "/info"},
            "fields": {"/log": "A line."},
        },
    )
    job = api.create()["info"]["id"]
    assert api.get("/jobs") == [{"id": job, "status": "queued"}]
    assert api.get(f"/jobs/{job}")["log"] == "A line."


def test_list_of_one_kind_has_no_jobs_of_another() -> None:
    api = JobApi(
        paths={
            "/jobs": {"get": operation("listJobs", ITEMS)},
            "/batches": {
                "post": operation("createBatch", JOB, request=request_schema()),
                "get": operation("listBatches", ITEMS),
            },
            "/batches/{id}": {"get": operation("getBatch", JOB)},
        },
        kind={"list": "listJobs"},
        kinds={
            "batch": {
                "create": "createBatch",
                "poll": "getBatch",
                "list": "listBatches",
                "states": {"queued": "pending", "done": "success"},
            }
        },
    )
    job, batch = api.create()["id"], api.create("/batches")["id"]
    assert [each["id"] for each in api.get("/jobs")] == [job]
    assert [each["id"] for each in api.get("/batches")] == [batch]


def test_list_of_two_kinds_has_the_jobs_of_both_as_each_writes_them() -> None:
    batch = job_schema("total", states={"waiting": 0, "ready": 0}, total=WHOLE)
    page = object_of(
        {"items": {"type": "array", "items": {"anyOf": [JOB, batch]}}, "last": TEXT}, "items"
    )
    listing = {"operation": "listJobs", "limit": "query.limit", "after": "query.after"}
    api = JobApi(
        paths={
            "/jobs": {
                "get": operation("listJobs", page, parameters=[query("limit"), query("after")])
            },
            "/batches": {"post": operation("createBatch", batch, request=request_schema())},
            "/batches/{id}": {"get": operation("getBatch", batch)},
        },
        kind={"list": {**listing, "last": "/last"}},
        kinds={
            "batch": {
                "create": "createBatch",
                "poll": "getBatch",
                "list": listing,
                "states": {"waiting": "pending", "ready": "success"},
                "fields": {"/total": {"value": 7}},
            }
        },
    )
    job, batch_id = api.create()["id"], api.create("/batches")["id"]
    later = api.create()["id"]
    items = api.get("/jobs")["items"]
    assert [(item["id"], item["status"], item.get("total")) for item in items] == [
        (later, "queued", None),
        (batch_id, "waiting", 7),
        (job, "queued", None),
    ]
    first = api.get("/jobs?limit=1")
    assert [item["id"] for item in first["items"]] == [first["last"]] == [later]
    second = api.get(f"/jobs?limit=1&after={later}")
    third = api.get(f"/jobs?limit=1&after={batch_id}")
    assert [page["items"][0]["id"] for page in (second, third)] == [batch_id, job]


def test_ids_in_a_page_are_numbers_where_the_schema_says_so() -> None:
    api = JobApi(
        job=job_schema(id=WHOLE),
        paths={
            "/jobs": {
                "get": operation(
                    "listJobs", object_of({"items": ITEMS, "last": WHOLE}, "items"), parameters=()
                )
            }
        },
        kind={"list": {"operation": "listJobs", "last": "/last"}},
    )
    assert api.get("/jobs") == {"items": []}
    job = api.create()["id"]
    assert api.get("/jobs")["last"] == job
