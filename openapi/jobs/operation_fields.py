"""The fields of the responses of one kind: those of its jobs, and those of single operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..generator import NoValueError, ValueMaker
from ..json import Json
from ..operation import Operation
from .answer import Answer, answers_of, whole_answer
from .field_compiler import FieldCompiler
from .long_form import as_operation, operations_of
from .operations import CreateOperation, FailureReason, JobOperation
from .place import Place
from .sources import FailureDetail, JobField, OperationAddress
from .states import Lifecycle, Meaning

_AnyOperation = TypeVar("_AnyOperation", bound=JobOperation)


class OperationFields:
    """Completes the operations of one kind with the fields of their responses.

    Args:
        data: The data of the kind.
        shared: The fields of the jobs of all creates.
        compiler: Compiles the other fields.
        first_poll: The poll of the first create, which is the poll that the shared fields name.
        lifecycle: The states of its jobs.
        maker: Makes the code and the message of a failure, where their schemas restrict them.
    """

    def __init__(
        self,
        data: Mapping[str, Json],
        shared: tuple[JobField, ...],
        *,
        compiler: FieldCompiler,
        first_poll: Operation,
        lifecycle: Lifecycle,
        maker: ValueMaker,
    ) -> None:
        self._data, self._shared, self._compiler = data, shared, compiler
        self._first_poll, self._lifecycle, self._maker = first_poll, lifecycle, maker

    def of_create(self, create: CreateOperation, entry: Mapping[str, Json]) -> CreateOperation:
        """Return a create with the fields of its jobs, and with those of its own response."""
        answers = answers_of((create, create.poll))
        own = self._compiler.within(answers, creates=(create.operation,)).compile(
            entry.get("fields", {}), f"{create.pointer}/fields"
        )
        places = {field.place for field in own}
        kept = (field for field in self._shared if field.place not in places)
        poll = self._with_answer(create.poll, entry.get("poll", self._data.get("poll")))
        fields = (*kept, *own)
        complete = self._with_answer(create, entry)
        return replace(
            complete,
            fields=self._with_own_poll(fields, poll),
            failures=create.failures or self._usual_failures(fields, answers),
            answer=self._with_own_poll(complete.answer, poll),
            poll=replace(poll, answer=self._with_own_poll(poll.answer, poll)),
        )

    def _usual_failures(
        self, fields: Iterable[JobField], answers: Sequence[Answer]
    ) -> tuple[FailureReason, ...]:
        """Return the failure of a create that declares none, if a field has a detail of it."""
        places: dict[str, Place] = {}
        for field in fields:
            if isinstance(field.source, FailureDetail):
                places.setdefault(field.source.detail, field.place)
        failed = self._lifecycle.named(Meaning.FAILURE)
        if not failed or not places:
            return ()
        return (_usual_failure(places, answers, failed[0], self._maker),)

    def _with_own_poll(
        self, fields: tuple[JobField, ...], poll: JobOperation
    ) -> tuple[JobField, ...]:
        """Return fields in which an address of the kind's first poll is that of another poll."""
        first, own = (OperationAddress(each.id) for each in (self._first_poll, poll.operation))
        return tuple(
            replace(field, source=own) if field.source == first else field for field in fields
        )

    def of_others(self, word: str, value: Any) -> Any:
        """Return an operation, or several, with the fields of their own responses."""
        if isinstance(value, tuple):
            entries = operations_of(self._data.get("result", []), "")
            pairs = zip(value, entries, strict=True)
            return tuple(self._with_answer(each, entry) for each, (_, entry, _) in pairs)
        return value and self._with_answer(value, self._data[word])

    def _with_answer(self, operation: _AnyOperation, data: Json) -> _AnyOperation:
        """Return an operation with the fields of its own response."""
        declared = as_operation(data).get("answer", {})
        answer = whole_answer(operation.operation)
        compiled = self._compiler.within((answer,)).compile(declared, f"{operation.pointer}/answer")
        return replace(operation, answer=compiled)


def _usual_failure(
    places: Mapping[str, Place], answers: Sequence[Answer], state: str, maker: ValueMaker
) -> FailureReason:
    """Return a failure whose code and message match the schemas of their places.

    The code is the first one that the schema lists or shows, or else the name of the state.
    """
    texts: dict[str, str] = {}
    for detail, usual in (("code", state), ("message", "The job failed: {code}.")):
        text = usual.format_map(texts)
        place = places.get(detail)
        texts[detail] = _fitting_text(answers, place, text, maker) if place else text
    return FailureReason(texts["code"], texts["message"], None, False)


def _fitting_text(answers: Sequence[Answer], place: Place, usual: str, maker: ValueMaker) -> str:
    """Return the first text that the schemas of a place list or show, else a usual one.

    Where they do not accept that one, it is made from the first of them.
    """
    shown = next(_shown(answers, place), None)
    schemas = [each for answer in answers for each in answer.compiled_at(place)]
    if shown is not None or not schemas or any(each.accepts(usual) for each in schemas):
        return usual if shown is None else shown
    try:
        return str(maker.make(schemas[0]))
    except NoValueError:
        return usual


def _shown(answers: Iterable[Answer], place: Place) -> Iterator[str]:
    """Yield the texts that the schemas of a place list or show."""
    for answer in answers:
        for schema in answer.schemas_at(place):
            examples = schema.get("examples", ())
            listed = [schema.get("const"), *schema.get("enum", ()), schema.get("example")]
            listed += examples if isinstance(examples, list) else []
            yield from (str(value) for value in listed if isinstance(value, str | int) and value)
