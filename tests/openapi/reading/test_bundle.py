"""Documents in several files, as one."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from aisa_testkit.openapi import Document, DocumentError, JobRole, load_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer
from aisa_testkit.openapi.reading.bundle import bundle
from aisa_testkit.openapi.source import Source, parse_source
from tests.support.service_client import ServiceClient

FILES = {
    "api/api.yaml": """
openapi: 3.0.3
info: {title: Kites, version: '1'}
servers: [{url: https://api.example.com/v1}]
paths:
  /kites: {$ref: paths/kites.yaml}
  /kites/{id}: {$ref: 'paths/kite.yaml#/item'}
components:
  schemas:
    Kite: {$ref: schemas/kite.yaml}
x-jobs:
  kite:
    create: orderKite
    poll: getKite
    states: {ordered: pending, ready: success, torn: failure}
""",
    "api/paths/kites.yaml": """
post:
  operationId: orderKite
  requestBody: {$ref: '../common.json#/bodies/Order'}
  responses:
    '201':
      description: The kite.
      content: {application/json: {schema: {$ref: ../schemas/kite.yaml}}}
    default: {$ref: '../common.json#/responses/Error'}
""",
    "api/paths/kite.yaml": """
item:
  parameters: [{$ref: '../common.json#/parameters/id'}]
  get: {$ref: get-kite.yaml}
""",
    "api/paths/get-kite.yaml": """
operationId: getKite
responses:
  '200':
    description: The kite.
    content: {application/json: {schema: {$ref: '../api.yaml#/components/schemas/Kite'}}}
  '404': {$ref: '../common.json#/responses/Error'}
""",
    "api/schemas/kite.yaml": """
type: object
required: [id, state, tail, color]
properties:
  id: {type: string}
  state: {$ref: '#/definitions/state'}
  tail: {$ref: the%20tail.yaml}
  color: {$ref: color.yaml, nullable: true}
  parts: {type: array, items: {$ref: kite.yaml}}
definitions:
  state: {type: string, enum: [ordered, ready, torn]}
""",
    "api/schemas/the tail.yaml": "{type: object, properties: {rope: {$ref: rope.yaml}}}",
    "api/schemas/rope.yaml": "{type: object, properties: {tail: {$ref: the%20tail.yaml}}}",
    "api/schemas/color.yaml": "{type: string, enum: [red, blue]}",
    "api/common.json": orjson.dumps(
        {
            "bodies": {
                "Order": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["color"],
                                "properties": {"color": {"$ref": "schemas/color.yaml"}},
                            }
                        }
                    }
                }
            },
            "responses": {
                "Error": {
                    "description": "What is wrong.",
                    "content": {"application/json": {"schema": {"$ref": "#/Problem"}}},
                }
            },
            "Problem": {
                "type": "object",
                "required": ["message"],
                "properties": {"message": {"type": "string"}},
            },
            "parameters": {
                "id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            },
        }
    ).decode(),
}
COLOR = "api/schemas/color.yaml"
HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
TYPE = "{type: string}"


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files into a folder; return the path of the first one."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder / next(iter(files))


def bundled(files: dict[str, str]) -> Source:
    """Return the first of these files as one document."""

    def read(name: str) -> Source:
        if name not in files:
            raise AssertionError(f"{name} must not be read")
        return parse_source(files[name], name=name)

    return bundle(read(next(iter(files))), read=read)


def at(source: Source, pointer: str) -> Json:
    return get(source.data, parse_pointer(pointer))


def load_api(folder: Path, **changed: str) -> Document:
    return load_document(write(folder, FILES | changed))


def test_document_in_several_files_is_served(tmp_path: Path) -> None:
    client = ServiceClient(load_api(tmp_path), conforming=True)
    assert client.document.warnings == ()
    job_id = client.create(color="blue")
    client.clock.advance(1000)
    assert client.state(client.send(JobRole.POLL, job_id)) == "ready"
    reply = client.send(JobRole.POLL, "none")
    assert (reply.status, orjson.loads(reply.body).keys()) == (404, {"message"})


def test_component_that_is_a_file_keeps_its_name() -> None:
    source = bundled(FILES)
    kite = {"$ref": "#/components/schemas/Kite"}
    posted = at(source, "/paths/~1kites/post/responses/201/content/application~1json/schema")
    assert posted == kite
    assert at(source, "/components/schemas/Kite/properties/parts/items") == kite
    assert at(source, "/components/schemas").keys() == {
        "Kite",
        "state",
        "the_tail",
        "rope",
        "color",
        "Problem",
    }


def test_paths_and_operations_take_the_place_of_their_reference() -> None:
    source = bundled(FILES)
    assert at(source, "/paths/~1kites~1{id}/get/operationId") == "getKite"
    assert at(source, "/paths/~1kites~1{id}/parameters/0/$ref") == "#/components/parameters/id"


@pytest.mark.parametrize(
    ("part", "other", "place"),
    [
        ("paths: {$ref: o.yaml}", "{/x: {get: {responses: {}}}}", "/paths/~1x/get"),
        ("paths: {}\ncomponents: {$ref: o.yaml}", "schemas: {A: {}}", "/components/schemas/A"),
        (
            "paths: {}\ncomponents: {schemas: {$ref: o.yaml}}",
            f"A: {TYPE}",
            "/components/schemas/A/type",
        ),
        (
            "paths: {}\ncomponents: {schemas: {A: {properties: {$ref: o.yaml}}}}",
            f"b: {TYPE}",
            "/components/schemas/A/properties/b/type",
        ),
        ("paths: {}\ninfo: {$ref: o.yaml}", "{title: t}", "/info/title"),
    ],
)
def test_maps_and_objects_without_components_are_read(part: str, other: str, place: str) -> None:
    head = "openapi: 3.1.0\n" + ("" if "info" in part else "info: {title: t, version: '1'}\n")
    assert at(bundled({"a.yaml": head + part, "o.yaml": other}), place) is not None


def test_parts_with_the_same_name_get_the_name_of_their_file() -> None:
    schemas = (
        "A: {$ref: 'b.yaml#/X'}, C: {$ref: 'c.yaml#/X'}, X: {}, D: {not: {$ref: 'd/c.yaml#/X'}}"
    )
    source = bundled(
        {
            "a.yaml": f"{HEAD}paths: {{}}\ncomponents: {{schemas: {{{schemas}}}}}",
            "b.yaml": "X: {items: {$ref: '#/Y'}}\nY: {type: string}",
            "c.yaml": "X: {items: {$ref: 'b.yaml#/Y'}}",
            "d/c.yaml": "X: {items: {$ref: '#/Y'}}\nY: {items: {$ref: '../c.yaml#/X'}}",
        }
    )
    found = at(source, "/components/schemas")
    assert found["D"] == {"not": {"$ref": "#/components/schemas/c_X"}}
    assert found["c_X"] == {"items": {"$ref": "#/components/schemas/c_Y"}}
    assert found["c_Y"] == {"items": {"$ref": "#/components/schemas/C"}}
    assert found["A"]["items"] == found["C"]["items"] == {"$ref": "#/components/schemas/Y"}


def test_examples_are_followed_and_data_is_not() -> None:
    media = "{examples: {one: {$ref: e.yaml}}, schema: {const: {$ref: none.yaml}}}"
    responses = f"{{'200': {{description: d, content: {{application/json: {media}}}}}}}"
    text = f"{HEAD}paths: {{/x: {{get: {{responses: {responses}}}}}}}"
    source = bundled({"a.yaml": text, "e.yaml": "value: {$ref: none.yaml}"})
    assert source.unread == {}
    assert at(source, "/components/examples/e/value") == {"$ref": "none.yaml"}


def test_values_of_a_discriminator_are_followed() -> None:
    mapping = "{cat: './cat.yaml', dog: Dog, cow: 'o.yaml#/Cow'}"
    one_of = "[{$ref: cat.yaml}, {$ref: '#/components/schemas/Dog'}]"
    discriminator = f"{{propertyName: kind, mapping: {mapping}}}"
    schema = f"{{oneOf: {one_of}, discriminator: {discriminator}}}"
    text = f"{HEAD}paths: {{}}\ncomponents: {{schemas: {{A: {schema}, Dog: {{}}}}}}"
    source = bundled({"a.yaml": text, "cat.yaml": TYPE, "o.yaml": f"Cow: {TYPE}"})
    assert at(source, "/components/schemas/A/discriminator/mapping") == {
        "cat": "#/components/schemas/cat",
        "dog": "Dog",
        "cow": "#/components/schemas/Cow",
    }


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("https://api.example.com/a.yaml", "is not read: only files beside the document are"),
        ("file:///etc/passwd", "is not read: only files beside the document are"),
        ("colour.yaml", r"colour.yaml cannot be read: .*; did you mean color.yaml\?"),
        ("color.yaml#/Colour", r"#/Colour does not exist in \S+color.yaml$"),
        ("color.yaml#/properties/a", "#/properties/a does not exist in"),
        ("broken.yaml", r"broken.yaml, line 2 is neither YAML nor JSON: "),
        ("", "refers to itself"),
    ],
)
def test_reference_that_cannot_be_followed_is_named(
    tmp_path: Path, reference: str, reason: str
) -> None:
    kite = FILES["api/schemas/kite.yaml"].replace("color.yaml", f"'{reference or 'self.yaml'}'")
    others = {"api/schemas/broken.yaml": "a: [", "api/schemas/self.yaml": "$ref: self.yaml"}
    files = FILES | {"api/schemas/kite.yaml": kite} | others
    with pytest.raises(DocumentError) as caught:
        load_document(write(tmp_path, files))
    (problem,) = caught.value.problems
    needed = r"orderKite needs the reference at \S+/(kite.yaml line 8|self.yaml line 1), \S+: "
    assert re.search(f"{needed}.*{reason}", problem.reason)


def test_problem_in_another_file_names_its_line(tmp_path: Path) -> None:
    color = "type: string\npattern: '('\n"
    (warning,) = load_api(tmp_path, **{COLOR: color}).warnings
    assert (warning.file, warning.line) == (str(tmp_path / COLOR), 2)


def test_missing_file_with_all_paths_is_named(tmp_path: Path) -> None:
    text = f"{HEAD}paths: {{$ref: none.yaml}}"
    (warning,) = load_document(write(tmp_path, {"a.yaml": text})).warnings
    assert (warning.pointer, warning.line) == ("/paths/$ref", 3)
    assert warning.reason.endswith(
        "none.yaml cannot be read: No such file or directory; did you mean a.yaml?"
    )


def test_strict_reading_names_a_missing_file(tmp_path: Path) -> None:
    text = load_document().source.text.replace("#/components/schemas/Video'", "gone.yaml'")
    with pytest.raises(DocumentError, match=r"/\$ref: \S+gone.yaml cannot be read: No such file"):
        load_document(write(tmp_path, {"a.yaml": text}), strict=True)


def test_document_in_one_file_is_not_changed() -> None:
    source = parse_source(HEAD + "paths: {}", name="a.yaml")
    assert bundle(source, read=lambda name: source) is source
