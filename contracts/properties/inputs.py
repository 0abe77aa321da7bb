"""Inputs of the state machine: query parameters and pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...openapi import Operation
from ...openapi.keywords import types_of
from ..check.list_steps import Query

RANGES = ("bytes=0-0", "bytes=0-99", "bytes=10-", "bytes=-7", "bytes=999999999999-")
"""Values of the header Range."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page of the list.

    query: the parameters of every page
    following: the parameters that choose this page; empty for the first one
    page: the number of pages before it
    seen: the number of jobs on them
    """

    query: Mapping[str, str]
    following: Query = ()
    page: int = 0
    seen: int = 0

    @property
    def parameters(self) -> Query:
        """All parameters; those that choose the page take precedence."""
        chosen = dict(self.following)
        own = ((name, value) for name, value in self.query.items() if name not in chosen)
        return (*own, *self.following)


def query_parameters(
    operation: Operation, *, fixed: Collection[str] = ()
) -> SearchStrategy[dict[str, str]]:
    """Return valid values for some of the parameters that are enums or integers.

    Args:
        operation: The operation.
        fixed: The names of parameters that get no value here.
    """
    values: dict[str, SearchStrategy[str]] = {}
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        if name in fixed:
            continue
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
