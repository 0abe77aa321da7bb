"""Reading the body of requests: multipart and JSON, and the exact messages of problems."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.openapi import Arguments, Call, Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.request import read_call

PNG = b"\x89PNG\r\n\x1a\n"
WORDS = "A lighthouse in a storm"


def part(name: str, content: bytes | str, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    header = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
    return header + (content.encode() if isinstance(content, str) else content) + b"\r\n"


def read_form(document: Document, *parts: bytes) -> Arguments:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    call = Call("createVideo", headers=headers, body=b"".join(parts) + b"--b--\r\n")
    return read_call(document.operations["createVideo"], call)


def read_json(document: Document, body: bytes | Json) -> Arguments:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    call = Call("createVideo", headers=headers, body=raw)
    return read_call(document.operations["createVideo"], call)


def problems_in(arguments: Arguments) -> list[tuple[str, str | None, str]]:
    return [(str(p.cause), p.parameter, p.message) for p in arguments.problems]


def test_multipart_request_with_every_field(document: Document) -> None:
    fields = {"prompt": WORDS, "model": "sora-2-pro", "seconds": "8", "size": "1280x720"}
    texts = [part(name, text) for name, text in fields.items()]
    arguments = read_form(document, part("input_reference", PNG, "a.png"), *texts)
    assert (arguments.problems, arguments.unknown_names) == ((), ())
    assert arguments.fields == fields
    assert arguments.files["input_reference"].content == PNG


def typed_file(content_type: str) -> bytes:
    disposition = 'Content-Disposition: form-data; name="input_reference"; filename="a.png"'
    head = f"--b\r\n{disposition}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode() + PNG + b"\r\n"


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", "image/gif"])
def test_file_with_an_undocumented_content_type_is_a_problem(
    document: Document, content_type: str
) -> None:
    arguments = read_form(document, part("prompt", WORDS), typed_file(content_type))
    assert problems_in(arguments) == [
        (
            "field-value",
            "input_reference",
            "input_reference: must be a file of type image/png or image/jpeg or image/webp,"
            f" not one with the Content-Type '{content_type}'",
        )
    ]
    assert arguments.files["input_reference"].content_type == content_type


@pytest.mark.parametrize("content_type", ["image/png", "IMAGE/PNG", "image/jpeg;q=1", ""])
def test_file_with_a_documented_content_type_is_accepted(
    document: Document, content_type: str
) -> None:
    arguments = read_form(document, part("prompt", WORDS), typed_file(content_type))
    assert arguments.problems == ()


def test_half_of_a_surrogate_pair_in_json_is_read(document: Document) -> None:
    arguments = read_json(document, rb'{"prompt": "A cat \ud83d"}')
    fields = {"prompt": "A cat \ufffd"}
    assert arguments == Arguments(fields=fields, body=fields)


def test_json_request_with_every_field(document: Document) -> None:
    fields = {"prompt": WORDS, "model": "sora-2-pro", "seconds": "8", "size": "1280x720"}
    assert read_json(document, fields) == Arguments(fields=fields, body=fields)


@pytest.mark.parametrize(
    ("field", "value", "cause", "message"),
    [
        ("model", "sora-3", "model-unknown", "one of 'sora-2', 'sora-2-pro', not 'sora-3'"),
        ("seconds", "5", "field-value", "one of '4', '8', '12', not '5'"),
        ("seconds", "", "field-value", "one of '4', '8', '12', not ''"),
        (
            "size",
            "1x1",
            "field-value",
            "one of '720x1280', '1280x720', '1024x1792', '1792x1024', not '1x1'",
        ),
    ],
    ids=["model", "seconds", "empty seconds", "size"],
)
@pytest.mark.parametrize("form", [True, False], ids=["form", "json"])
def test_invalid_enum_value_is_reported_with_the_allowed_values(
    document: Document, field: str, value: str, cause: str, message: str, *, form: bool
) -> None:
    if form:
        arguments = read_form(document, part("prompt", WORDS), part(field, value))
    else:
        arguments = read_json(document, {"prompt": WORDS, field: value})
    assert problems_in(arguments) == [(cause, field, f"{field}: must be {message}")]


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (0, "prompt: must have at least 1 character, not 0"),
        (1, None),
        (32_000, None),
        (32_001, "prompt: must have at most 32000 characters, not 32001"),
    ],
)
@pytest.mark.parametrize("character", ["a", "🌊"], ids=["one byte", "four bytes"])
@pytest.mark.parametrize("form", [True, False], ids=["form", "json"])
def test_prompt_length_is_counted_in_characters(
    document: Document, length: int, message: str | None, character: str, *, form: bool
) -> None:
    prompt = character * length
    if form:
        arguments = read_form(document, part("prompt", prompt))
    else:
        arguments = read_json(document, {"prompt": prompt})
    assert problems_in(arguments) == ([("field-value", "prompt", message)] if message else [])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], ("field-missing", "prompt", "prompt: is required")),
        (
            [part("prompt", b"caf\xe9")],
            (
                "field-value",
                "prompt",
                "prompt: must be UTF-8 text, not bytes that are invalid at offset 3",
            ),
        ),
        (
            [part("prompt", WORDS, "prompt.txt")],
            ("field-type", "prompt", "prompt: must be text, not a file ('prompt.txt')"),
        ),
        (
            [part("prompt", WORDS), part("input_reference", "https://example.net/a.png")],
            (
                "field-type",
                "input_reference",
                "input_reference: must be a file of type image/png or image/jpeg or image/webp,"
                " sent as a part with a file name, not text",
            ),
        ),
        (
            [part("prompt", WORDS), part("input_reference", "GIF89a", "a.gif")],
            (
                "field-value",
                "input_reference",
                "input_reference: must be a file of type image/png or image/jpeg or image/webp,"
                " not image/gif",
            ),
        ),
        (
            [part("prompt", WORDS), part("input_reference", "%PDF", "a.png")],
            (
                "field-value",
                "input_reference",
                "input_reference: must be a file of type image/png or image/jpeg or image/webp,"
                " not 'a.png', whose bytes have another type",
            ),
        ),
        (
            [part("prompt", WORDS), part("prompt", "another")],
            ("field-value", "prompt", "prompt: must be given once, not twice"),
        ),
    ],
    ids=[
        "missing required field",
        "not UTF-8",
        "file for text",
        "text for a file",
        "another image type",
        "not an image",
        "duplicate field",
    ],
)
def test_invalid_multipart_field_is_reported(
    document: Document, parts: list[bytes], expected: tuple[str, str, str]
) -> None:
    assert problems_in(read_form(document, *parts)) == [expected]


def test_all_problems_are_reported_together(document: Document) -> None:
    arguments = read_form(document, part("size", "1x1"), part("seconds", "4"), part("seconds", "8"))
    assert {(cause, field) for cause, field, _ in problems_in(arguments)} == {
        ("field-missing", "prompt"),
        ("field-value", "size"),
        ("field-value", "seconds"),
    }


def test_unknown_multipart_fields_are_accepted_and_listed(document: Document) -> None:
    extra = [part("style", "noir"), part("style", "pop"), part("raw", b"\xff", "raw.bin")]
    arguments = read_form(document, part("prompt", WORDS), *extra)
    assert arguments == Arguments(
        fields={"prompt": WORDS}, body={"prompt": WORDS}, unknown_names=("style", "raw")
    )


def test_unknown_json_fields_are_accepted_and_listed(document: Document) -> None:
    arguments = read_json(document, {"prompt": WORDS, "style": 1})
    assert (arguments.unknown_names, arguments.problems) == (("style",), ())


@pytest.mark.parametrize(
    ("body", "cause", "field", "message"),
    [
        ([], "field-type", None, "the body must be of type object, not []"),
        ({}, "field-missing", "prompt", "prompt: is required"),
        ({"prompt": None}, "field-type", "prompt", "prompt: must be of type string, not null"),
        (
            {"prompt": WORDS, "input_reference": "a.png"},
            "field-type",
            "input_reference",
            "input_reference: must be a file of type image/png or image/jpeg or image/webp,"
            " which only multipart/form-data can carry,"
            " not application/json",
        ),
    ],
    ids=["a list", "an empty object", "a null", "a file as text"],
)
def test_invalid_json_field_is_reported(
    document: Document, body: Json, cause: str, field: str | None, message: str
) -> None:
    assert problems_in(read_json(document, body)) == [(cause, field, message)]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"prompt": "\xff"}', b'{"prompt": NaN}', b"[" * 5000],
    ids=["empty", "cut off", "not UTF-8", "not a number", "too deep"],
)
def test_malformed_json_body(document: Document, body: bytes) -> None:
    ((cause, field, message),) = problems_in(read_json(document, body))
    assert (cause, field) == ("json-malformed", None)
    assert message.startswith("the body must be JSON, not ")


def test_malformed_multipart_body(document: Document) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    call = Call("createVideo", headers=headers, body=b"prompt=hello")
    assert problems_in(read_call(document.operations["createVideo"], call)) == [
        (
            "form-malformed",
            None,
            "the body must be multipart/form-data, not a malformed one: it does not contain"
            " the boundary 'b'",
        )
    ]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
def test_unreadable_body_with_a_content_encoding_is_described_by_it(
    document: Document, content_type: str
) -> None:
    headers = {"content-type": content_type, "content-encoding": "br"}
    call = Call("createVideo", headers=headers, body=b"\x0b")
    ((_, _, message),) = problems_in(read_call(document.operations["createVideo"], call))
    assert message.endswith(", not one with the Content-Encoding 'br'")


@pytest.mark.parametrize(
    ("headers", "received"),
    [
        ({"content-type": "text/plain; charset=utf-8"}, "not 'text/plain'"),
        ({"content-type": "application/x-www-form-urlencoded"}, "not 'application/x-www-form-urle"),
        ({}, "not a body without a Content-Type"),
    ],
    ids=["text", "urlencoded", "none"],
)
def test_unsupported_media_type_is_reported_with_the_supported_ones(
    document: Document, headers: dict[str, str], received: str
) -> None:
    call = Call("createVideo", headers=headers, body=b"prompt=hello")
    ((cause, field, message),) = problems_in(read_call(document.operations["createVideo"], call))
    assert (cause, field) == ("media-type-unsupported", None)
    assert message.startswith(
        f"the body must be multipart/form-data or application/json, {received}"
    )
