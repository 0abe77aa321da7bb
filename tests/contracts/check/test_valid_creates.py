"""The valid creates of a check use every field, at the lowest price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.check.plan import CheckPlan, plan_check
from aisa_testkit.contracts.traffic.sample_image import sample_image
from aisa_testkit.openapi import Call, Document, parse_document
from aisa_testkit.openapi.messages import media_type_of
from tests.support.documents import ROOT, renderings_text
from tests.support.operations import only_kind

FORM, JSON = "multipart/form-data", "application/json"
VIDEOS = (ROOT / "openapi" / "aisa-videos.yaml").read_text(encoding="utf-8")
LAST_PROPERTY = "        format: {type: string, default: 1280x720}\n"
FORM_EXAMPLES = "            examples:\n              prompt-only: {$ref"
FILE = "not: {type: ['null', boolean, number, string, array, object], items: {}}"


def renderings_with(*properties: str) -> Document:
    """Return the document of renderings with further fields of a create."""
    assert LAST_PROPERTY in renderings_text()
    more = "".join(f"        {line}\n" for line in properties)
    return parse_document(renderings_text().replace(LAST_PROPERTY, LAST_PROPERTY + more, 1))


def form_only(required: str = "required: [prompt]") -> Document:
    """Return the document of videos whose create is a form, without its examples."""
    start, end = VIDEOS.index(FORM_EXAMPLES), VIDEOS.index("      responses:")
    assert start < end
    text = VIDEOS[:start] + VIDEOS[end:]
    return parse_document(text.replace("required: [prompt]", required, 1))


def sent(document: Document, call: Call) -> dict[str, object]:
    """Return the fields and files of a create, which must be valid."""
    exchange = read_exchange(document, call, None, at=0)
    assert (exchange.arguments.problems, exchange.arguments.unknown_names) == ((), ())
    return {**exchange.fields, **{name: part.content for name, part in exchange.files.items()}}


def used(document: Document, plan: CheckPlan) -> set[str]:
    return {name for call in plan.creates for name in sent(document, call)}


def test_two_creates_use_every_field_and_both_media_types(any_document: Document) -> None:
    plan = plan_check(any_document, key="k", creates=2)
    bodies = any_document.operations[plan.creates[0].operation_id].bodies
    assert {media_type_of(call.headers) for call in plan.creates} == {*bodies}
    fields = {name for body in bodies.values() for name in body.properties}
    assert (used(any_document, plan), plan.unused_fields) == (fields, ())


def test_form_has_a_real_image_in_the_size_of_the_video(document: Document) -> None:
    form, json = plan_check(document, key="k", creates=2).creates
    assert sent(document, form)["input_reference"] == sample_image(
        only_kind(document).creates[0], {"size": "720x1280"}
    )
    assert "input_reference" not in sent(document, json)


def test_fields_that_only_a_form_has_are_sent_in_the_form(document: Document) -> None:
    extended = VIDEOS.replace(
        f"          {FILE}\n", f"          {FILE}\n        style: {{type: string}}\n", 1
    )
    form, json = plan_check(parse_document(extended), key="k", creates=2).creates
    assert "style" in sent(parse_document(extended), form)
    assert "style" not in sent(parse_document(extended), json)


def test_form_alone_has_all_fields_in_two_creates() -> None:
    document = form_only()
    first, second = plan_check(document, key="k", creates=2).creates
    assert media_type_of(first.headers) == media_type_of(second.headers) == FORM
    assert {*sent(document, first)} == {"prompt", "input_reference"}
    assert {*sent(document, second)} == {"prompt", "model", "seconds", "size"}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_required_image_has_the_size_of_each_create(seed: int) -> None:
    document = form_only("required: [prompt, input_reference]")
    for call in plan_check(document, key="k", creates=2, seed=seed).creates:
        fields = sent(document, call)
        size = {"size": fields["size"]} if "size" in fields else {}
        assert fields["input_reference"] == sample_image(only_kind(document).creates[0], size)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("{type: string}", "x"),
        ("{type: string, minLength: 3}", "xxx"),
        ("{type: string, examples: [noir, bright]}", "noir"),
        ("{type: string, pattern: '^[a-f]+$', example: abc}", "abc"),
        ("{type: string, enum: [a, b]}", "a"),
        ("{const: 7}", 7),
        ("{type: boolean}", False),
        ("{type: integer, minimum: 3}", 3),
        ("{type: number}", 1),
        ("{type: array, items: {type: string}}", []),
        ("{type: object}", {}),
        ("{type: [string, 'null'], default: null, minLength: 2}", None),
    ],
)
def test_optional_field_has_an_allowed_value(schema: str, value: object) -> None:
    document = renderings_with(f"mood: {schema}")
    plan = plan_check(document, key="k", creates=2)
    assert "mood" not in sent(document, plan.creates[0])
    assert sent(document, plan.creates[1])["mood"] == value
    assert (plan.price, plan.unused_fields) == (Decimal("0.05"), ())


@pytest.mark.parametrize(
    "schema",
    [
        "{type: string, pattern: '^[a-f]{4}$'}",
        "{type: string, format: uri}",
        "{type: array, minItems: 1, items: {type: string}}",
        "{type: object, required: [x]}",
        "false",
    ],
)
def test_field_without_a_known_value_is_left_out_and_named(schema: str) -> None:
    document = renderings_with(f"mood: {schema}", "ok: {type: boolean}")
    plan = plan_check(document, key="k", creates=2)
    assert plan.unused_fields == ("mood",)
    assert used(document, plan) == {"scene", "quality", "frames", "format", "ok"}
    # With one job, other fields are missing as well.
    assert plan_check(document, key="k", creates=1).unused_fields == ()


def test_read_only_field_is_not_sent() -> None:
    document = renderings_with("mood: {type: string, readOnly: true}")
    plan = plan_check(document, key="k", creates=2)
    assert (plan.unused_fields, "mood" in used(document, plan)) == ((), False)


def test_file_of_an_unknown_type_is_not_sent(document: Document) -> None:
    images = "contentType: image/png, image/jpeg, image/webp"
    other = parse_document(VIDEOS.replace(images, "contentType: video/mp4", 1))
    plan = plan_check(other, key="k", creates=2)
    assert plan.unused_fields == ("input_reference",)


def test_fallbacks_are_the_other_valid_creates(document: Document) -> None:
    plan = plan_check(document, key="k", creates=2)
    kinds = [(media_type_of(c.headers), [*sent(document, c)]) for c in plan.fallbacks]
    assert kinds == [(FORM, ["prompt"]), (JSON, ["prompt"])]
    single = plan_check(document, key="k", creates=1)
    assert single.fallbacks == (plan.creates[1], *plan.fallbacks)
    other = plan_check(renderings_with(), key="k", creates=2)
    assert other.fallbacks == ()
