"""What a state machine asks with: requests that Hypothesis can show, queries, places in a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...openapi import Call, Operation
from ...openapi.messages import media_type_of
from ...openapi.request import read_call
from ...openapi.schema import types_of


class Request:
    """A call to make a job. It is no dataclass, which Hypothesis would print with all its bytes."""

    __slots__ = ("_operation", "call")

    def __init__(self, operation: Operation, call: Call) -> None:
        self._operation, self.call = operation, call

    def __repr__(self) -> str:
        arguments, headers = read_call(self._operation, self.call), self.call.headers
        sent = {**arguments.fields, **{n: part.content for n, part in arguments.files.items()}}
        media_type = media_type_of(headers)
        return f"<{media_type} {sent}{'' if len(headers) > 1 else ' without a key'}>"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: behind a cursor, with the same query otherwise."""

    query: Mapping[str, str]
    cursor: str | None = None


@st.composite
def requests(draw: DrawFn, operation: Operation, calls: SearchStrategy[Call]) -> Request:
    """The calls as requests that can be shown."""
    # Hypothesis would print the code of what maps, and not the request.
    return Request(operation, draw(calls))


def queries(operation: Operation) -> SearchStrategy[dict[str, str]]:
    """Allowed values for some of the parameters that have a list or a range of them."""
    values: dict[str, SearchStrategy[str]] = {}
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        if "enum" in schema:
            values[name] = st.sampled_from(schema["enum"])
        elif "integer" in types_of(schema):
            least = schema.get("minimum", 1)
            most = schema.get("maximum", least + _MANY)
            # Mostly as few as can be, since it takes a longer list to have a second page.
            few = st.integers(least, min(most, least + 1))
            values[name] = (few | st.integers(least, most)).map(str)
    return st.fixed_dictionaries({}, optional=values)


PARTS = ("bytes=0-0", "bytes=0-99", "bytes=10-", "bytes=-7", "bytes=999999999999-")
_MANY = 100
