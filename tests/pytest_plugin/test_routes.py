"""The respx routes of operations: calls, overrides, and other respx routers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import httpx
import httpx2
import pytest
import respx

from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import VideoMock, mock_videos
from tests.support.plugin_project import Run

Client: TypeAlias = httpx.Client | httpx2.Client

KEYS = {"authorization": "Bearer sk-test", "x-render-key": "sk-test"}
VENDOR = "https://api.aisa.one/v1"
RENDERINGS = "https://render.example.net/api/v7"
VIDEO_FILE = "https://storage.example/video.mp4"


@pytest.fixture(scope="module", params=[httpx.Client, httpx2.Client], ids=["httpx", "httpx2"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """An httpx or httpx2 client that was created before the mock."""
    with request.param(headers=KEYS) as client:
        yield client


def call_counts(mock: VideoMock) -> dict[str | None, int]:
    return {route.name: route.call_count for route in mock.routes if route.call_count}


@pytest.mark.parametrize("which", ["document", "other_document"], ids=["videos", "renderings"])
def test_each_operation_has_its_own_route(
    client: Client, request: pytest.FixtureRequest, which: str
) -> None:
    mocked: Document = request.getfixturevalue(which)
    with mock_videos(document=mocked, check=False) as mock:
        assert {route.name for route in mock.routes} == set(mocked.operations)
        for times, name in enumerate(mocked.operations, start=1):
            operation = mocked.operations[name]
            path = re.sub(r"\{\w+\}", "some-id", operation.path)
            client.request(operation.method, mock.base_url + path)
            assert mock.routes[name].call_count == 1
            assert sum(call_counts(mock).values()) == times == len(mock.requests)
            assert mock.requests[-1].operation_id == name


def test_route_records_requests_and_responses(client: Client) -> None:
    with mock_videos() as mock:
        response = client.post(f"{VENDOR}/videos", json={"prompt": "A lighthouse"})
        call = mock.routes["createVideo"].calls.last
        assert (call.request.method, str(call.request.url)) == ("POST", f"{VENDOR}/videos")
        assert call.request.read() == response.request.content
        assert call.response.json() == response.json()


@pytest.mark.parametrize(
    "restore",
    [
        lambda mock: mock.routes["listVideos"].mock(),
        lambda mock: mock.routes["listVideos"].rollback(),
        lambda mock: mock.reset(),
    ],
    ids=["mock()", "rollback()", "reset of the mock"],
)
@pytest.mark.parametrize(
    "override",
    [
        lambda route: route.respond(503),
        lambda route: route.mock(return_value=httpx.Response(503)),
        lambda route: route.mock(side_effect=lambda request: httpx.Response(503)),
        lambda route: route.mock(side_effect=[httpx.Response(503)] * 9),
    ],
    ids=["respond()", "return value", "function", "list"],
)
def test_response_of_a_route_stays_until_it_is_restored(
    client: Client,
    override: Callable[[respx.Route], object],
    restore: Callable[[VideoMock], object],
) -> None:
    with mock_videos() as mock:
        override(mock.routes["listVideos"])
        assert [client.get(f"{VENDOR}/videos").status_code for _ in range(3)] == [503] * 3
        restore(mock)
        assert client.get(f"{VENDOR}/videos").json()["data"] == []


def test_rollback_restores_the_last_snapshot_and_then_the_mock(client: Client) -> None:
    statuses = []
    with mock_videos() as mock:
        route = mock.routes["listVideos"].respond(503)
        route.snapshot()
        route.respond(502)
        for _ in range(3):
            statuses.append(client.get(f"{VENDOR}/videos").status_code)
            route.rollback()
    assert statuses == [502, 503, 200]


def test_mock_responds_after_the_end_of_a_side_effect_list(client: Client) -> None:
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(
            side_effect=[httpx.Response(500), httpx.ConnectError("cut"), httpx.Response(502)]
        )
        assert client.get(f"{VENDOR}/videos").status_code == 500
        with pytest.raises((httpx.ConnectError, httpx2.ConnectError), match="cut"):
            client.get(f"{VENDOR}/videos")
        statuses = [client.get(f"{VENDOR}/videos").status_code for _ in range(3)]
        assert statuses == [502, 200, 200]
        assert mock.routes["listVideos"].call_count == 5
        assert [request.status for request in mock.requests] == [500, None, 502, 200, 200]


def test_side_effect_without_a_result_only_observes(client: Client) -> None:
    paths: list[str] = []
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(side_effect=lambda request: paths.append(request.url.path))
        assert client.get(f"{VENDOR}/videos").json()["data"] == []
        assert paths == ["/v1/videos"]
        assert (mock.routes["listVideos"].call_count, len(mock.requests)) == (1, 1)


def test_request_with_a_response_of_the_test_is_checked(client: Client) -> None:
    body = {"prompt": "A lighthouse", "seconds": "99"}
    with mock_videos(check=False) as mock:
        mock.routes["createVideo"].respond(403, json={})
        for _ in range(2):
            client.post(f"{VENDOR}/videos", json=body)
        assert [(r.status, r.fields) for r in mock.requests] == [(403, body)] * 2
        found = {violation.code: violation for violation in mock.contract.violations}
        assert set(found) == {"AV705", "AV716"}
        assert found["AV705"].numbers == (1, 2)


def test_head_calls_the_operation_without_a_body(client: Client) -> None:
    with mock_videos() as mock:
        response = client.head(f"{VENDOR}/videos")
        assert (response.status_code, response.content) == (200, b"")
        assert int(response.headers["content-length"]) > 0
        assert call_counts(mock) == {"listVideos": 1}


@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("https://gateway.example/ai/v9", id="other host and path"),
        pytest.param("http://127.0.0.1:8080/v1", id="local host"),
        pytest.param("https://gateway.example/v1/", id="trailing slash"),
        pytest.param("https://gateway.example", id="no path"),
        pytest.param("https://api.aisa.one", id="vendor host without its path"),
        pytest.param("https://gateway.example:443/v1", id="default port"),
        pytest.param("HTTPS://Gateway.Example/V1", id="upper case"),
        pytest.param("https://gateway.example/an%20api/v1", id="percent-encoded path"),
    ],
)
def test_mock_responds_at_its_base_url_and_at_the_vendors(client: Client, base_url: str) -> None:
    with mock_videos(base_url=base_url) as mock:
        created = client.post(f"{base_url.rstrip('/')}/videos", json={"prompt": "A lighthouse"})
        assert created.status_code == 200
        same = client.get(f"{VENDOR}/videos/{created.json()['id']}")
        assert same.json()["id"] == created.json()["id"]
        assert call_counts(mock) == {"createVideo": 1, "getVideo": 1}
        assert mock.contract.violations == []


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [("a%2Fb", "a/b"), ("a%3Fb%23c", "a?b#c"), ("%C3%A9t%C3%A9", "été"), ("a%252Fb", "a%2Fb")],
    ids=["slash", "question mark", "accent", "percent sign"],
)
def test_percent_encoded_id_is_decoded(client: Client, encoded: str, decoded: str) -> None:
    with mock_videos(unknown_ids="synthesize", allow="AV712") as mock:
        assert client.get(f"{VENDOR}/videos/{encoded}").json()["id"] == decoded
        assert call_counts(mock) == {"getVideo": 1}
        mock.routes["getVideo"].respond(200, json={})
        client.get(f"{VENDOR}/videos/{encoded}")
        assert [request.job_id for request in mock.requests] == [decoded, decoded]


def test_query_reaches_the_mock_and_the_journal(client: Client) -> None:
    with mock_videos() as mock:
        for prompt in ("first", "second", "third"):
            client.post(f"{VENDOR}/videos", json={"prompt": prompt})
        page = client.get(f"{VENDOR}/videos?limit=2&order=asc").json()
        assert [job["prompt"] for job in page["data"]] == ["first", "second"]
        assert mock.requests[-1].query == {"limit": "2", "order": "asc"}
        assert mock.routes["listVideos"].call_count == 1


@pytest.mark.parametrize("first", ["respx_mock", "video_mock"])
def test_video_mock_works_beside_respx_mock(run: Run, first: str) -> None:
    second = "video_mock" if first == "respx_mock" else "respx_mock"
    source = f"""
    import httpx, program, pytest

    def test_both({first}, {second}):
        respx_mock.get("{VIDEO_FILE}").respond(206)
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get("https://storage.example/other")
        assert httpx.get("{VIDEO_FILE}").status_code == 206
        assert program.create(video_mock, http=httpx).status_code == 200
        assert respx_mock.calls.call_count == len(video_mock.requests) == 1
    """
    run(source, "-W", "error").assert_outcomes(passed=1)


def test_end_of_a_mock_keeps_other_respx_routes() -> None:
    with respx.mock() as router:
        router.get(f"{VENDOR}/videos").respond(299)
        with mock_videos():
            with respx.mock():
                pass
            assert httpx.get(f"{VENDOR}/videos", headers=KEYS).status_code == 200
        assert httpx.get(f"{VENDOR}/videos").status_code == 299


def test_respx_route_of_another_host_works_if_other_hosts_are_blocked() -> None:
    with mock_videos(other_hosts="fail") as mock, respx.mock() as router:
        router.get(VIDEO_FILE).respond(206)
        assert httpx.get(VIDEO_FILE).status_code == 206
        assert mock.contract.violations == []


@pytest.mark.parametrize("hosts", ["pass", "fail"], ids=["allowed", "blocked"])
def test_mocks_of_two_apis_get_their_own_requests(
    client: Client, other_document: Document, hosts: Literal["pass", "fail"]
) -> None:
    with (
        mock_videos(other_hosts=hosts) as videos,
        mock_videos(document=other_document, other_hosts=hosts) as renderings,
    ):
        assert client.post(f"{VENDOR}/videos", json={"prompt": "A lighthouse"}).is_success
        assert client.post(f"{RENDERINGS}/renderings", json={"scene": "A teapot"}).is_success
        assert call_counts(videos) == {"createVideo": 1}
        assert call_counts(renderings) == {"submitRendering": 1}


def test_inner_mock_of_the_same_api_takes_precedence(client: Client) -> None:
    with mock_videos() as outer:
        outer.routes["listVideos"].respond(503)
        with mock_videos() as inner:
            assert client.get(f"{VENDOR}/videos").json()["data"] == []
            assert (call_counts(outer), call_counts(inner)) == ({}, {"listVideos": 1})
        assert client.get(f"{VENDOR}/videos").status_code == 503
        assert (call_counts(outer), call_counts(inner)) == ({"listVideos": 1}, {"listVideos": 1})


def test_unknown_route_is_an_error_with_all_routes(other_document: Document) -> None:
    with mock_videos() as mock:
        known = ", ".join(mock.document.operations)
        expected = f"there is no route 'createVide', only {known}; did you mean createVideo?"
        with pytest.raises(KeyError, match=re.escape(expected)):
            mock.routes["createVide"]
        mock.reset()
        with pytest.raises(
            KeyError, match=r"there is no route 'getvideo', .* did you mean getVideo"
        ):
            mock.routes["getvideo"]
    expected = r"there is no route 'zzz', only pageOfRenderings, [^;]*$"
    with mock_videos(document=other_document) as mock, pytest.raises(KeyError, match=expected):
        mock.routes["zzz"]
