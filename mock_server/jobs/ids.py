"""New ids for jobs and requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Protocol
from uuid import UUID

from ...openapi.generator.pattern_text import text_for_pattern
from ...openapi.jobs import JobKind, Part, Place
from ...openapi.jobs.answer import answer_of
from ...openapi.json import Json
from ...openapi.keywords import types_of


class Ids(Protocol):
    """A source of new ids."""

    def new_job_id(self) -> str:
        """Return an id for a job without its prefix: 32 hexadecimal digits."""
        ...

    def new_request_id(self) -> str:
        """Return an id for a request without its prefix: 26 characters, as in a ULID."""
        ...


class RandomIds:
    """Random ids. The series for jobs and for requests are independent of each other.

    Args:
        seed: A number that makes the ids the same in every run.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._jobs = Random(seed if seed is None else f"{seed} jobs")
        self._requests = Random(seed if seed is None else f"{seed} requests")

    def new_job_id(self) -> str:
        return f"{self._jobs.getrandbits(128):032x}"

    def new_request_id(self) -> str:
        # The alphabet of a ULID contains all hexadecimal digits, which are the fastest to format.
        return f"01{self._requests.getrandbits(96):024X}"


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
    poll, found = kind.creates[0].poll, list[dict[str, Json]]()
    if kind.id_at is not None:
        found += answer_of(poll).schemas_at(Place(Part.BODY, kind.id_at))
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
