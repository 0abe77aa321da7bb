"""The reference server does what the document says, and each of its switches changes something."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx2
import jsonschema_rs
import pytest
import yaml
from faulty_server import FAULTS, KEY, PREFIX, VARIANTS, Family, Fault, create_app, serve
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
BEARER = {"authorization": f"Bearer {KEY}"}
FORM = {"prompt": (None, "Ein Löwe im Schnee")}
JSON = {"prompt": "A pier", "model": "sora-2-pro", "size": "1280x720", "seconds": "8"}
IMAGE = ("cat.png", b"\x89PNG\r\n\x1a\n", "image/png")
FILM = ROOT / "mock_server/media/720x1280-4s.mp4"


@dataclass(slots=True)
class Clock:
    """Time that stands still until it is moved; Unix seconds."""

    now: float = 1_780_000_000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[TestClient]:
    with client_of(create_app(now=clock)) as client:
        yield client


def client_of(app: Any) -> TestClient:
    return TestClient(app, f"http://testserver{PREFIX}", headers=BEARER, follow_redirects=True)


def kind(media_type: str) -> dict[str, str]:
    return {"content-type": media_type}


def make(client: TestClient) -> str:
    answer = client.post("/videos", files=FORM)
    assert answer.status_code == 200
    return str(answer.json()["id"])


def done(client: TestClient, clock: Clock) -> str:
    job_id = make(client)
    clock.now += 1
    return job_id


# The right server.


def test_a_job_waits_is_worked_on_and_is_completed(client: TestClient, clock: Clock) -> None:
    created = client.post("/videos", files=FORM)
    seen = [created.json()]
    for _ in range(6):
        clock.now += 0.09
        seen.append(client.get(f"/videos/{seen[0]['id']}").json())
    assert [job["status"] for job in seen] == ["queued"] * 2 + ["in_progress"] * 4 + ["completed"]
    assert [job["progress"] for job in seen] == [0, 0, 20, 42, 64, 86, 100]
    assert seen[-1] == {
        **seen[0],
        "status": "completed",
        "progress": 100,
        "completed_at": 1_780_000_000,
        "expires_at": 1_780_086_400,
    }
    assert (seen[0]["prompt"], seen[0]["size"]) == ("Ein Löwe im Schnee", "720x1280")


def test_an_answer_hints_at_the_next_poll_while_the_job_runs(
    client: TestClient, clock: Clock
) -> None:
    created = client.post("/videos", json=JSON)
    path = f"/videos/{created.json()['id']}"
    assert created.headers["openai-poll-after-ms"] == "50"
    assert client.get(path).headers["openai-poll-after-ms"] == "50"
    clock.now += 1
    assert "openai-poll-after-ms" not in client.get(path).headers


def test_a_job_says_what_was_asked_for(client: TestClient) -> None:
    assert client.post("/videos", json=JSON).json().items() >= JSON.items()


def test_a_form_may_carry_an_image(client: TestClient) -> None:
    answer = client.post("/videos", files={**FORM, "input_reference": IMAGE})
    assert answer.json()["status"] == "queued"


def test_the_file_is_the_film_of_that_size_and_length(client: TestClient, clock: Clock) -> None:
    answer = client.get(f"/videos/{done(client, clock)}/content")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content == FILM.read_bytes()


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=-5", slice(-5, None)), ("bytes=9-", slice(9, None))],
    ids=["first bytes", "last bytes", "from a byte on"],
)
def test_a_range_answers_that_part(
    client: TestClient, clock: Clock, wanted: str, part: slice
) -> None:
    film = FILM.read_bytes()
    path = f"/videos/{done(client, clock)}/content"
    answer = client.get(path, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (206, film[part])
    first = film.index(film[part])
    place = f"bytes {first}-{first + len(film[part]) - 1}/{len(film)}"
    assert answer.headers["content-range"] == place


def test_a_file_is_compared_by_its_etag(client: TestClient, clock: Clock) -> None:
    path = f"/videos/{done(client, clock)}/content"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    other = {"range": "bytes=0-9", "if-range": '"other"'}
    assert client.get(path, headers=other).status_code == 200


def test_head_answers_as_get_without_the_bytes(client: TestClient, clock: Clock) -> None:
    answer = client.head(f"/videos/{done(client, clock)}/content")
    assert int(answer.headers["content-length"]) == FILM.stat().st_size
    assert answer.content == b""


def test_files_go_when_they_expire(client: TestClient, clock: Clock) -> None:
    job_id = done(client, clock)
    clock.now = client.get(f"/videos/{job_id}").json()["expires_at"]
    assert client.get(f"/videos/{job_id}/content").status_code == 404


def test_pages_follow_one_another_without_gap_or_repetition(
    client: TestClient, clock: Clock
) -> None:
    made = []
    for _ in range(5):
        clock.now += 1
        made.append(make(client))
    assert pages(client, "desc") == [made[:2:-1], made[2:0:-1], made[:1]]
    assert pages(client, "asc") == [made[:2], made[2:4], made[4:]]


def pages(client: TestClient, order: str) -> list[list[str]]:
    query = {"limit": "2", "order": order}
    page = client.get("/videos", params=query).json()
    seen = [[job["id"] for job in page["data"]]]
    while page["has_more"]:
        page = client.get("/videos", params={**query, "after": page["last_id"]}).json()
        seen.append([job["id"] for job in page["data"]])
        assert (page["first_id"], page["last_id"]) == (seen[-1][0], seen[-1][-1])
    return seen


def test_a_list_without_jobs_has_neither_first_nor_last(client: TestClient) -> None:
    empty: dict[str, Any] = {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    assert client.get("/videos").json() == empty


def test_a_deleted_job_is_nowhere(client: TestClient, clock: Clock) -> None:
    job_id = done(client, clock)
    gone = {"id": job_id, "object": "video.deleted", "deleted": True}
    assert client.delete(f"/videos/{job_id}").json() == gone
    assert client.get("/videos").json()["data"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        assert client.request(method, f"/videos/{job_id}{path}").status_code == 404
    assert client.post(f"/videos/{job_id}/remix", json=JSON).status_code == 404


def test_a_running_job_has_no_file_no_remix_and_no_end(client: TestClient) -> None:
    path = f"/videos/{make(client)}"
    refused = [
        client.get(f"{path}/content"),
        client.post(f"{path}/remix", json=JSON),
        client.delete(path),
    ]
    assert [answer.status_code for answer in refused] == [409] * 3
    assert client.get(path).status_code == 200


def test_a_remix_names_its_source_and_keeps_its_size(client: TestClient, clock: Clock) -> None:
    source = client.post("/videos", json=JSON).json()
    clock.now += 1
    remix = client.post(f"/videos/{source['id']}/remix", json={"prompt": "At night"}).json()
    assert remix["remixed_from_video_id"] == source["id"]
    assert (remix["prompt"], remix["size"]) == ("At night", "1280x720")
    assert remix["id"] != source["id"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {}}, 400, "missing_parameter"),
        ({"json": {"prompt": ""}}, 400, "invalid_request"),
        ({"json": {"prompt": "x" * 32_001}}, 400, "invalid_request"),
        ({"json": {"prompt": 5}}, 400, "invalid_parameter_type"),
        ({"json": {**JSON, "seconds": 8}}, 400, "invalid_parameter_type"),
        ({"json": {**JSON, "seconds": "5"}}, 400, "invalid_request"),
        ({"json": {**JSON, "size": "1x1"}}, 400, "invalid_request"),
        ({"json": {**JSON, "model": "sora-9"}}, 404, "unknown_model"),
        ({"json": [JSON]}, 400, "invalid_request"),
        (
            {"content": b"{", "headers": kind("application/json")},
            400,
            "json_parse_error",
        ),
        ({"content": b"{}", "headers": kind("text/plain")}, 400, "invalid_request"),
        ({"files": {**FORM, "size": (None, "big")}}, 400, "invalid_request"),
        ({"files": {**FORM, "input_reference": (None, "x")}}, 400, "invalid_parameter_type"),
        ({"files": {**FORM, "input_reference": ("a", b"x", "text/plain")}}, 400, "invalid_request"),
        (
            {"content": b"x", "headers": kind("multipart/form-data")},
            400,
            "invalid_request",
        ),
    ],
    ids=[
        "no prompt",
        "empty prompt",
        "long prompt",
        "prompt of another type",
        "length as number",
        "unknown length",
        "unknown size",
        "unknown model",
        "no object",
        "malformed JSON",
        "other media type",
        "unknown size in a form",
        "text as file",
        "file that is no image",
        "form without boundary",
    ],
)
def test_an_invalid_create_is_refused_and_makes_nothing(
    client: TestClient, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post("/videos", **request_)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    assert client.get("/videos").json()["data"] == []


@pytest.mark.parametrize(
    "query",
    ["limit=101", "limit=-1", "limit=two", "order=up"],
    ids=["limit above its maximum", "negative limit", "limit in words", "order"],
)
def test_an_invalid_page_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/videos?{query}").status_code == 400


def test_a_page_behind_a_job_that_there_is_not_is_not_found(client: TestClient) -> None:
    assert client.get("/videos?after=nobody").status_code == 404


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "missing_api_key"),
        ("Basic abc", "invalid_api_key"),
        ("Bearer ", "invalid_api_key"),
        ("Bearer sk-other", "invalid_api_key"),
    ],
    ids=["no key", "other scheme", "empty bearer", "unknown key"],
)
def test_a_request_without_the_key_is_refused(clock: Clock, sent: str | None, code: str) -> None:
    client = TestClient(create_app(now=clock), f"http://testserver{PREFIX}")
    answer = client.get("/videos", headers={} if sent is None else {"authorization": sent})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_method_that_there_is_not_names_those_that_there_are(client: TestClient) -> None:
    answer = client.put("/videos")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}


# The catalogue.


def test_names_tell_servers_apart() -> None:
    names = [fault.name for fault in FAULTS] + [variant.name for variant in VARIANTS]
    assert len(set(names)) == len(names)


def test_every_family_has_faults() -> None:
    assert {fault.family for fault in FAULTS} == set(get_args(Family))


def test_there_are_enough_of_both() -> None:
    assert len(FAULTS) >= 80
    assert len(VARIANTS) >= 12


def test_an_app_has_one_difference_at_most() -> None:
    with pytest.raises(ValueError, match="not both"):
        create_app(fault=FAULTS[0].name, variant=VARIANTS[0].name)


Seen = tuple[int, dict[str, str], bytes] | str


class Session:
    """One scripted talk with one server, and everything that it answered."""

    def __init__(self, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.seen: list[Seen] = []

    async def ask(self, method: str, path: str, **request: Any) -> str:
        """The id in the answer, or a word that is none."""
        request["headers"] = {**BEARER, **request.get("headers", {})}
        try:
            answer = await self._client.request(method, path, **request)
        except (httpx2.DecodingError, ConnectionError) as error:
            self.seen.append(type(error).__name__)
            return "none"
        self.seen.append((answer.status_code, dict(answer.headers), answer.content))
        return id_in(answer)

    async def play(self) -> None:
        """The whole script."""
        await self.without_key()
        await self.refused()
        first = await self.ask("POST", "/videos", files=FORM)
        second = await self.ask("POST", "/videos", json=JSON)
        await self.look(first)
        for seconds in (0.15, 0.1, 0.1, 0.1, 0.2):
            self._clock.now += seconds
            await self.look(first)
        await self.files(first)
        await self.lists(second)
        await self.remixed(second)
        await self.ended(second)
        self._clock.now += 2
        await self.look(first)

    async def without_key(self) -> None:
        for method, path in EVERYTHING:
            await self.ask(method, path, json=JSON, headers={"authorization": ""})
        for sent in ("Basic abc", "Bearer", "Bearer sk-other"):
            await self.ask("GET", "/videos", headers={"authorization": sent})

    async def refused(self) -> None:
        for body in (
            {},
            {"prompt": ""},
            {"prompt": "x" * 32_001},
            {**JSON, "model": "sora-9"},
            {**JSON, "size": "1x1"},
            {**JSON, "seconds": "5"},
            {**JSON, "seconds": 8},
        ):
            await self.ask("POST", "/videos", json=body)
        for image in ((None, "text"), ("a.txt", b"text", "text/plain")):
            await self.ask("POST", "/videos", files={**FORM, "input_reference": image})
        plain, broken = kind("text/plain"), kind("application/json")
        await self.ask("POST", "/videos", content=b'{"prompt": "A"}', headers=plain)
        await self.ask("POST", "/videos", content=b"{", headers=broken)
        for method, path in (*EVERYTHING, ("PUT", "/videos"), ("GET", "/nothing")):
            await self.ask(method, path, json={})

    async def look(self, job: str) -> None:
        await self.ask("GET", f"/videos/{job}")
        await self.ask("GET", "/videos")
        await self.ask("GET", f"/videos/{job}/content", headers={"range": "bytes=0-9"})

    async def files(self, job: str) -> None:
        path = f"/videos/{job}/content"
        for query in ("", "?variant=thumbnail", "?variant=nothing"):
            await self.ask("GET", path + query)
        for wanted in ("bytes=5-9", "bytes=-5", "bytes=9999999-"):
            await self.ask("GET", path, headers={"range": wanted})

    async def lists(self, job: str) -> None:
        for query in ("limit=1", "order=asc", "limit=101", "limit=-1", "limit=all", "order=up"):
            await self.ask("GET", f"/videos?{query}")
        await self.ask("GET", f"/videos?limit=1&after={job}")

    async def remixed(self, job: str) -> None:
        remix = await self.ask("POST", f"/videos/{job}/remix", json={"prompt": "At night"})
        await self.look(remix)
        await self.ask("POST", f"/videos/{remix}/remix", json={"prompt": "By day"})
        await self.ask("DELETE", f"/videos/{remix}")

    async def ended(self, job: str) -> None:
        await self.ask("DELETE", f"/videos/{job}")
        await self.look(job)
        await self.ask("DELETE", f"/videos/{job}")


EVERYTHING = (
    ("GET", "/videos"),
    ("POST", "/videos"),
    ("GET", "/videos/nobody"),
    ("DELETE", "/videos/nobody"),
    ("GET", "/videos/nobody/content"),
    ("POST", "/videos/nobody/remix"),
)


def id_in(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return "none"
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) and found else "none"


async def played(fault: str | None, variant: str | None) -> list[Seen]:
    clock = Clock()
    transport = httpx2.ASGITransport(create_app(fault=fault, variant=variant, now=clock))
    base = f"http://testserver{PREFIX}"
    async with httpx2.AsyncClient(
        transport=transport, base_url=base, follow_redirects=True
    ) as client:
        session = Session(client, clock)
        await session.play()
    return session.seen


Talk = Callable[[str | None], list[Seen]]


@pytest.fixture(scope="module")
def right() -> Talk:
    """The talk with a server without a fault, by the variant that it is, played once each."""
    kept: dict[str | None, list[Seen]] = {}

    def talk(variant: str | None) -> list[Seen]:
        if variant not in kept:
            kept[variant] = asyncio.run(played(None, variant))
        return kept[variant]

    return talk


def base_of(fault: Fault) -> str | None:
    """The variant beside which a fault shows itself alone."""
    if fault.behaviour.end == "failed":
        return "job-fails"
    return "busy-once" if fault.name.startswith("busy-") else None


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_shows_in_some_answer(fault: Fault, right: Talk) -> None:
    assert asyncio.run(played(fault.name, None)) != right(base_of(fault))


# Who is slow differs in nothing but time.
SEEN = [variant.name for variant in VARIANTS if variant.name != "slow"]


@pytest.mark.parametrize("name", SEEN, ids=SEEN)
def test_a_variant_shows_in_some_answer(name: str, right: Talk) -> None:
    assert right(name) != right(None)


SCHEMAS = {"video": "Video", "list": "VideoList", "video.deleted": "DeletedVideo"}


@pytest.fixture(scope="module")
def valid() -> Callable[[dict[str, Any]], bool]:
    """Whether a body is what the document says of a job, a page, a deletion or an error."""
    text = (ROOT / "openapi/aisa-videos.yaml").read_text(encoding="utf-8")
    components = yaml.safe_load(text)["components"]

    def validator(name: str) -> Any:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        return jsonschema_rs.Draft202012Validator(schema)

    validators = {kind: validator(name) for kind, name in {**SCHEMAS, "error": "Error"}.items()}

    def is_valid(body: dict[str, Any]) -> bool:
        return bool(validators[body.get("object", "error")].is_valid(body))

    return is_valid


RIGHT = [None, *SEEN]


@pytest.mark.parametrize("name", RIGHT, ids=[name or "no variant" for name in RIGHT])
def test_what_is_not_at_fault_answers_by_the_schemas(
    name: str | None, right: Talk, valid: Callable[[dict[str, Any]], bool]
) -> None:
    bodies = [json.loads(seen[2]) for seen in right(name) if is_json(seen)]
    assert len(bodies) > 40
    assert all(valid(body) for body in bodies)


def is_json(seen: Seen) -> bool:
    return not isinstance(seen, str) and "json" in seen[1].get("content-type", "")


# Over a socket.


def test_a_server_is_served_and_stops() -> None:
    with serve() as base_url, httpx2.Client(base_url=base_url, headers=BEARER) as client:
        assert client.post("/videos", files=FORM).json()["status"] == "queued"
        assert client.get("/videos", headers={"authorization": "Basic x"}).status_code == 401
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(base_url)


def test_an_answer_that_is_cut_breaks_off_on_the_wire() -> None:
    with serve(fault="create-cut") as base_url, pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{base_url}/videos", files=FORM, headers=BEARER)


def test_a_file_elsewhere_is_at_another_host() -> None:
    with serve(variant="content-redirect-302") as base_url:
        with httpx2.Client(base_url=base_url, headers=BEARER) as client:
            job_id = client.post("/videos", files=FORM).json()["id"]
            while client.get(f"/videos/{job_id}").json()["status"] != "completed":
                pass
            sent = client.get(f"/videos/{job_id}/content").headers["location"]
        assert httpx2.URL(sent).host == "localhost"
        assert httpx2.get(sent).content == FILM.read_bytes()


def test_an_answer_that_is_slow_is_right() -> None:
    with serve(variant="slow") as base_url:
        assert httpx2.get(f"{base_url}/videos", headers=BEARER).json()["data"] == []
