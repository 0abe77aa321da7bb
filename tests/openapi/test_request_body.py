"""Bodies of requests in every form: what a check encodes, a server reads."""

from __future__ import annotations

from typing import Any

import pytest

from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.traffic.body_encoding import encode_body
from aisa_testkit.openapi import Arguments, Call, Document
from aisa_testkit.openapi.form import Part
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.operation import FORM, URL_FORM
from aisa_testkit.openapi.request import read_call
from tests.support.job_api import JOB, JobApi, object_of, operation

PNG = b"\x89PNG\r\n\x1a\n"
TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
FILE: Json = {"type": "string", "format": "binary"}
SHAPE: Json = object_of({"corners": WHOLE, "names": {"type": "array", "items": TEXT}})
FIELDS: Json = object_of(
    {
        "prompt": TEXT,
        "count": WHOLE,
        "sizes": {"type": "array", "items": WHOLE},
        "shape": SHAPE,
        "loop": {"type": "boolean"},
        "images": {"type": "array", "items": FILE, "minItems": 2, "maxItems": 3},
        "either": {"anyOf": [TEXT, FILE]},
    },
    "prompt",
)


def document_with(media_type: str, schema: Json, **media: Any) -> Document:
    """A document whose create has a body of one media type."""
    create = operation("createJob", JOB)
    content = {media_type: {"schema": schema, **media}}
    create["requestBody"] = {"required": True, "content": content}
    return JobApi(paths={"/jobs": {"post": create}}).document


def read(document: Document, media_type: str, body: bytes) -> Arguments:
    call = Call("createJob", headers={"content-type": media_type}, body=body)
    return read_call(document.operations["createJob"], call)


def round_trip(document: Document, media_type: str, value: Json) -> Arguments:
    body = document.operations["createJob"].bodies[media_type]
    return read(document, *encode_body(body, media_type, value))


def form(*parts: tuple[str, bytes, str | None]) -> bytes:
    """A multipart form of parts: the name, the content, and the name of a file."""
    lines = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (f'; filename="{file}"'.encode() if file else b"")
        + b"\r\n\r\n"
        + content
        for name, content, file in parts
    ]
    return b"\r\n".join([*lines, b"--b--\r\n"])


VALUES: list[Json] = [
    {"prompt": "a=b & c", "count": 3},
    {"prompt": "", "sizes": [1, 2], "loop": True},
    {"prompt": "x", "sizes": [1]},
    {"prompt": "灯", "shape": {"corners": 3, "names": ["a", "b"]}},
]


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize("media_type", [FORM, URL_FORM])
def test_form_is_read_as_it_was_encoded(media_type: str, value: Json) -> None:
    arguments = round_trip(document_with(media_type, FIELDS), media_type, value)
    assert (arguments.fields, arguments.problems, arguments.unknown_names) == (value, (), ())


@pytest.mark.parametrize(
    ("style", "written"),
    [
        ({"style": "deepObject", "explode": True}, b"shape%5Bcorners%5D=3"),
        ({"style": "form", "explode": True}, b"corners=3"),
        ({"style": "form", "explode": False}, b"shape=corners%2C3"),
        ({"contentType": "application/json"}, b"shape=%7B%22corners%22%3A3%7D"),
    ],
    ids=str,
)
def test_encoding_of_a_field_is_obeyed(style: Json, written: bytes) -> None:
    document = document_with(URL_FORM, FIELDS, encoding={"shape": style})
    value: Json = {"prompt": "x", "shape": {"corners": 3}}
    body = document.operations["createJob"].bodies[URL_FORM]
    assert encode_body(body, URL_FORM, value)[1] == b"prompt=x&" + written
    assert round_trip(document, URL_FORM, value).fields == value


@pytest.mark.parametrize("encoding", [{}, {"sizes": {"contentType": "application/json"}}], ids=str)
def test_array_of_a_multipart_form_may_be_json(encoding: Json) -> None:
    document = document_with(FORM, FIELDS, encoding=encoding)
    arguments = round_trip(document, FORM, {"prompt": "x", "sizes": [1, 2]})
    assert (arguments.fields["sizes"], arguments.problems) == ([1, 2], ())
    body = form(("prompt", b"x", None), ("sizes", b"[1, 2]", None))
    assert read(document, f"{FORM}; boundary=b", body).fields["sizes"] == [1, 2]


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (["sizes[]", "sizes[]"], {"sizes": [1, 1]}),
        (["sizes[0]", "sizes[1]"], {"sizes": [1, 1]}),
        (["shape[corners]"], {"shape": {"corners": 1}}),
        (["shape[names][]"], {"shape": {"names": ["1"]}}),
    ],
    ids=str,
)
def test_names_with_brackets_are_read_in_both_forms(names: list[str], value: Json) -> None:
    body = form(("prompt", b"x", None), *((name, b"1", None) for name in names))
    multipart = read(document_with(FORM, FIELDS), f"{FORM}; boundary=b", body)
    pairs = "&".join(["prompt=x", *(f"{name}=1" for name in names)])
    encoded = read(document_with(URL_FORM, FIELDS), URL_FORM, pairs.encode())
    for arguments in (multipart, encoded):
        assert (arguments.fields, arguments.problems) == ({"prompt": "x", **value}, ())


@pytest.mark.parametrize("name", ["images", "images[]"])
def test_every_file_of_an_array_is_read(name: str) -> None:
    files = [(name, PNG + digit, f"{digit.decode()}.png") for digit in (b"1", b"2")]
    body = form(("prompt", b"x", None), *files)
    arguments = read(document_with(FORM, FIELDS), f"{FORM}; boundary=b", body)
    assert arguments.problems == ()
    assert {n: part.content for n, part in arguments.files.items()} == {
        "images": PNG + b"1",
        "images[1]": PNG + b"2",
    }


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (1, "images: must have at least 2 entries, not 1"),
        (4, "images: must have at most 3 entries, not 4"),
    ],
)
def test_number_of_files_is_validated(count: int, message: str) -> None:
    body = form(("prompt", b"x", None), *[("images", PNG, "a.png")] * count)
    (problem,) = read(document_with(FORM, FIELDS), f"{FORM}; boundary=b", body).problems
    assert problem.message == message


@pytest.mark.parametrize("file", [None, "a.png"])
def test_field_may_be_a_text_or_a_file(file: str | None) -> None:
    body = form(("prompt", b"x", None), ("either", PNG[1:4], file))
    arguments = read(document_with(FORM, FIELDS), f"{FORM}; boundary=b", body)
    assert arguments.problems == ()
    assert ("either" in arguments.files, "either" in arguments.fields) == (bool(file), not file)


def test_bytes_by_their_media_type_are_a_file() -> None:
    schema = object_of({"image": {"type": "string", "contentMediaType": "image/png"}}, "image")
    (problem,) = read(
        document_with(FORM, schema), f"{FORM}; boundary=b", form(("image", PNG, None))
    ).problems
    assert problem.message == "image: must be a file, sent as a part with a file name, not text"
    body = form(("image", PNG, "a.png"))
    arguments = read(document_with(FORM, schema), f"{FORM}; boundary=b", body)
    assert (arguments.problems, [*arguments.files]) == ((), ["image"])


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b"prompt=x&prompt=y", ["prompt: must be given once, not twice"]),
        (b"count=three", ["count: must be of type integer, not 'three'", "prompt: is required"]),
        (b"", ["prompt: is required"]),
        (b"prompt=x&shape=round", ["shape: must be of type object, not 'round'"]),
        (b"prompt=x&sizes%5B%5D=big", ["sizes.0: must be of type integer, not 'big'"]),
    ],
    ids=str,
)
def test_problems_of_a_url_encoded_form(body: bytes, messages: list[str]) -> None:
    problems = read(document_with(URL_FORM, FIELDS), URL_FORM, body).problems
    assert sorted(problem.message for problem in problems) == messages


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"A teapot", None),
        (b"", "the body is required"),
        (b"too long a text", "the body must have at most 9 characters, not 15"),
        (b"\xff", "the body must be UTF-8 text, not bytes that are invalid at offset 0"),
    ],
)
def test_text_is_a_body(body: bytes, message: str | None) -> None:
    document = document_with("text/plain", {"type": "string", "maxLength": 9})
    arguments = read(document, "text/plain; charset=utf-8", body)
    assert [problem.message for problem in arguments.problems] == ([message] if message else [])
    assert message is not None or arguments.body == "A teapot"


def test_bytes_are_a_body() -> None:
    document = document_with("application/octet-stream", FILE)
    assert read(document, "application/octet-stream", b"\x00").problems == ()
    (problem,) = read(document, "application/octet-stream", b"").problems
    assert problem.message == "the body is required"


ARRAY_BODY: Json = {"type": "array", "items": object_of({"prompt": TEXT}, "prompt"), "minItems": 2}
EITHER_BODY: Json = {"oneOf": [object_of({"a": WHOLE}, "a"), object_of({"b": TEXT}, "b")]}


@pytest.mark.parametrize(
    ("media_type", "schema"),
    [
        (FORM, FIELDS),
        (FORM, {**FIELDS, "required": ["prompt", "images", "sizes", "shape"]}),
        (URL_FORM, {**FIELDS, "properties": {"prompt": TEXT, "shape": SHAPE}}),
        ("text/plain", {"type": "string", "minLength": 3}),
        ("application/octet-stream", FILE),
        ("application/json", ARRAY_BODY),
        ("application/json", EITHER_BODY),
        ("application/merge-patch+json", FIELDS),
    ],
    ids=str,
)
def test_check_sends_bodies_that_are_valid(media_type: str, schema: Json) -> None:
    document = document_with(media_type, schema)
    plan = plan_check(document, key="k", creates=2, seed=0)
    assert plan.creates
    for call in plan.creates:
        assert call.headers["content-type"].partition(";")[0] == media_type
        assert call.body
        assert read_call(document.operations["createJob"], call).problems == ()


def test_part_that_is_a_file_keeps_its_type() -> None:
    document = document_with(FORM, FIELDS)
    parts = [Part("images", "a", "image/png", PNG), Part("images", "b", "image/webp", PNG)]
    arguments = round_trip(document, FORM, {"prompt": "x", "images": parts})
    assert [part.content_type for part in arguments.files.values()] == ["image/png", "image/webp"]
