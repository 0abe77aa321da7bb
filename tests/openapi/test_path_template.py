"""Path templates: matching, expansion, and regular expressions for other libraries."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from aisa_testkit.openapi.path_template import PathTemplate, is_parameter

CONTENT = PathTemplate("/videos/{video_id}/content.v1")


@pytest.mark.parametrize(
    ("text", "parameters", "shape"),
    [
        ("/videos", (), "/videos"),
        ("/videos/{id}", ("id",), "/videos/{}"),
        ("/{a}/x/{b}", ("a", "b"), "/{}/x/{}"),
        ("/files/{name}.{kind}", ("name", "kind"), "/files/{}.{}"),
        ("/odd{/path}", (), "/odd{/path}"),
    ],
)
def test_parameters_and_shape(text: str, parameters: tuple[str, ...], shape: str) -> None:
    template = PathTemplate(text)
    assert (template.parameters, template.shape) == (parameters, shape)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/videos/a/content.v1", {"video_id": "a"}),
        ("/videos/a%2Fb%20c/content.v1", {"video_id": "a/b c"}),
        ("/videos//content.v1", None),
        ("/videos/a/b/content.v1", None),
        ("/videos/a/content_v1", None),
        ("/videos/a/content.v1/", None),
    ],
)
def test_match_returns_decoded_parameters(path: str, parameters: dict[str, str] | None) -> None:
    assert CONTENT.match(path) == parameters


@pytest.mark.parametrize(
    "segment",
    [
        *("..", ".", "%2e%2e", ".%2E", "%2e", "a%2F..%2F..", "..%2Fb", "a%5c..%5Cb", "..;a"),
        *("a%2f.", "%2e.%2fb"),
    ],
)
def test_path_with_a_dot_segment_does_not_match(segment: str) -> None:
    assert PathTemplate("/videos/{video_id}").match(f"/videos/{segment}") is None


@pytest.mark.parametrize("segment", ["...", "a..b", ".a", "a.", "..a", "%252e%252e", "a%2Fb.c"])
def test_dots_within_a_segment_match(segment: str) -> None:
    expected = {"video_id": unquote(segment)}
    assert PathTemplate("/videos/{video_id}").match(f"/videos/{segment}") == expected


def test_expand_percent_encodes_values_and_keeps_parameters_without_a_value() -> None:
    template = PathTemplate("/{a}/x/{b}")
    assert template.expand({"a": "1/{b}?", "c": "unused"}) == "/1%2F%7Bb%7D%3F/x/{b}"
    assert template.expand({"a": "1/2", "b": "ü"}, encode=str.upper) == "/1/2/x/Ü"


def test_expand_and_match_are_inverse() -> None:
    values = {"video_id": "a/b?c#d%20ü"}
    assert CONTENT.match(CONTENT.expand(values)) == values


def test_regex_matches_the_path_within_a_url() -> None:
    pattern = re.compile(f"^https://host{CONTENT.regex}(?:\\?.*)?$")
    assert pattern.search("https://host/videos/a/content.v1?x=/y")
    assert not pattern.search("https://host/videos/a?b/content.v1")
    assert not pattern.search("https://host/videos/a/contentXv1")


def test_templates_are_equal_by_text() -> None:
    assert len({PathTemplate("/a/{b}"), PathTemplate("/a/{b}"), PathTemplate("/a/{c}")}) == 2


@pytest.mark.parametrize(("step", "expected"), [("{id}", True), ("id", False), ("x{id}", False)])
def test_is_parameter(step: str, expected: bool) -> None:
    assert is_parameter(step) is expected
