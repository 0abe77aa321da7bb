"""The language of `x-jobs`, `x-errors` and `x-limits`: their words and the form of the values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from ..errors import Problem
from ..json import Json
from ..keywords import as_object
from ..pointer import format_pointer
from ..shape import shape_of
from ..text import suggest


def language_problems(root: Json) -> Iterator[Problem]:
    """Yield every unknown word and every value of the wrong form in the words of the toolkit."""
    for word, path in _SCHEMAS.items():
        if word in root:
            shape = shape_of(path, unknown=f"is not a word of {word} here")
            yield from shape.problems(root[word], at=(word,))
    yield from _error_words(root.get("x-errors"))


def _error_words(data: Json) -> Iterator[Problem]:
    """Yield the words of errors that no cause has."""
    causes = as_object(as_object(data).get("causes")).values()
    declared = (word for cause in causes for word in as_object(cause))
    known = dict.fromkeys((*_WORDS_OF_CAUSES, *declared))
    for place, value in as_object(as_object(data).get("answer")).items():
        word = as_object(value).get("error")
        if isinstance(word, str) and word not in known:
            reason = f"{word} is not a word of any cause{suggest(word, known)}"
            yield Problem(format_pointer(("x-errors", "answer", place, "error")), reason)


# The words that each cause has, whatever the document says of it.
_WORDS_OF_CAUSES = ("code", "message", "parameter", "request_id", "status")
_HERE = FilePath(__file__)
_SCHEMAS = {
    "x-jobs": _HERE.with_name("x-jobs.schema.json"),
    "x-errors": _HERE.parent.with_name("x-errors.schema.json"),
    "x-limits": _HERE.parent.with_name("x-limits.schema.json"),
}
