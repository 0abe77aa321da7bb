"""The guesses about one kind of job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..jobs.answer import whole_answer
from ..jobs.finder import ids_named_like
from ..json import Json
from ..operation import Operation
from ..pointer import format_pointer
from ..schema_places import fields_of
from ..words import meaning_of, normalized, purpose_of, rank_of, well_known
from .fields import guess_addresses, guess_expiry, guess_fields, guess_media, media_types_in
from .guess import Guess, KindDraft
from .operations import Poll, address_headers


def draft_kind(
    root: Json,
    name: str,
    poll: Poll,
    creates: Iterable[tuple[Operation, str]],
    operations: list[Operation],
) -> KindDraft:
    """Return the draft of one kind of job, of which nothing has been tried yet."""
    kind = KindDraft(name)
    made = list(creates)
    kind.guesses += [Guess("create", o.id, o.id, reason) for o, reason in made]
    kind.guesses.append(_poll_guess(poll))
    answers = [*(whole_answer(create) for create, _ in made), whole_answer(poll.operation)]
    ids = ids_named_like(root, answers, poll.parameter)
    states = list(_states(poll, kind))
    canceled = [guess.key for guess in states if guess.value == "canceled"]
    kind.guesses += _others(root, poll, operations, canceled)
    if ids:
        reason = f'it is named as the end of "{poll.parameter}", which the poll takes'
        kind.guesses.append(Guess("id", None, format_pointer(ids[0]), reason))
    reason = "the shallowest field that lists states of work"
    kind.guesses.append(Guess("state", None, format_pointer(poll.state), reason))
    kind.guesses += states
    headers = {name: None for create, _ in made for name in address_headers(create)}
    for name in headers:
        reason = "its name says that it is an address, that of the poll"
        kind.guesses.append(Guess("fields", f"header.{name}", {"url": "poll"}, reason))
    kind.open += _posts_below(poll, operations, kind)
    _add_fields(root, kind, poll, [create for create, _ in made])
    return kind


def _add_fields(root: Json, kind: KindDraft, poll: Poll, creates: list[Operation]) -> None:
    """Add the guesses about the fields of the job and of the request."""
    schema = whole_answer(poll.operation).schema
    requests = [body.schema.raw for create in creates for body in create.bodies.values()]
    sent = {path[-1] for each in requests for path, _ in fields_of(root, each, depth=2)}
    guesses = list[Guess]()
    if schema:
        for each in guess_fields(root, schema.raw, sent=sent, subject=poll.operation.path):
            if isinstance(each, str):
                kind.open.append(each)
            elif each.key != format_pointer(poll.state):
                guesses.append(each)
    for operation in (*creates, poll.operation):
        body = whole_answer(operation).schema
        guesses += guess_addresses(root, body.raw) if body else ()
    words = {guess.word for guess in kind.guesses}
    paths = " ".join(operation.path for operation in (*creates, poll.operation))
    has_files = "result" in words or any("file" in guess.value for guess in guesses)
    if has_files or media_types_in(paths):
        guesses += [guess for request in requests for guess in guess_media(root, request)]
        guesses += guess_expiry(root, schema.raw) if schema else ()
    known = {(guess.word, guess.key): guess for guess in reversed(guesses)}
    kept = [guess for guess in guesses if known[guess.word, guess.key] is guess]
    addresses = {"cancel"} - words
    kept = [guess for guess in kept if guess.value not in [{"url": word} for word in addresses]]
    kind.guesses += sorted(kept, key=lambda guess: _ORDER.index(guess.word))


def _poll_guess(poll: Poll) -> Guess:
    if poll.parameter in poll.operation.template.parameters:
        return Guess("poll", None, poll.operation.id, "a GET with an id, whose response has states")
    value = {"operation": poll.operation.id, "id": f"query.{poll.parameter}"}
    return Guess("poll", None, value, "a GET with one required parameter, and states")


def _states(poll: Poll, kind: KindDraft) -> Iterator[Guess]:
    """Yield the states in the order of life; those without a well-known word are open."""
    known = {state: meaning_of(state) for state in poll.states}
    first_success = next(
        index for index, found in enumerate(known.values()) if found and found[0] == "success"
    )
    meanings: dict[str, tuple[str, str]] = {}
    for index, (state, found) in enumerate(known.items()):
        if found:
            meanings[state] = (found[0], f'"{found[1]}" is a well-known word')
        elif index < first_success:
            reason = "a guess: it stands before the success; or failure, canceled, success"
            meanings[state] = ("pending", reason)
        else:
            kind.open.append(f"states {state}: pending, success, failure, canceled or unknown?")
    is_guessed = any(found is None for found in known.values())
    if not is_guessed:
        meanings = dict(sorted(meanings.items(), key=lambda each: rank_of(each[0])))
    order = ("pending", "success", "failure", "canceled", "unknown")
    for state, (meaning, reason) in sorted(
        meanings.items(), key=lambda each: order.index(each[1][0])
    ):
        yield Guess("states", state, meaning, reason)


def _others(
    root: Json, poll: Poll, operations: list[Operation], canceled: list[str | None]
) -> Iterator[Guess]:
    """Yield the operations at the path of the poll, above it and below it."""
    path = poll.operation.path
    is_path = poll.collection != path
    for operation in operations:
        last = normalized(operation.path.rpartition("/")[2])
        below = operation.path.rpartition("/")[0] == path and is_path
        if operation.method == "GET" and operation.path == poll.collection and is_path:
            yield Guess("list", None, _list(root, operation), "a GET at the path before the id")
        elif below and last in well_known()["cancel"] and canceled:
            value = {"operation": operation.id, "next": canceled[0]}
            yield Guess("cancel", None, value, f'its path ends with "{last}"')
        elif below and operation.method == "GET" and last in well_known()["result"]:
            yield Guess("result", None, operation.id, f'its path ends with "{last}"')
        elif operation.method == "DELETE" and operation.path == path:
            answer = whole_answer(operation)
            states = [f for f, _ in fields_of(root, answer.schema.raw)] if answer.schema else []
            if canceled and poll.state in states:
                value = {"operation": operation.id, "next": canceled[0]}
                yield Guess("cancel", None, value, "a DELETE whose response has the state; delete?")
            else:
                yield Guess("delete", None, operation.id, "a DELETE at the path of the poll")


def _posts_below(poll: Poll, operations: list[Operation], kind: KindDraft) -> Iterator[str]:
    """Yield the question about each POST for one job whose purpose is not plain."""
    known = str([guess.value for guess in kind.guesses if guess.word == "cancel"])
    for operation in operations:
        is_below = f"{operation.path}/".startswith(f"{poll.operation.path}/")
        if operation.method == "POST" and is_below and repr(operation.id) not in known:
            choice = "create, with source (a new job of this one); cancel; or none of them?"
            yield f"{operation.id}, a POST for one job: {choice}"


def _list(root: Json, operation: Operation) -> Json:
    """Return the list with the places of its pages that have well-known names."""
    words, value = well_known()["list"], {"operation": operation.id}
    schema = whole_answer(operation).schema
    for path, _ in fields_of(root, schema.raw, depth=2) if schema else ():
        if word := purpose_of(path[-1], words["response"]):
            value.setdefault(word, format_pointer(path))
    for name in operation.query:
        if word := purpose_of(name, words["request"]):
            value.setdefault(word, f"query.{name}")
    return value if len(value) > 1 else operation.id


_ORDER = ("fields", "failures", "media", "expires")
