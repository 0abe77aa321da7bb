"""Invalid multipart and JSON bodies over a real socket."""

from __future__ import annotations

import httpx2
import pytest

from aisa_testkit.mock_server import MockControls, VideoServer
from tests.support.error_responses import error_of

KEY = {"Authorization": "Bearer sk-test"}
JSON = "application/json"
FORM = "multipart/form-data; boundary=b"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def part(name: str, value: bytes, *, file: str | None = None) -> bytes:
    """A part of a multipart form with the boundary `b`."""
    filename = f'; filename="{file}"' if file else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A multipart form with the boundary `b`."""
    return b"".join(parts) + b"--b--\r\n"


PROMPT = part("prompt", b"A lighthouse")
INVALID_BODIES = {
    "neither form nor JSON": ("text/plain", b"prompt=x", "the body must be multipart/form-data or"),
    "URL-encoded form": ("application/x-www-form-urlencoded", b"prompt=x", "not 'application/x-w"),
    "no body at all": (None, b"", "not a body without a Content-Type"),
    "no Content-Type": (None, form(PROMPT), "not a body without a Content-Type"),
    "no boundary": ("multipart/form-data", form(PROMPT), "the Content-Type has no boundary"),
    "another boundary": ("multipart/form-data; boundary=c", form(PROMPT), "the boundary 'c'"),
    "empty form": (FORM, b"", "it does not contain the boundary 'b'"),
    "form without its end": (
        FORM,
        PROMPT,
        "the body must be multipart/form-data, not a malformed one: ",
    ),
    "form cut in a part": (
        FORM,
        PROMPT[:-9],
        "the body must be multipart/form-data, not a malformed one: ",
    ),
    "part without a header": (
        FORM,
        b"--b\r\n\r\nx\r\n--b--\r\n",
        "be multipart/form-data, not a malformed one: ",
    ),
    "100,000 parts": (FORM, form(part("n", b"") * 100_000), "it has more than 1000 parts"),
    "JSON cut off": (JSON, b'{"prompt": "x', "the body must be JSON, not "),
    "100,000 brackets": (JSON, b"[" * 100_000, "the body must be JSON, not "),
    "NaN": (JSON, b'{"prompt": NaN}', "the body must be JSON, not "),
    "JSON that is not UTF-8": (JSON, b'{"prompt": "\xff"}', "the body must be JSON, not "),
    "number beyond doubles": (JSON, b'{"prompt": 1e999}', "the body must be JSON, not "),
    "a list": (JSON, b'["prompt"]', 'the body must be of type object, not ["prompt"]'),
    "a number": (JSON, b"7", "the body must be of type object, not 7"),
    "null": (JSON, b"null", "the body must be of type object, not null"),
}


@pytest.mark.parametrize(
    ("media_type", "body", "expected"), INVALID_BODIES.values(), ids=INVALID_BODIES.keys()
)
def test_unreadable_multipart_or_json_body_is_rejected_with_the_reason(
    safe_client: httpx2.Client, media_type: str | None, body: bytes, expected: str
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    error = error_of(safe_client.post("/videos", content=body, headers=headers), 400)
    assert expected in error["message"]
    assert error["param"] is None


MODELS = "model: must be one of 'sora-2', 'sora-2-pro', not "
IMAGES = "input_reference: must be a file of type image/png or image/jpeg or image/webp, "
INVALID_FIELDS = {
    "no field": (FORM, form(), "prompt: is required"),
    "no prompt": (JSON, b"{}", "prompt: is required"),
    "null prompt": (JSON, b'{"prompt": null}', "prompt: must be of type string, not null"),
    "empty prompt": (FORM, form(part("prompt", b"")), "prompt: must have at least 1 character,"),
    "long prompt": (
        FORM,
        form(part("prompt", "é".encode() * 32_001)),
        "prompt: must have at most 32000 characters, not 32001",
    ),
    "prompt twice in JSON": (
        JSON,
        b'{"prompt": "A", "prompt": "A"}',
        "prompt: must be given once, not twice",
    ),
    "unknown field twice in JSON": (
        JSON,
        b'{"prompt": "A: b", "x": {"y": 1, "y": 2}}',
        "y: must be given once, not twice",
    ),
    "prompt twice": (FORM, form(PROMPT, PROMPT), "prompt: must be given once, not twice"),
    "prompt that is a file": (
        FORM,
        form(part("prompt", b"x", file="p.txt")),
        "prompt: must be text, not a file ('p.txt')",
    ),
    "prompt that is not UTF-8": (
        FORM,
        form(part("prompt", b"caf\xe9")),
        "prompt: must be UTF-8 text, not bytes that are invalid at offset 3",
    ),
    "model in a form": (FORM, form(PROMPT, part("model", b"sora-3")), MODELS + "'sora-3'"),
    "model in JSON": (JSON, b'{"prompt": "x", "model": "sora-3"}', MODELS + "'sora-3'"),
    "seconds in a form": (
        FORM,
        form(PROMPT, part("seconds", b"5")),
        "seconds: must be one of '4', '8', '12', not '5'",
    ),
    "seconds that are a number": (
        JSON,
        b'{"prompt": "x", "seconds": 4}',
        "seconds: must be one of '4', '8', '12', not 4",
    ),
    "huge seconds": (
        JSON,
        b'{"prompt": "x", "seconds": 1' + b"0" * 300 + b"}",
        "seconds: must be one of '4', '8', '12', not 1e+300",
    ),
    "size in a form": (
        FORM,
        form(PROMPT, part("size", b"8x8")),
        "size: must be one of '720x1280', '1280x720', '1024x1792', '1792x1024', not '8x8'",
    ),
    "file that is not an image": (
        FORM,
        form(PROMPT, part("input_reference", b"Hello", file="a.png")),
        IMAGES + "not 'a.png', whose bytes have another type",
    ),
    "image of another kind": (
        FORM,
        form(PROMPT, part("input_reference", b"GIF89a", file="a.png")),
        IMAGES + "not image/gif",
    ),
    "text for a file": (
        FORM,
        form(PROMPT, part("input_reference", PNG)),
        IMAGES + "sent as a part with a file name, not text",
    ),
    "file in JSON": (
        JSON,
        b'{"prompt": "x", "input_reference": "a.png"}',
        IMAGES + "which only multipart/form-data can carry, not ",
    ),
    "file twice": (
        FORM,
        form(PROMPT, part("input_reference", PNG, file="a.png") * 2),
        "input_reference: must be given once, not twice",
    ),
}


@pytest.mark.parametrize(
    ("media_type", "body", "expected"), INVALID_FIELDS.values(), ids=INVALID_FIELDS.keys()
)
def test_invalid_field_is_reported_with_the_expected_value(
    safe_client: httpx2.Client, media_type: str, body: bytes, expected: str
) -> None:
    response = safe_client.post("/videos", content=body, headers={"content-type": media_type})
    name = expected.partition(":")[0]
    error = error_of(response, 404 if expected.startswith(MODELS) else 400)
    assert error["message"].startswith(expected)
    assert error["param"] == name


@pytest.mark.parametrize("length", [1, 32_000])
def test_prompt_length_is_counted_in_characters_not_bytes(
    client: httpx2.Client, length: int
) -> None:
    prompt = "\U0001f5fc" * length
    for created in (
        client.post("/videos", files={"prompt": (None, prompt)}),
        client.post("/videos", json={"prompt": prompt}),
    ):
        assert (created.status_code, created.json()["prompt"]) == (200, prompt)


@pytest.mark.parametrize(
    "extra",
    ['"size": 5', '"seconds": {"a": 1}', '"model": "sora-3", "size": "1280x720"'],
    ids=["wrong type", "object", "other values"],
)
def test_unknown_field_of_a_remix_has_no_effect(
    server: VideoServer, client: httpx2.Client, extra: str
) -> None:
    MockControls(server.service).next_job(seconds=0)
    source = client.post("/videos", json={"prompt": "x"}).json()
    body = f'{{"prompt": "y", {extra}}}'.encode()
    headers = {"content-type": JSON}
    response = client.post(f"/videos/{source['id']}/remix", content=body, headers=headers)
    assert response.status_code == 200, response.text
    kept = {name: source[name] for name in ("model", "size", "seconds")}
    assert response.json().items() >= {**kept, "status": "queued", "prompt": "y"}.items()
