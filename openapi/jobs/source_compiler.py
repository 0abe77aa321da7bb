"""The compiler of sources of values, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, NamedTuple

from ..json import Json
from ..moment import MomentForm, form_of_schema, named_form
from ..operation import Operation
from ..pointer import parse_pointer
from ..schema_places import examples_of
from ..text import suggest
from .answer import Answer, has_place, missing_place
from .place import Part, Place, parse_place
from .problems import Report
from .request_places import check_place, check_words, request_schemas
from .source_types import misfit
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
            case "retry":
                return RetryHint(data["retry"], data.get("most", inf))
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
        sent = self._sent(source) if isinstance(source, FromRequest) else []
        reason = misfit(source, schemas, place=place, sent=sent)
        if reason:
            self._report(pointer, reason)
        elif isinstance(source, Constant):
            check_words([source.value], schemas, pointer, self._report)

    def _sent(self, source: FromRequest) -> list[dict[str, Json]]:
        """Return the schemas of the values that requests have at the place of a source."""
        creates = self._context.creates
        return [schema for each in creates for schema in request_schemas(each, source.place)]

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


_SIMPLE: dict[str, Callable[[Any], Source]] = {
    "value": Constant,
    "file": FileAddress,
    "new_id": NewId,
    "failure": FailureDetail,
    "progress": Progress,
}
