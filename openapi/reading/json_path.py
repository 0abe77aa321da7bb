"""JSONPath (RFC 9535): the places that a query selects, and what is wrong with one.

The library is imported only for documents with overlays, because it delays the start.
"""

from __future__ import annotations

from ..json import Json
from ..pointer import Path, parse_pointer, pointer_of
from ..references import missing_step
from ..text import one_line


class JsonPathError(ValueError):
    """A query is not a JSONPath; the message says why, and what may have been meant."""


def find_paths(query: str, data: Json) -> list[Path]:
    """Return the paths of the values that a query selects; raises JsonPathError."""
    import jsonpath

    try:
        matches = jsonpath.JSONPathEnvironment(strict=True).finditer(query, data)
        return [tuple(str(step) for step in match.parts) for match in matches]
    except jsonpath.JSONPathError as error:
        reason = one_line(str(error.args[0])) if query.startswith("$") else "it must begin with $"
        raise JsonPathError(f"{reason}{_suggestion(query)}") from error


def nearest_name(query: str, data: Json) -> str:
    """Return "; did you mean …?" for the first name of a valid query that does not exist.

    It is "" if no name is similar, or if the query may select several places.
    """
    import jsonpath

    compiled = jsonpath.JSONPathEnvironment(strict=True).compile(query)
    if not isinstance(compiled, jsonpath.JSONPath) or not compiled.singular_query():
        return ""
    selectors = (s for segment in compiled.segments for s in segment.selectors)
    steps = (getattr(s, "name", getattr(s, "index", "")) for s in selectors)
    return missing_step(data, tuple(map(str, steps))) or ""


def _suggestion(query: str) -> str:
    """Return the JSONPath that a JSON pointer or a name stands for, or else an example."""
    if query.startswith("$") or not query:
        return "; one is, for example, $.paths['/jobs'].post"
    if "/" not in query:
        return f"; did you mean ${'' if query[0] == '[' else '.'}{query}?"
    steps = parse_pointer("/" + pointer_of(query).removeprefix("/"))
    return f"; did you mean ${''.join(f'[{_quoted(step)}]' for step in steps)}?"


def _quoted(step: str) -> str:
    if step.isdecimal():
        return step
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
