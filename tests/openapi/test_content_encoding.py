"""Decoding of compressed bodies, within a limit."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.openapi.content_encoding import decode_content
from aisa_testkit.openapi.errors import ContentEncodingError

TEXT = b"A ferry at night. " * 9


def raw_deflate(content: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(content) + encoder.flush()


GZIPPED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", GZIPPED), ("X-GZip", GZIPPED), ("deflate", zlib.compress(TEXT))],
)
def test_compressed_body_is_decoded(coding: str, body: bytes) -> None:
    assert decode_content(body, coding, limit=len(TEXT)) == TEXT


@given(st.binary())
def test_deflate_without_the_zlib_header_is_decoded(content: bytes) -> None:
    assert decode_content(raw_deflate(content), "deflate", limit=len(content)) == content


def test_content_codings_are_removed_in_reverse_order() -> None:
    body = zlib.compress(GZIPPED)
    assert decode_content(body, "gzip, identity,, Deflate", limit=len(TEXT)) == TEXT


@pytest.mark.parametrize("coding", ["", "identity", " , "])
def test_body_without_a_content_coding_is_unchanged(coding: str) -> None:
    assert decode_content(TEXT, coding, limit=1) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_decoding_stops_after_the_limit(coding: str) -> None:
    body = bytes(50_000_000)
    for _ in coding.split(","):
        body = gzip.compress(body, 1)
    assert len(decode_content(body, coding, limit=1000)) == 1001


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (TEXT, "br", "the Content-Encoding must be gzip or deflate, not 'br'"),
        (TEXT, "gzip", "the body is not valid gzip: "),
        (TEXT, "deflate", "the body is not valid deflate: "),
        (b"", "gzip", "the body is not valid gzip: its end is missing"),
        (b"", "deflate", "the body is not valid deflate: its end is missing"),
        (GZIPPED[:-3], "gzip", "the body is not valid gzip: its end is missing"),
        (GZIPPED + b"x", "gzip", "the body is not valid gzip: data follows its end"),
        (TEXT, "gzip,gzip,gzip,gzip", "the body must have at most 3 content codings, not 4"),
    ],
)
def test_undecodable_body_is_an_error(body: bytes, coding: str, reason: str) -> None:
    with pytest.raises(ContentEncodingError) as caught:
        decode_content(body, coding, limit=1000)
    assert str(caught.value).startswith(reason)


@given(st.binary(), st.sampled_from(["gzip", "deflate", "deflate, gzip"]))
def test_any_bytes_are_decoded_or_an_error(body: bytes, coding: str) -> None:
    with suppress(ContentEncodingError):
        assert len(decode_content(body, coding, limit=100)) <= 101
