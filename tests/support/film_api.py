"""A small document with one kind of job, in which tests change single places."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from aisa_testkit.openapi import Document, DocumentError, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer

Problems = list[tuple[str, str]]

REMOVED = object()
"""A change that removes the value at a place."""

FILM = "/x-jobs/film"
SCHEMA = "/components/schemas/Film"


def _reply(schema: Json) -> Json:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _operation(name: str, schema: Json, **more: Json) -> Json:
    return {"operationId": name, "responses": {"200": _reply(schema)}, **more}


def _parameter(place: str, name: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": place, "required": required, "schema": schema}


_TEXT: Json = {"type": "string"}
_ITEM: Json = {"$ref": "#/components/schemas/Film"}
_ORDER: Json = {
    "type": "object",
    "required": ["scene"],
    "additionalProperties": False,
    "properties": {
        "scene": _TEXT,
        "quality": {"enum": ["draft", "final"], "default": "draft"},
        "frames": {"type": "integer"},
        "hook": _TEXT,
    },
}
_FILM: Json = {
    "type": "object",
    "required": ["id", "phase"],
    "additionalProperties": False,
    "properties": {
        "id": _TEXT,
        "phase": {"enum": ["waiting", "drawing", "ready", "spoilt"]},
        "since": {"type": "integer"},
        "share": {"type": "number"},
        "address": {"type": ["string", "null"]},
        "scene": _TEXT,
        "source": _TEXT,
        "kept": {"type": "boolean"},
        "notes": {"type": "object"},
        "trouble": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"why": {"enum": ["dark", "cold"]}, "text": _TEXT},
        },
    },
}
_PAGE: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"films": {"type": "array", "items": _ITEM}, "more": {"type": "boolean"}},
}
_ID = _parameter("path", "film_id", _TEXT, required=True)


def film_api() -> dict[str, Json]:
    """Return the document: films are ordered, polled, listed, canceled, deleted and fetched."""
    order = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    size = _parameter("query", "size", {"type": "integer"})
    way = _parameter("query", "way", {"enum": ["up", "down"]})
    form = _parameter("query", "form", {"enum": ["moving", "still"]})
    files: Json = {"video/mp4": {}, "image/png": {}}
    film: Json = {"operationId": "film", "parameters": [form]}
    film["responses"] = {"200": {"description": "The film.", "content": files}}
    gone = {"operationId": "drop", "responses": {"204": {"description": "Gone."}}}
    document: dict[str, Json] = {
        "openapi": "3.1.0",
        "info": {"title": "Films", "version": "1"},
        "x-jobs": {
            "film": {
                "create": "order",
                "poll": "look",
                "states": {
                    "waiting": {"lasts": 1},
                    "drawing": {"lasts": 3},
                    "ready": "success",
                    "spoilt": "failure",
                },
            }
        },
        "paths": {
            "/films": {
                "post": _operation("order", _ITEM, requestBody=order),
                "get": _operation(
                    "page", {"$ref": "#/components/schemas/Page"}, parameters=[size, way]
                ),
            },
            "/films/{film_id}": {
                "parameters": [_ID],
                "get": _operation("look", _ITEM),
                "delete": gone,
            },
            "/films/{film_id}/stop": {"parameters": [_ID], "post": _operation("stop", _ITEM)},
            "/films/{film_id}/file": {"parameters": [_ID], "get": film},
        },
        "components": {"schemas": {"Order": _ORDER, "Film": _FILM, "Page": _PAGE}},
    }
    copied: dict[str, Json] = orjson.loads(orjson.dumps(document))
    return copied


def changed_api(changes: Mapping[str, Json]) -> dict[str, Json]:
    """Return that document with other values at JSON pointers; REMOVED removes what is there."""
    document = film_api()
    for pointer, value in changes.items():
        *above, last = parse_pointer(pointer)
        holder = document
        for step in above:
            if isinstance(holder, dict):
                holder.setdefault(step, {})
            holder = get(holder, [step])
        if value is REMOVED:
            del holder[last]
        else:
            holder[last] = value
    return document


def parse_api(changes: Mapping[str, Json]) -> Document:
    """Return the compiled document after these changes."""
    return parse_document(orjson.dumps(changed_api(changes)).decode())


def problems_of(changes: Mapping[str, Json]) -> Problems:
    """Return the pointers and reasons of the errors after these changes; none if it is valid."""
    try:
        parse_api(changes)
    except DocumentError as error:
        return [(problem.pointer, problem.reason) for problem in error.problems]
    return []


def warnings_of(changes: Mapping[str, Json]) -> Problems:
    """Return the pointers and reasons of the warnings after these changes."""
    return [(warning.pointer, warning.reason) for warning in parse_api(changes).warnings]
