"""The compiler of sources of values, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..json import Json
from ..keywords import types_of
from ..moment import MomentForm, form_of_schema, named_form
from ..operation import Operation
from ..pointer import parse_pointer
from ..schema_places import examples_of
from ..text import suggest
from .answer import Answer, has_place, missing_place
from .place import Part, Place, parse_place
from .problems import Report
from .request_places import check_place, check_words, request_schemas
from .sources import (
    Constant,
    FailureDetail,
    FileAddress,
    FromJob,
    FromRequest,
    FromSource,
    Made,
    Moment,
    NewId,
    OperationAddress,
    Progress,
    RetryHint,
    Source,
)
from .state_compiler import select_states
from .states import Lifecycle

SOURCE_WORDS = (
    "value",
    "request",
    "time",
    "file",
    "url",
    "new_id",
    "failure",
    "progress",
    "source",
    "field",
    "retry",
)
"""The words of `x-jobs` that name a source."""


class FieldContext(NamedTuple):
    """What the fields of one map refer to.

    root: the document
    lifecycle: the states of the kind
    jobs: the responses that report jobs of the kind
    answers: the responses that may have the fields
    creates: the operations whose requests make the jobs
    addresses: the ids of operations by the names that `url` may have for them
    """

    root: Json
    lifecycle: Lifecycle
    jobs: tuple[Answer, ...]
    answers: tuple[Answer, ...]
    creates: tuple[Operation, ...]
    addresses: Mapping[str, str]


class SourceCompiler:
    """Compiles the sources of the fields of one map.

    Args:
        context: What the fields refer to.
        report: Is called with the pointer and the reason of each error.
    """

    def __init__(self, context: FieldContext, *, report: Report) -> None:
        self._context, self._report = context, report

    def compile(
        self,
        word: str,
        data: Mapping[str, Json],
        *,
        place: Place,
        schemas: list[dict[str, Json]],
        pointer: str,
    ) -> Source | None:
        """Return the source of a field; None for one that is reported as an error.

        Args:
            word: The word of the source; "" if the field has none.
            data: The data of the field in its long form.
            place: The place of the field.
            schemas: The schemas of the place.
            pointer: The JSON pointer of the field.
        """
        match word:
            case "request":
                return self._from_request(data, f"{pointer}/request")
            case "time":
                return self._moment(data, place, schemas, pointer)
            case "url":
                return self._address(data["url"], f"{pointer}/url")
            case "source" | "field":
                return self._from_job(word, data[word], f"{pointer}/{word}")
            case "":
                return self._made(schemas, place, pointer)
        return _SIMPLE[word](data[word])

    def check_fit(
        self,
        source: Source,
        schemas: Iterable[Mapping[str, Json]],
        pointer: str,
        *,
        place: Place,
    ) -> None:
        """Report a source whose values none of the schemas of its place allows."""
        given = self._types_of(source)
        listed = [schema for schema in schemas if types_of(schema)]
        types = dict.fromkeys(t for schema in listed for t in types_of(schema) if t != "null")
        allowed = {name for each in given for name in _ALLOWED_BY[each]}
        if given and types and not types.keys() & allowed:
            reason = (
                f"gives a value of type {' or '.join(given)},"
                f" but the schema allows {' or '.join(types)}"
            )
            self._report(pointer, reason + _fitting(types, place))
        elif isinstance(source, Constant):
            check_words([source.value], schemas, pointer, self._report)

    def _types_of(self, source: Source) -> list[str]:
        """Return the JSON types of the values of a source; [] if they are unknown."""
        if not isinstance(source, FromRequest):
            given = _type_of(source)
            return [given] if given else []
        found = [
            schema
            for create in self._context.creates
            for schema in request_schemas(create, source.place)
        ]
        if source.translation or not all(map(types_of, found)):
            return []
        types = dict.fromkeys(t for schema in found for t in types_of(schema) if t != "null")
        # A number may be whole.
        return [*types, "integer"] if "number" in types else [*types]

    def _made(self, schemas: list[dict[str, Json]], place: Place, pointer: str) -> Made | None:
        if not schemas and place.part is Part.BODY:
            reason = "needs a source, such as value, because no schema describes this place"
            self._report(pointer, reason)
            return None
        return Made()

    def _from_request(self, data: Mapping[str, Json], pointer: str) -> FromRequest:
        schemas = check_place(data["request"], self._context.creates, pointer, self._report)
        words = data.get("map", {})
        check_words(words, schemas, pointer.removesuffix("request") + "map", self._report)
        default = next((s["default"] for s in schemas if "default" in s), None)
        return FromRequest(parse_place(data["request"]), default, words)

    def _moment(
        self,
        data: Mapping[str, Json],
        place: Place,
        schemas: list[dict[str, Json]],
        pointer: str,
    ) -> Moment | None:
        word, plus = data["time"], data.get("plus", 0)
        form = self._form(data, place, schemas)
        if word in ("created", "changed") and word not in self._context.lifecycle.states:
            return Moment(word, frozenset(), plus, form)
        entered = select_states(self._context.lifecycle, word, f"{pointer}/time", self._report)
        return Moment("entered", entered, plus, form) if entered else None

    def _form(
        self, data: Mapping[str, Json], place: Place, schemas: list[dict[str, Json]]
    ) -> MomentForm:
        if "as" in data:
            return named_form(data["as"])
        root = self._context.root
        examples = [shown for schema in schemas for shown in examples_of(root, schema)]
        if place.part is Part.BODY:
            examples += [e for answer in self._context.answers for e in answer.examples_at(place)]
        return form_of_schema(schemas, examples)

    def _address(self, word: str, pointer: str) -> OperationAddress | None:
        operation_id = self._context.addresses.get(word)
        if operation_id is None:
            known = self._context.addresses
            self._report(pointer, f"{word} is not an operation{suggest(word, known)}")
            return None
        return OperationAddress(operation_id)

    def _from_job(self, word: str, text: str, pointer: str) -> Source:
        path = parse_pointer(text)
        place = Place(Part.BODY, path)
        if not has_place(self._context.jobs, place):
            self._report(pointer, missing_place(self._context.jobs, place))
        return FromSource(path) if word == "source" else FromJob(path)


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


def _fitting(types: Iterable[str], place: Place) -> str:
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


_SIMPLE: dict[str, Callable[[Any], Source]] = {
    "value": Constant,
    "file": FileAddress,
    "new_id": NewId,
    "failure": FailureDetail,
    "progress": Progress,
    "retry": RetryHint,
}
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
