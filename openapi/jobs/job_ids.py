"""The form of the ids of new jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from uuid import UUID

from ..generator.pattern_text import text_for_pattern
from ..json import Json
from ..keywords import types_of
from .answer import answer_of
from .kind import JobKind
from .place import Part, Place


def job_id_form(kind: JobKind) -> Callable[[str], str]:
    """Return the function that makes an id of a kind of job from 32 hexadecimal digits.

    It follows the pattern of the kind, or else the schemas of the id in a job and in a request.
    """
    if kind.id_pattern:
        return id_of_pattern(kind.id_pattern)
    for schema in _id_schemas(kind):
        if "pattern" in schema:
            return id_of_pattern(schema["pattern"])
        if schema.get("format") == "uuid":
            return lambda digits: str(UUID(hex=digits, version=4))
        if types_of(schema) in (("integer",), ("number",)):
            return lambda digits: str(int(digits[:12], 16))
    return lambda digits: digits


def _id_schemas(kind: JobKind) -> list[dict[str, Json]]:
    create, found = kind.creates[0], list[dict[str, Json]]()
    poll = create.poll
    if kind.id_at is not None:
        for operation in (poll, create):
            found += answer_of(operation).schemas_at(Place(Part.BODY, kind.id_at))
    if poll.id is not None:
        parameters = {**poll.operation.path_parameters, **poll.operation.query}
        found += [parameters[poll.id.name].schema.raw] if poll.id.name in parameters else []
    return found


def id_of_pattern(pattern: str) -> Callable[[str], str]:
    """Return the function that makes an id of a pattern from 32 hexadecimal digits."""
    match = _HEXADECIMAL.fullmatch(pattern)
    if match:
        prefix = match[1]
        return lambda digits: prefix + digits
    return lambda digits: text_for_pattern(pattern, random=Random(digits))


_HEXADECIMAL = re.compile(r"\^([0-9A-Za-z_-]*)\[0-9a-f\]\{32\}\$")
