"""The places that `x-jobs` need not name, found in the schemas: the id and the state of a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..json import Json
from ..pointer import Path, format_pointer
from ..schema_places import fields_of, schemas_at, values_of
from .answer import Answer
from .operations import JobOperation
from .place import Part, Place


def id_in(
    root: Json,
    answers: Iterable[Answer],
    poll: JobOperation,
    *,
    report: Callable[[str], None],
) -> Path | None:
    """Return the path of the id in a job; None if no field looks like it.

    Args:
        root: The document.
        answers: The responses to look in, the create's first.
        poll: The operation whose parameter takes the id.
        report: Is called with the reason if several fields look like the id.
    """
    found = ids_named_like(root, answers, poll.id.name) if poll.id else []
    if len(found) > 1:
        report(f"needs id, the place of the id in a job; it may be {_describe(found)}")
    return next(iter(found), None)


def state_in(
    root: Json,
    answers: Iterable[Answer],
    values: Iterable[Json],
    *,
    report: Callable[[str], None],
) -> Path | None:
    """Return the path of the state in a job, the only field whose schema lists all states.

    Without one, it is the only field that lists most of them, so that the others can be reported.

    Args:
        root: The document.
        answers: The responses to look in.
        values: The values of all states.
        report: Is called with the reason if there is no such field, or more than one.
    """
    looked, wanted = [*answers], [*values]
    found = _find_states(root, looked, wanted, needed=len(wanted))
    found = found or _find_states(root, looked, wanted, needed=len(wanted) // 2 + 1)
    if len(found) != 1:
        reason = "needs state, the place of the state in a job; the fields that list the states are"
        report(f"{reason} {_describe(found)}")
        return None
    return found[0]


def ids_named_like(root: Json, answers: Iterable[Answer], parameter: str) -> list[Path]:
    """Return the paths of the fields of a job that look like its id; none if no field does.

    They are the shallowest fields whose name is that of the parameter, in the first response
    that has one; without one, those whose name is the end of it: `id` for `video_id` or `jobId`.
    """
    for answer in answers:
        fields = [*_job_fields(root, answer)]
        for names_the_same in (_is_same, _is_ending):
            found = [path for path in fields if names_the_same(path[-1], parameter)]
            if found:
                depth = min(map(len, found))
                return [path for path in found if len(path) == depth]
    return []


def _find_states(
    root: Json, answers: Iterable[Answer], values: Sequence[Json], *, needed: int
) -> list[Path]:
    """Return the paths of the fields whose schema lists so many of these values."""
    found: dict[Path, None] = {}
    for answer in answers:
        for path in _job_fields(root, answer):
            schemas = answer.schemas_at(Place(Part.BODY, path))
            listed = [value for schema in schemas for value in values_of(root, schema)]
            if listed and sum(value in listed for value in values) >= needed:
                found[path] = None
    return [*found]


def _describe(paths: Iterable[Path]) -> str:
    """Return paths as pointers in a list, or "none"."""
    return ", ".join(map(format_pointer, paths)) or "none"


def _job_fields(root: Json, answer: Answer) -> Iterator[Path]:
    if answer.schema is None:
        return
    for job in schemas_at(root, answer.schema.raw, answer.job_at)[:1]:
        yield from (path for path, _ in fields_of(root, job))


def _is_same(field: str, parameter: str) -> bool:
    return _words(field) == _words(parameter)


def _is_ending(field: str, parameter: str) -> bool:
    return _words(parameter)[-1:] == _words(field)


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case: `jobId` and `job_id` have the same."""
    return [word.lower() for word in _WORD.findall(name)]


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
