"""Texts of messages: literals, counts, truncation, and control characters."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.text import (
    count_of,
    did_you_mean,
    escape_controls,
    expected_but_got,
    mask_url,
    one_line,
    quote,
    truncate_depth,
)


def test_expected_but_got() -> None:
    assert expected_but_got("must be 1", "2") == "must be 1, not 2"
    assert expected_but_got("is required", None) == "is required"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("a", "'a'"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({"a": [False, None, "b"]}, '{"a": [false, null, "b"]}'),
        (["ü\x1b"], r'["ü\u001b"]'),
        ("x" * 78, f"'{'x' * 78}'"),
        ("x" * 79, f"'{'x' * 78}…"),
        (["x" * 78], f'["{"x" * 77}…'),
    ],
    ids=[
        "text",
        "null",
        "true",
        "number",
        "nested",
        "control character",
        "longest",
        "too long",
        "list",
    ],
)
def test_quote_is_truncated_json_with_texts_in_single_quotes(data: Json, text: str) -> None:
    assert quote(data) == text
    assert len(quote(data)) <= 80


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:81/hook", "http://host:81/hook"),
        ("http://user:s3cret@host/hook", "http://***@host/hook"),
        ("https://s3cret@host", "https://***@host"),
        ("http://user:s3/cr@et@host/", "http://***@host/"),
        ("user:s3cret@host", "***@host"),
        ("http://host/hook?token=s3cret", "http://host/hook?..."),
    ],
)
def test_credentials_in_a_url_are_masked(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    ("text", "line"),
    [("a b", "a b"), ("a\nb", r"'a\nb'"), ("x" * 80, "x" * 80), ("x" * 81, f"'{'x' * 78}…")],
    ids=["printable", "line break", "longest", "too long"],
)
def test_one_line_quotes_only_if_necessary(text: str, line: str) -> None:
    assert one_line(text) == line


def test_control_characters_are_escaped_in_texts_of_any_length() -> None:
    assert escape_controls("ü" * 100) == "ü" * 100
    assert escape_controls("\x1b[2J\nü") == r"\x1b[2J\nü"
    assert escape_controls("a\u202eb\nc\r", keep="\n") == "a\\u202eb\nc\\r"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x ##[add-mask]1", r"x #\x23[add-mask]1"),
        ("##vso[task.setvariable variable=a]b", r"#\x23vso[task.setvariable variable=a]b"),
        ("###[a]", r"##\x23[a]"),
        ("## heading #1 [a]", "## heading #1 [a]"),
    ],
)
def test_commands_to_a_ci_system_are_escaped(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


@pytest.mark.parametrize(
    ("number", "jobs", "entries"),
    [(0, "0 jobs", "0 entries"), (1, "1 job", "1 entry"), (3, "3 jobs", "3 entries")],
)
def test_count_of_nouns(number: int, jobs: str, entries: str) -> None:
    assert count_of(number, "job") == jobs
    assert count_of(number, "entry", "entries") == entries


def test_truncate_depth_replaces_deeper_containers_by_none() -> None:
    assert truncate_depth({"a": [1, {"b": []}], "c": 2}, 2) == {"a": [1, None], "c": 2}
    assert truncate_depth([[1]], 1) == [None]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("createVide", "; did you mean createVideo?"),
        ("CREATEVIDEO", "; did you mean createVideo?"),
        ("createVideo", ""),
        ("zzz", ""),
        ("", ""),
        ("x" * 1_000_000, ""),
    ],
)
def test_did_you_mean_names_the_most_similar_word(word: str, expected: str) -> None:
    assert did_you_mean(word, ["createVideo", "zebra"]) == expected
