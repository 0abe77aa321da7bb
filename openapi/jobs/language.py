"""The language of `x-jobs` and `x-errors`: their words, and what the values of these look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from ..errors import Problem
from ..json import Json
from ..shape import shape_of


def language_problems(root: Json) -> Iterator[Problem]:
    """Yield every unknown word and every value of the wrong form in the words of the toolkit."""
    for word, path in _SCHEMAS.items():
        if word in root:
            shape = shape_of(path, unknown=f"is not a word of {word} here")
            yield from shape.problems(root[word], at=(word,))


_HERE = FilePath(__file__)
_SCHEMAS = {
    "x-jobs": _HERE.with_name("x-jobs.schema.json"),
    "x-errors": _HERE.parent.with_name("x-errors.schema.json"),
}
