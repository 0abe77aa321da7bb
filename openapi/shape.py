"""Validation of documents by schemas of the toolkit, with suggestions for unknown words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath

import jsonschema_rs
import orjson

from .errors import Problem
from .json import Json
from .pointer import Path, format_pointer, get
from .schema_error import schema_error
from .text import quote


class Shape:
    """A schema that data of a document must match.

    Args:
        path: The file of the schema.
        unknown: The problem of a word that the schema does not know.
    """

    def __init__(self, path: FilePath, *, unknown: str) -> None:
        self._schema: Json = orjson.loads(path.read_bytes())
        self._validator = jsonschema_rs.validator_for(self._schema, validate_formats=True)
        self._unknown = unknown

    def problems(self, data: Json, *, at: Path = ()) -> Iterator[Problem]:
        """Yield every way in which the data does not match.

        Args:
            data: The data.
            at: The place of the data in the document.

        Raises RecursionError if the data is nested too deeply.
        """
        try:
            errors = [*self._validator.iter_errors(data)]
        except ValueError as too_deep:  # for the validator
            raise RecursionError from too_deep
        for validation_error in errors:
            error = schema_error(validation_error, self._schema)
            reason = error.message
            path = (*at, *error.path)
            expected = self._expected(validation_error)
            if error.keyword == "additionalProperties":
                reason = self._unknown + error.suggestion
            elif error.keyword == "propertyNames":
                inner = validation_error.kind.as_dict()["error"]
                path = (*path, str(inner.instance))
                reason = f"must be {expected}" if expected else inner.message
            elif expected:
                reason = f"must be {expected}, not {quote(validation_error.instance)}"
            yield Problem(format_pointer(path), reason)

    def _expected(self, error: jsonschema_rs.ValidationError) -> str:
        """Return what the violated schema expects in words, its `x-expected`; "" without one.

        It stands in place of regular expressions, which few can read.
        """
        if error.kind.name not in ("format", "pattern", "propertyNames"):
            return ""
        violated = get(self._schema, map(str, error.schema_path[:-1]))
        return str(violated.get("x-expected", "")) if isinstance(violated, dict) else ""


@cache
def shape_of(path: FilePath, *, unknown: str) -> Shape:
    """Return the shape of a file, which is compiled once."""
    return Shape(path, unknown=unknown)
