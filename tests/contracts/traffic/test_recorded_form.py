"""Multipart forms in recordings: fields as text, and files by their digest."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts.traffic.recorded_form import form_from_har, part_to_har, sha256_of
from aisa_testkit.openapi.form import Part, parse_form

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def file(content: bytes, content_type: str | None = None, filename: str = "a.png") -> Part:
    return Part("input_reference", filename, content_type, content)


def test_field_is_written_as_text() -> None:
    assert part_to_har(Part("prompt", None, None, "ünïcode".encode())) == {
        "name": "prompt",
        "value": "ünïcode",
    }


def test_field_that_is_not_utf8_raises_unicode_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        part_to_har(Part("prompt", None, None, b"\xff"))


def test_file_is_written_as_name_type_size_and_digest() -> None:
    assert part_to_har(file(PNG, "text/plain")) == {
        "name": "input_reference",
        "fileName": "a.png",
        "contentType": "text/plain",
        "_detectedType": "image/png",
        "_size": len(PNG),
        "_sha256": hashlib.sha256(PNG).hexdigest(),
    }


@pytest.mark.parametrize("boundary", ["x", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "'()+_,-./:=?"])
def test_multipart_boundary_does_not_change_the_recorded_form(boundary: str) -> None:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nA cat\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="b"\r\n\r\nxyz\r\n'
        f"--{boundary}--\r\n"
    ).encode()
    parts = parse_form(f'multipart/form-data; boundary="{boundary}"', body)
    assert form_from_har(map(part_to_har, parts)) == form_from_har(
        [
            {"name": "prompt", "value": "A cat"},
            {
                "name": "f",
                "fileName": "b",
                "_detectedType": None,
                "_size": 3,
                "_sha256": hashlib.sha256(b"xyz").hexdigest(),
            },
        ]
    )


@given(
    name=st.text(min_size=1).filter(str.isprintable),
    value=st.text(),
    filename=st.text(min_size=1).filter(str.isprintable),
    content=st.binary(),
)
def test_recorded_form_that_is_read_and_written_again_is_equal(
    name: str, value: str, filename: str, content: bytes
) -> None:
    parts = [Part(name, None, None, value.encode()), Part("f", filename, None, content)]
    once = [part_to_har(part) for part in parts]
    twice = [part_to_har(part) for part in parse_form(*form_from_har(once))]
    assert [{**p, "name": "", "fileName": ""} for p in twice] == [
        {**p, "name": "", "fileName": ""} for p in once
    ]


@pytest.mark.parametrize(
    "content", [PNG, b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"\xff\xd8\xff\xe0", b"no image"]
)
def test_placeholder_of_a_file_has_its_type_and_digest(content: bytes) -> None:
    (part,) = parse_form(*form_from_har([part_to_har(file(content))]))
    assert sha256_of(part.content) == sha256_of(content) == hashlib.sha256(content).hexdigest()
    assert part_to_har(part) == part_to_har(file(content))


@pytest.mark.parametrize("content", [b"", "\ufffdPNG\r\n".encode()], ids=["no bytes", "replaced"])
def test_file_lost_by_a_browser_has_its_declared_type(content: bytes) -> None:
    recorded = part_to_har(file(content, "image/jpeg"))
    assert (recorded["contentType"], recorded["_detectedType"]) == ("image/jpeg", "image/jpeg")


@pytest.mark.parametrize("content_type", ["application/octet-stream", "image/jpeg", None])
def test_content_type_of_a_file_is_recorded_as_it_was_sent(content_type: str | None) -> None:
    (part,) = parse_form(*form_from_har([part_to_har(file(PNG, content_type))]))
    assert (part.content_type, part.content.startswith(b"\x89PNG")) == (content_type, True)


def test_line_breaks_in_a_recorded_content_type_are_removed() -> None:
    recorded = {"name": "f", "fileName": "a", "contentType": "image/png\r\nX: y"}
    (part,) = parse_form(*form_from_har([recorded]))
    assert part.content_type == "image/png X: y"


def test_different_files_have_different_digests() -> None:
    assert sha256_of(PNG) != sha256_of(PNG + b"\0")


def test_file_without_a_recorded_digest_has_a_zero_digest() -> None:
    (part,) = parse_form(
        *form_from_har([{"name": "f", "fileName": "a", "contentType": "image/png"}])
    )
    assert (part.filename, sha256_of(part.content)) == ("a", "0" * 64)
