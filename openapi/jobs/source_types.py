"""The types of the values of sources, and sources that do not fit the schema of their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..json import Json
from ..keywords import types_of
from .place import Place
from .sources import (
    Constant,
    FailureDetail,
    FileAddress,
    FromRequest,
    Moment,
    NewId,
    OperationAddress,
    Progress,
    RetryHint,
    Source,
)

Schema = Mapping[str, Json]


def misfit(
    source: Source, schemas: Iterable[Schema], *, place: Place, sent: Sequence[Schema]
) -> str:
    """Return why no schema of a place allows the values of its source; "" if one may.

    Args:
        source: The source.
        schemas: The schemas of the place.
        place: The place.
        sent: The schemas of the place in the requests that the values come from, if they do.
    """
    given = _types_of(source, sent)
    allowed = {name for each in given for name in _ALLOWED_BY[each]}
    allowed |= {name for each in sent for name in _converted(each)}
    types = dict.fromkeys(t for schema in schemas for t in _value_types(schema))
    if not given or not types or types.keys() & allowed:
        return ""
    reason = (
        f"gives a value of type {' or '.join(given)}, but the schema allows {' or '.join(types)}"
    )
    return reason + _proposal(types, place)


def _types_of(source: Source, sent: Sequence[Schema]) -> list[str]:
    """Return the JSON types of the values of a source; [] if they are unknown."""
    if not isinstance(source, FromRequest):
        given = _type_of(source)
        return [given] if given else []
    if source.translation or not all(map(_value_types, sent)):
        return []
    types = dict.fromkeys(t for schema in sent for t in _value_types(schema))
    # A number may be whole.
    return [*types, "integer"] if "number" in types else [*types]


def _value_types(schema: Schema) -> list[str]:
    """Return the types of the values that a schema allows, but null; [] if it allows any."""
    listed = (_JSON_TYPES.get(type(value), "null") for value in schema.get("enum", ()))
    return [name for name in dict.fromkeys(types_of(schema) or listed) if name != "null"]


def _converted(schema: Schema) -> Iterator[str]:
    """Yield the types that the values of a request may come back as: `"4"` as 4, 4 as `"4"`."""
    types = _value_types(schema)
    texts = schema.get("enum", ["0"])
    if "string" in types and any(isinstance(text, str) and text.isdecimal() for text in texts):
        yield from ("integer", "number")
    if "integer" in types or "number" in types:
        yield "string"


def _type_of(source: Source) -> str:
    """Return the JSON type of the values of a source; "" if it depends on the job."""
    match source:
        case Constant(value=value):
            return _JSON_TYPES.get(type(value), "")
        case FileAddress() | OperationAddress() | NewId() | FailureDetail(detail="message"):
            return "string"
        case Progress(form=form):
            return {"percent": "integer", "fraction": "number"}.get(form, "string")
        case RetryHint():
            return "integer"
        case Moment(form=form):
            return "string" if form.name == "text" else "integer"
    return ""


def _proposal(types: Iterable[str], place: Place) -> str:
    """Return the sources whose values have one of some types, or the place that was meant."""
    wanted = [*types]
    if wanted == ["array"]:
        return f"; did you mean {place}/0?"
    words = [
        word
        for word, given in _GIVEN_TYPES.items()
        if any(name in wanted for each in given for name in _ALLOWED_BY[each])
    ]
    return f"; sources of type {' or '.join(wanted)} are {', '.join((*words, 'request', 'value'))}"


_GIVEN_TYPES = {
    "time": ("integer", "string"),
    "file": ("string",),
    "url": ("string",),
    "new_id": ("string",),
    "failure": ("string",),
    "progress": ("integer", "number", "string"),
    "retry": ("integer",),
}
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


# The types of schemas that allow values of a type.
_ALLOWED_BY = {
    "integer": {"integer", "number"},
    **{name: {name} for name in ("string", "boolean", "number", "array", "object")},
}
