"""Guesses about operations: which create a job, which reports it, and what others do to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..jobs.answer import Answer, whole_answer
from ..jobs.finder import ids_named_like
from ..json import Json
from ..operation import Operation
from ..pointer import Path
from ..schema_places import fields_of, schemas_at, values_of
from ..words import meaning_of, normalized, well_known


@dataclass(frozen=True, slots=True)
class Poll:
    """An operation that reports the state of one job.

    parameter: the name of the parameter that takes the id
    collection: the path before the id
    state: the path of the state in its response
    states: the values of the state
    """

    operation: Operation
    parameter: str
    collection: str
    state: Path
    states: tuple[str, ...]


_Rated = tuple[int, Poll, str]


def find_polls(root: Json, operations: Iterable[Operation]) -> Iterator[Poll]:
    """Yield the operations that read one object by its id, and whose object has a state."""
    for operation in operations:
        asked = _id_parameter(operation) if operation.method == "GET" else None
        found = _find_state(root, whole_answer(operation)) if asked else None
        if asked and found:
            yield Poll(operation, *asked, *found)


def creates_of(
    root: Json, operations: Iterable[Operation], polls: list[Poll]
) -> Iterator[tuple[Operation, Poll, str]]:
    """Yield the operations that create jobs, the poll of each, and the reason of the guess."""
    all_operations = [*operations]
    posts = [each for each in all_operations if each.method == "POST" and not _changes(each)]
    collections = {each.path.rpartition("/")[0] for each in all_operations if _ends_with_id(each)}
    plain = {poll.collection for poll in polls} & {post.path for post in posts}
    open_polls = [poll for poll in polls if poll.collection not in plain]
    for operation in posts:
        best = _best(_rate(root, operation, poll) for poll in polls)
        if best is None and operation.path not in collections:
            best = _best(_rate_id(root, operation, poll) for poll in open_polls)
        if best:
            yield operation, best[1], best[2]


def _best(rated: Iterable[_Rated | None]) -> _Rated | None:
    """Return the first of those with the highest number; None if there is none."""
    return max((each for each in rated if each), key=lambda each: each[0], default=None)


def _changes(operation: Operation) -> bool:
    """Return True if the path names one object that is there, or ends with a word for its end."""
    last = normalized(operation.path.rpartition("/")[2])
    return _ends_with_id(operation) or last in well_known()["cancel"]


def _ends_with_id(operation: Operation) -> bool:
    names = operation.template.parameters
    return bool(names) and operation.path.endswith(f"{{{names[-1]}}}")


def _id_parameter(operation: Operation) -> tuple[str, str] | None:
    """Return the parameter of an id at the end of a path, or alone in a query; and its path."""
    names = operation.template.parameters
    if _ends_with_id(operation):
        return names[-1], operation.path.rpartition("/")[0]
    required = [name for name, each in operation.query.items() if each.required]
    if not names and len(required) == 1:
        return required[0], operation.path
    return None


def _find_state(root: Json, answer: Answer) -> tuple[Path, tuple[str, ...]] | None:
    """Return the shallowest field whose values name work that goes on and of its success."""
    if answer.schema is None:
        return None
    for path, _ in fields_of(root, answer.schema.raw):
        fields = schemas_at(root, answer.schema.raw, path)
        values = dict.fromkeys(value for each in fields for value in _texts(root, each))
        states = tuple(values)
        known = [found[0] for found in map(meaning_of, states) if found]
        goes_on = "pending" in known or any(meaning_of(state) is None for state in states)
        if "success" in known and goes_on and len(states) > 1:
            return path, states
    return None


def _texts(root: Json, schema: Json) -> list[str]:
    return [value for value in values_of(root, schema) if isinstance(value, str)]


def _rate(root: Json, operation: Operation, poll: Poll) -> _Rated | None:
    """Return how well a create fits a poll by its path or its states; None if it does not."""
    if f"{operation.path}/".startswith(f"{poll.operation.path}/"):
        return None
    answer = whole_answer(operation)
    if poll.collection == operation.path != poll.operation.path:
        return 100, poll, "a POST at the path to which the poll adds an id"
    if _find_state(root, answer) == (poll.state, poll.states):
        rating = 50 + _shared_steps(operation.path, poll.collection)
        return rating, poll, "its response has the states of the poll"
    return None


def _rate_id(root: Json, operation: Operation, poll: Poll) -> _Rated | None:
    """Return how well a create fits a poll by the id in its response; None if it does not."""
    if f"{operation.path}/".startswith(f"{poll.operation.path}/"):
        return None
    # What the path of a poll names beside the id has to be known when the job is created.
    others = set(poll.operation.template.parameters) - {poll.parameter}
    if others - set(operation.template.parameters):
        return None
    answer, shared = whole_answer(operation), _shared_steps(operation.path, poll.collection)
    if shared and address_headers(operation):
        return 20 + shared, poll, "its response has the address of something, near the poll's"
    if answer.schema is None or not ids_named_like(root, [answer], poll.parameter):
        return None
    if len([*fields_of(root, answer.schema.raw, depth=1)]) > _FEW:
        return None
    return 1 + shared, poll, "its response has little but an id, and the poll takes one"


def address_headers(operation: Operation) -> list[str]:
    """Return the names of the headers of a good response with the address of something."""
    names = [header.name for header in operation.success.headers]
    return [name for name in names if normalized(name).split("_")[-1] == "location"]


def _shared_steps(one: str, other: str) -> int:
    """Return how many steps two paths have in common at their start; the same end counts most."""
    steps, more = one.strip("/").split("/"), other.strip("/").split("/")
    pairs = list(zip(steps, more, strict=False))
    shared = next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))
    return shared + (_SAME_END if steps[-1] == more[-1] else 0)


_FEW = 8
_SAME_END = 20
