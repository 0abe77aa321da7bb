"""The places that `x-jobs` need not name, found in the schemas: the id and the state of a job."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..json import Json
from ..pointer import Path, format_pointer
from ..schema_places import fields_of, schemas_at, values_of
from .answer import Answer
from .operations import JobOperation


def find_ids(root: Json, answers: Iterable[Answer], poll: JobOperation) -> list[Path]:
    """Return the paths of the fields of a job that look like its id; none if no field does.

    They are the shallowest fields whose name is that of the poll's parameter, in the first response
    that has one; without one, those whose name is the end of it: `id` for `video_id` or `jobId`.

    Args:
        root: The document.
        answers: The responses to look in, the create's first.
        poll: The operation whose parameter takes the id.
    """
    if poll.id is None:
        return []
    for answer in answers:
        fields = [path for path, _ in _job_fields(root, answer)]
        for names_the_same in (_is_same, _is_ending):
            found = [path for path in fields if names_the_same(path[-1], poll.id.name)]
            if found:
                depth = min(map(len, found))
                return [path for path in found if len(path) == depth]
    return []


def find_state(
    root: Json, answers: Iterable[Answer], values: Iterable[Json], *, most: bool = False
) -> list[Path]:
    """Return the paths of the fields whose schema lists all these values.

    Args:
        root: The document.
        answers: The responses to look in.
        values: The values of all states.
        most: True if a field is also found that lists more than half of the values.
    """
    wanted = [*values]
    needed = len(wanted) // 2 + 1 if most else len(wanted)
    found: dict[Path, None] = {}
    for answer in answers:
        for path, schema in _job_fields(root, answer):
            listed = values_of(root, schema)
            if listed and sum(value in listed for value in wanted) >= needed:
                found[path] = None
    return [*found]


def describe_paths(paths: Iterable[Path]) -> str:
    """Return paths as pointers in a list, or "none"."""
    return ", ".join(map(format_pointer, paths)) or "none"


def _job_fields(root: Json, answer: Answer) -> Iterable[tuple[Path, Json]]:
    if answer.schema is None:
        return
    for job in schemas_at(root, answer.schema.raw, answer.job_at)[:1]:
        yield from fields_of(root, job)


def _is_same(field: str, parameter: str) -> bool:
    return _words(field) == _words(parameter)


def _is_ending(field: str, parameter: str) -> bool:
    return _words(parameter)[-1:] == _words(field)


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case: `jobId` and `job_id` have the same."""
    return [word.lower() for word in _WORD.findall(name)]


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
