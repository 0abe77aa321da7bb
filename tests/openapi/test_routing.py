"""Routing of methods and paths to operations."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Document, NoMatch, OperationMatch
from aisa_testkit.openapi.operation_compiler import compile_operations
from aisa_testkit.openapi.routing import Router
from aisa_testkit.openapi.schema import Schemas


@pytest.mark.parametrize(
    ("method", "path", "operation", "parameters"),
    [
        ("POST", "/videos", "createVideo", {}),
        ("GET", "/videos", "listVideos", {}),
        ("GET", "/videos/v1", "getVideo", {"video_id": "v1"}),
        ("DELETE", "/videos/v1", "deleteVideo", {"video_id": "v1"}),
        ("GET", "/videos/v1/content", "getVideoContent", {"video_id": "v1"}),
        ("POST", "/videos/v1/remix", "remixVideo", {"video_id": "v1"}),
        ("GET", "/videos/a%2Fcontent", "getVideo", {"video_id": "a/content"}),
        ("GET", "/videos/%2Fvideos%3F/content", "getVideoContent", {"video_id": "/videos?"}),
        ("GET", "/videos/gr%C3%BCn%25", "getVideo", {"video_id": "grün%"}),
        ("GET", "/videos/videos", "getVideo", {"video_id": "videos"}),
        ("GET", "/videos/a+b", "getVideo", {"video_id": "a+b"}),
    ],
)
def test_path_matches_its_operation(
    document: Document, method: str, path: str, operation: str, parameters: dict[str, str]
) -> None:
    assert document.match(method, path) == OperationMatch(
        document.operations[operation], parameters
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "videos",
        "/Videos",
        "/videos/",
        "/videos//content",
        "/videos/v1/",
        "/videos/v1/content/",
        "/videos/v1/contents",
        "/videos/v1/content/more",
        "/videos%2Fv1",
        "/{video_id}",
        "//videos",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_path_has_no_match(document: Document, method: str, path: str) -> None:
    assert document.match(method, path) == NoMatch(())


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/videos", {"GET", "POST"}),
        ("POST", "/videos/v1", {"GET", "DELETE"}),
        ("DELETE", "/videos/v1/content", {"GET"}),
        ("get", "/videos/v1/remix", {"POST"}),
    ],
)
def test_other_method_has_no_match_but_the_allowed_methods(
    document: Document, method: str, path: str, allowed: set[str]
) -> None:
    match = document.match(method, path)
    assert isinstance(match, NoMatch)
    assert set(match.allowed_methods) == allowed


def test_templates_of_the_same_length_are_distinguished(other_document: Document) -> None:
    def name(path: str) -> str:
        match = other_document.match("GET", path)
        assert isinstance(match, OperationMatch)
        assert match.path_parameters == {"ref": "r-1"}
        return match.operation.id

    assert name("/renderings/r-1/status") == "rendering"
    assert name("/renderings/r-1/film") == "film"


def test_path_with_fewer_parameters_has_priority() -> None:
    responses = {"200": {"description": "Done."}}
    root = {
        "paths": {
            path: {"get": {"operationId": path, "responses": responses}}
            for path in ("/{a}/{b}/{c}", "/{a}/x/{c}", "/{a}/x/y", "/z/x/y")
        }
    }
    router = Router(compile_operations(Schemas(root)))
    for path, expected in [
        ("/1/2/3", "/{a}/{b}/{c}"),
        ("/1/x/3", "/{a}/x/{c}"),
        ("/1/x/y", "/{a}/x/y"),
        ("/z/x/y", "/z/x/y"),
    ]:
        match = router.match("GET", path)
        assert isinstance(match, OperationMatch)
        assert match.operation.id == expected
