"""The language of `x-jobs`: which words it has, and what their values look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from ..errors import Problem
from ..json import Json
from ..shape import shape_of


def language_problems(data: Json) -> Iterator[Problem]:
    """Yield every unknown word and every value of the wrong form in the data of `x-jobs`."""
    shape = shape_of(_SCHEMA, unknown="is not a word of x-jobs here")
    yield from shape.problems(data, at=("x-jobs",))


_SCHEMA = FilePath(__file__).with_name("x-jobs.schema.json")
