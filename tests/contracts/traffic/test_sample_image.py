"""The sample image is a real image in the size of the video."""

from __future__ import annotations

import io

import av
import pytest

from aisa_testkit.contracts.traffic.sample_image import is_sample_image, sample_image
from aisa_testkit.openapi import Document, parse_document
from aisa_testkit.openapi.form import Part
from aisa_testkit.openapi.image import image_type
from tests.support.documents import renderings_text
from tests.support.operations import only_kind


def size_of(content: bytes) -> tuple[int, int]:
    """Return the size of an image after decoding it."""
    with av.open(io.BytesIO(content), "r") as container:
        frame = next(container.decode(video=0))
    return frame.width, frame.height


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (720, 1280)),
        ({"size": "1792x1024"}, (1792, 1024)),
        ({"size": "large"}, (1280, 720)),
        ({"size": "99999x99999"}, (1280, 720)),
        ({"size": None}, (1280, 720)),
    ],
    ids=["default", "requested", "no size", "too large", "null"],
)
def test_image_has_the_size_of_the_video(
    document: Document, fields: dict[str, str | None], size: tuple[int, int]
) -> None:
    create = only_kind(document).creates[0]
    content = sample_image(create, fields)
    assert (image_type(content), size_of(content)) == ("image/png", size)
    assert len(content) < 20_000


def test_image_of_a_document_without_a_size_field_has_a_usual_size() -> None:
    text = renderings_text().replace(
        "media: {size: /format, duration: /frames}", "media: {duration: /frames}"
    )
    create = only_kind(parse_document(text)).creates[0]
    assert size_of(sample_image(create, {})) == (1280, 720)


def test_only_the_image_of_the_requested_size_is_recognized(document: Document) -> None:
    create = only_kind(document).creates[0]
    part = Part("input_reference", "a.png", "image/png", sample_image(create, {}))
    assert is_sample_image(create, {}, part)
    assert not is_sample_image(create, {"size": "1280x720"}, part)
    assert not is_sample_image(create, {}, part._replace(content=part.content + b"x"))
