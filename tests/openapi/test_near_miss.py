"""Near misses: the operation nearest to a request, and the first difference."""

from __future__ import annotations

from copy import deepcopy

import orjson
import pytest

from aisa_testkit.openapi import Document, NoMatch, parse_document


@pytest.mark.parametrize(
    ("request_line", "operation", "difference"),
    [
        ("POST /v1/vidoes", "createVideo", "the path has /vidoes where /videos is expected"),
        ("GET /v1/Videos", "listVideos", "the path has /Videos where /videos is expected"),
        (
            "POST /v2/videos",
            "createVideo",
            "the path has /v2 where /v1 is expected: correct the base URL",
        ),
        ("POST /videos", "createVideo", "the path lacks /v1: add it to the base URL"),
        ("GET /v1/videos/", "listVideos", "the path continues with /"),
        ("GET /v1/videos/a/", "getVideo", "the path continues with /"),
        (
            "GET /v1/videos/a/contents",
            "getVideoContent",
            "the path has /contents where /content is expected",
        ),
        ("GET /v1/videos/a/content/0", "getVideoContent", "the path continues with /0"),
        ("GET /v1/video/a", "getVideo", "the path has /video where /videos is expected"),
        ("GET /v1", "listVideos", "the path ends where /videos is expected"),
        ("PUT /v1/videos", "listVideos", "the method is PUT"),
        ("PATCH /v1/videos/a", "getVideo", "the method is PATCH"),
        ("GET /v1/videos/a/remix", "remixVideo", "the method is GET"),
        (
            "POST /v1/videos/a/remx",
            "remixVideo",
            "the path has /remx where /remix is expected",
        ),
        ("DELETE /v1/video/a", "deleteVideo", "the path has /video where /videos is expected"),
    ],
)
def test_near_miss_has_the_intended_operation_and_the_first_difference(
    document: Document, request_line: str, operation: str, difference: str
) -> None:
    method, path = request_line.split(" ")
    near = document.nearest(method, path)
    assert (near.operation.id, near.difference) == (operation, difference)
    assert near.path == "/v1" + near.operation.path


@pytest.mark.parametrize(
    ("request_line", "operation", "difference"),
    [
        (
            "POST /api/v7/rendering",
            "submitRendering",
            "the path has /rendering where /renderings is expected",
        ),
        (
            "GET /api/v7/renderings/r-1/state",
            "rendering",
            "the path has /state where /status is expected",
        ),
        ("GET /api/v7/renderings/r-1", "dropRendering", "the method is GET"),
        (
            "GET /api/v6/renderings/r-1/film",
            "film",
            "the path has /api/v6 where /api/v7 is expected: correct the base URL",
        ),
        (
            "POST /api/v7/api/v7/renderings",
            "submitRendering",
            "the path repeats /api/v7: remove it from the base URL",
        ),
        (
            "GET /v7/renderings/r-1/status",
            "rendering",
            "the path has /v7 where /api/v7 is expected: correct the base URL",
        ),
        ("DELETE /api/v7/renderings/r-1/status", "rendering", "the method is DELETE"),
    ],
)
def test_near_miss_in_another_document(
    other_document: Document, request_line: str, operation: str, difference: str
) -> None:
    method, path = request_line.split(" ")
    near = other_document.nearest(method, path)
    assert (near.operation.id, near.difference) == (operation, difference)


def test_near_miss_as_text_is_one_line_with_the_whole_path(other_document: Document) -> None:
    assert str(other_document.nearest("GET", "/api/v7/renderings/r-1/movie")) == (
        "GET /api/v7/renderings/{ref}/film (film): the path has /movie where /film is expected"
    )


def test_near_miss_reports_a_missing_base_path(
    document: Document, other_document: Document
) -> None:
    for each in (document, other_document):
        for operation in each.operations.values():
            path = operation.template.expand({"video_id": "a", "ref": "r-1"})
            near = each.nearest(operation.method, path)
            assert (near.operation.id, near.difference) == (
                operation.id,
                f"the path lacks {each.base_path}: add it to the base URL",
            )


@pytest.mark.parametrize(
    ("prefix", "difference"),
    [
        ("/v1/v1", "the path repeats /v1: remove it from the base URL"),
        ("/v1/v1/v1", "the path repeats /v1: remove it from the base URL"),
        ("/v1/", "the path has // where / is expected: remove a slash from the base URL"),
        ("//v1", "the path has // where / is expected: remove a slash from the base URL"),
        ("/", "the path lacks /v1: add it to the base URL"),
        ("/api/v1", "the path has /api before /v1: remove it from the base URL"),
        ("/api//v1/v1", "the path has /api/v1 before /v1: remove it from the base URL"),
        ("/v1/openai", "the path has /openai after /v1: remove it from the base URL"),
        ("/V1", "the path has /V1 where /v1 is expected: correct the base URL"),
        ("/openai/v2", "the path has /openai/v2 where /v1 is expected: correct the base URL"),
    ],
)
def test_near_miss_behind_a_wrong_base_path_is_the_intended_operation(
    document: Document, prefix: str, difference: str
) -> None:
    for operation in document.operations.values():
        path = prefix + operation.template.expand({"video_id": "a"})
        near = document.nearest(operation.method, path)
        assert (near.operation.id, near.difference) == (operation.id, difference)


@pytest.mark.parametrize("prefix", ["", "/v1/v1", "/v1/", "/api/v1", "/v2", "/api/v1/v1"])
def test_near_miss_of_a_misspelt_path_behind_a_wrong_base_path(
    document: Document, prefix: str
) -> None:
    for operation in document.operations.values():
        path = prefix + operation.template.expand({"video_id": "a"}).replace("/videos", "/video")
        assert document.nearest(operation.method, path).operation.id == operation.id


def test_base_path_is_not_corrected_if_nothing_of_the_path_is_known(document: Document) -> None:
    near = document.nearest("POST", "/chat/completions")
    assert near.difference == "the path has /chat where /v1 is expected"


def test_near_miss_without_a_base_path(document: Document) -> None:
    data = deepcopy(document.source.data)
    data["servers"] = [{"url": "https://api.example"}]
    bare = parse_document(orjson.dumps(data).decode())
    near = bare.nearest("GET", "/v1/videos/a")
    assert (near.operation.id, near.path) == ("getVideo", "/videos/{video_id}")
    assert near.difference == "the path has /v1 before /videos: remove it from the base URL"


@pytest.mark.parametrize(
    ("request_line", "operation"),
    [
        ("GET /v1/v1/videos/a/remix", "getVideoContent"),
        ("POST /v1/video/a", "remixVideo"),
        ("HEAD /v1/video/a", "getVideo"),
        ("PUT /v1/video/a", "getVideo"),
    ],
)
def test_near_miss_takes_the_same_method_first(
    document: Document, request_line: str, operation: str
) -> None:
    assert document.nearest(*request_line.split(" ")).operation.id == operation


def test_near_miss_of_another_method(document: Document) -> None:
    for operation in document.operations.values():
        path = document.base_path + operation.template.expand({"video_id": "a"})
        near = document.nearest("BREW", path)
        assert (near.operation.path, near.difference) == (operation.path, "the method is BREW")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "videos",
        "//",
        "/v1/videos/%2F/x",
        "/" * 100_000,
        "/v1/videos/" + "a" * 1_000_000,
        "/v1/videos/" + "a" * 600 + "/x",
        "/v1/videos/\N{SNOWMAN}/\0",
        "/v1/videos?limit=1",
    ],
    ids=[
        "empty",
        "root",
        "no slash",
        "two slashes",
        "encoded slash",
        "slashes alone",
        "a megabyte",
        "longer than the limit",
        "odd characters",
        "query",
    ],
)
def test_near_miss_is_true_and_short_for_any_request(
    document: Document, method: str, path: str
) -> None:
    near = document.nearest(method, path)
    assert len(str(near)) < 300
    if isinstance(document.match(method, path.removeprefix("/v1")), NoMatch):
        assert near.difference != f"the method is {near.operation.method}"


def test_near_miss_truncates_long_paths(document: Document) -> None:
    near = document.nearest("GET", "/v1/" + "x" * 400)
    assert near.difference == f"the path has /{'x' * 60} where /videos is expected"
