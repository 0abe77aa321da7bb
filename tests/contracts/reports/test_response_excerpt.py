"""The beginning of a response beside a violation: short, readable, and never binary."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts.reports.response_excerpt import excerpt_of
from aisa_testkit.openapi import Reply

PNG = b"\x89PNG\r\n\x1a\n"


def reply(body: bytes, content_type: str = "application/json; charset=utf-8") -> Reply:
    return Reply(500, {"content-type": content_type}, body)


def test_text_is_shown_with_status_type_and_size() -> None:
    excerpt = excerpt_of(reply(b'{"a": 1}'))
    assert excerpt.text == '{"a": 1}'
    assert excerpt.line == '500 application/json, 8 bytes: {"a": 1}'


def test_missing_response_and_empty_body_are_named() -> None:
    assert excerpt_of(None).line == "no response"
    assert excerpt_of(Reply(204, {}, b"")).line == "204, no body"


@pytest.mark.parametrize("body", [PNG, b"a\0b", b"\xff\xfe", "é".encode()[:1]])
def test_binary_body_is_shown_by_type_and_size(body: bytes) -> None:
    excerpt = excerpt_of(reply(body, "image/png"))
    assert excerpt.text is None
    assert excerpt.line.startswith(f"500 image/png, {len(body)} byte")
    assert excerpt.line.endswith(" (binary)")


@pytest.mark.parametrize("offset", range(4))
def test_long_text_is_cut_between_two_characters(offset: int) -> None:
    body = b"x" * offset + "🌊".encode() * 10_000
    excerpt = excerpt_of(reply(body))
    assert excerpt.is_cut
    assert excerpt.text is not None
    assert set(excerpt.text.strip("x")) == {"🌊"}
    assert len(excerpt.text.encode()) <= 2_000
    assert excerpt.shown_text.endswith("🌊…")
    assert len(excerpt.line) < 400


def test_whole_text_has_no_ellipsis() -> None:
    excerpt = excerpt_of(reply(b"x" * 2_000))
    assert not excerpt.is_cut
    assert excerpt.shown_text == "x" * 2_000


def test_control_characters_are_escaped_and_line_breaks_stay_in_blocks() -> None:
    excerpt = excerpt_of(reply(b"a\r\n b\x1b[2J", "text/\x1bplain"))
    assert excerpt.shown_text == "a\n b\\x1b[2J"
    assert excerpt.line == r"500 text/\x1bplain, 9 bytes: a b\x1b[2J"
