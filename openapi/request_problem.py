"""Problems with requests: what was expected, and what was received."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .envelope import Cause
from .json import Json
from .operation import Operation
from .pointer import format_pointer
from .schema import Schema
from .schema_error import SchemaError
from .text import expected_but_got


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """One problem with a request.

    cause: a cause of the error envelope
    parameter: the field, parameter or header; None for the body as a whole
    expected: the expectation in words
    received: the value in words; None if it is missing
    pointer: the JSON pointer of the place in a JSON body; "" for any other place
    suggestion: the known name or value that is most similar, as a question; not in `message`,
        because servers do not send it
    """

    cause: str
    parameter: str | None
    expected: str
    received: str | None = None
    pointer: str = ""
    suggestion: str = field(default="", compare=False)

    @property
    def message(self) -> str:
        """Parameter, expected and received in one sentence."""
        text = expected_but_got(self.expected, self.received)
        return f"{self.parameter}: {text}" if self.parameter else text


class RequestProblems:
    """Collects the problems with one request of an operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.found: list[RequestProblem] = []

    def add(
        self, cause: str, parameter: str | None, expected: str, received: str | None = None
    ) -> None:
        """Add a problem; the arguments are those of `RequestProblem`."""
        self.found.append(RequestProblem(cause, parameter, expected, received))

    def add_duplicate(self, parameter: str) -> None:
        """Add the problem with a value that was sent twice."""
        self.add(Cause.FIELD_VALUE, parameter, "must be given once", "twice")

    def validate(self, schema: Schema, data: Json, parameter: str | None) -> None:
        """Add what is wrong with a parameter, or with the body if the parameter is None."""
        if not schema.accepts(data):
            self.add_schema_errors(schema.errors(data), parameter)

    def add_schema_errors(
        self, errors: Iterable[SchemaError], parameter: str | None = None
    ) -> None:
        """Add the violations of a schema, with their causes."""
        for error in errors:
            name = parameter or ".".join(error.path) or None
            cause = self._declared_cause(error) or _CAUSE_BY_KEYWORD.get(
                error.keyword, Cause.FIELD_VALUE
            )
            expected = error.expected if name else f"the body {error.expected}"
            pointer = "" if parameter else format_pointer(error.path)
            self.found.append(
                RequestProblem(cause, name, expected, error.received, pointer, error.suggestion)
            )

    def _declared_cause(self, error: SchemaError) -> str | None:
        """Return the cause that the document declares for values of the field, `x-cause`."""
        if error.keyword != "enum" or not error.path:
            return None
        for body in self._operation.bodies.values():
            if error.path[0] in body.properties:
                cause: str | None = body.properties[error.path[0]].get("x-cause")
                return cause
        return None


_CAUSE_BY_KEYWORD = {"required": Cause.FIELD_MISSING, "type": Cause.FIELD_TYPE}
