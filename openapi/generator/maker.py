"""A maker of values that match schemas of a document."""

from __future__ import annotations

from ..errors import ToolkitError
from ..json import Json
from ..pointer import Path, format_pointer
from ..schema import Schema
from ..schema_error import SchemaError
from .attempt import Attempt
from .layout import FREE, Layout

MAX_ATTEMPTS = 60
"""So many alternatives are tried before a value counts as impossible."""

MAX_VARIANTS = 8
"""So many other seeds are tried after all alternatives."""


class NoValueError(ToolkitError, ValueError):
    """No value was found that matches a schema.

    Args:
        message: What does not match.
        nearest: The first value that was tried, which has all fields that the schema requires.
    """

    def __init__(self, message: str, *, nearest: Json) -> None:
        super().__init__(message)
        self.nearest = nearest


class ValueMaker:
    """Makes values that match schemas, from their examples or from their keywords.

    Args:
        root: The document.
        seed: A text that all values depend on.
        moment: The time in values with a format of times (Unix seconds).
    """

    def __init__(self, root: Json, *, seed: str = "", moment: float = 0.0) -> None:
        self._root, self._seed, self._moment = root, seed, moment

    def make(self, schema: Schema, *, key: str = "", layout: Layout = FREE) -> Json:
        """Return a value for a schema; the same key and layout always give the same value.

        Alternatives and examples are tried in the order of the document until the value is valid.

        Raises NoValueError if no value was found.
        """
        choices: dict[Path, int] = {}
        apart = set[Path]()
        tried: list[Json] = []
        error: SchemaError | None = None
        seed, variant = f"{self._seed} {key}", 0
        for _ in range(MAX_ATTEMPTS):
            attempt = Attempt(self._root, seed, self._moment, layout, choices, apart)
            value = attempt.make(schema.raw, (), required=True)
            error = next(iter(schema.errors(value)), None)
            if error is None:
                return value
            tried.append(value)
            if error.keyword in _EXCLUSIVE and error.path not in apart:
                # What a `oneOf` or a `not` below excludes may be the cause, too.
                size = len(error.path)
                apart.update(place for place in attempt.options if place[:size] == error.path)
                apart.add(error.path)
                choices.pop(error.path, None)
                _forget_below(choices, error.path)
            elif not _choose_next(choices, attempt.options, error.path):
                if variant == MAX_VARIANTS:
                    break
                variant += 1  # other numbers and texts may match, such as those beside a `not`
                seed = f"{self._seed} {key} {variant}"
                choices.clear()
        place = format_pointer(error.path) if error else ""
        reason = error.message if error else ""
        message = f"{schema.pointer}: no value matches this schema ({place} {reason})"
        raise NoValueError(message, nearest=tried[0])


def _choose_next(choices: dict[Path, int], options: dict[Path, int], path: Path) -> bool:
    """Choose another alternative at the deepest place above an error; return False if none is left.

    Args:
        choices: The alternatives that are chosen so far, by place.
        options: The number of alternatives at each place.
        path: The place of the error.
    """
    above = [path[:length] for length in range(len(path), -1, -1)]
    below = [place for place in options if place[: len(path)] == path and place != path]
    for place in [*above, *sorted(below, key=len)]:
        chosen = choices.get(place, 0)
        if chosen + 1 < options.get(place, 0):
            choices[place] = chosen + 1
            _forget_below(choices, place)
            return True
    return False


def _forget_below(choices: dict[Path, int], place: Path) -> None:
    """Forget what is chosen below a place, where another value stands now."""
    for each in [p for p in choices if len(p) > len(place) and p[: len(place)] == place]:
        del choices[each]


_EXCLUSIVE = ("oneOf", "not")
