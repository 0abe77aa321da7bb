"""Inputs of the state machine: creates, query parameters and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...openapi import Call, Operation
from ...openapi.keywords import types_of
from ...openapi.messages import media_type_of
from ...openapi.request import read_call

RANGES = ("bytes=0-0", "bytes=0-99", "bytes=10-", "bytes=-7", "bytes=999999999999-")
"""Values of the header Range."""


class CreateRequest:
    """A create with a short repr. It is not a dataclass: Hypothesis would print all its bytes."""

    __slots__ = ("_operation", "call")

    def __init__(self, operation: Operation, call: Call) -> None:
        self._operation, self.call = operation, call

    def __repr__(self) -> str:
        arguments, headers = read_call(self._operation, self.call), self.call.headers
        fields = {**arguments.fields, **{n: part.content for n, part in arguments.files.items()}}
        media_type = media_type_of(headers)
        return f"<{media_type} {fields}{'' if len(headers) > 1 else ' without a key'}>"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page of the list: the query, and the cursor to continue from."""

    query: Mapping[str, str]
    cursor: str | None = None


@st.composite
def create_requests(
    draw: DrawFn, operation: Operation, calls: SearchStrategy[Call]
) -> CreateRequest:
    """Draw creates with a short repr."""
    # With `map`, Hypothesis would print the code of the function and not the request.
    return CreateRequest(operation, draw(calls))


def query_parameters(operation: Operation) -> SearchStrategy[dict[str, str]]:
    """Return valid values for some of the parameters that are enums or integers."""
    values: dict[str, SearchStrategy[str]] = {}
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        if "enum" in schema:
            values[name] = st.sampled_from(schema["enum"])
        elif "integer" in types_of(schema):
            least = schema.get("minimum", 1)
            most = schema.get("maximum", least + _RANGE_SIZE)
            # Small limits are more likely, because short lists then have a second page.
            small = st.integers(least, min(most, least + 1))
            values[name] = (small | st.integers(least, most)).map(str)
    return st.fixed_dictionaries({}, optional=values)


_RANGE_SIZE = 100
