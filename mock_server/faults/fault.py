"""A fault: which calls something goes wrong with, how often, and what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...openapi import Call, Document, Operation
from ...openapi.json import Json
from ...openapi.pointer import format_pointer, parse_pointer
from ...openapi.schema_places import property_at
from ...openapi.text import quote
from ..config_schema import ConfigError, validate
from ..errors import Refusal
from .fault_effects import Effect, effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    `operations` are the ids of those that it strikes; `job` and `key` limit it to the calls about
    one job and of one sender. Of these calls it strikes `times` (None: all) from the `nth` on,
    again and again after each `every`, with a `probability`. `refusal` is the error that comes
    instead of the answer, though the call is done if it is to `commit`; `prevents` says that there
    is neither an answer nor anything done. `spoilers` change the answer on its way. `words` are
    those that it was told in.
    """

    operations: frozenset[str]
    job: str | None = None
    key: str | None = None
    nth: int = 1
    times: int | None = None
    every: int | None = None
    probability: float = 1.0
    refusal: Refusal | None = None
    commit: bool = False
    prevents: bool = False
    effects: tuple[Effect, ...] = ()
    words: Mapping[str, Json]

    @property
    def only_delays(self) -> bool:
        """Whether the answer is right, and only takes its time: then other faults strike, too."""
        return not (self.words.keys() & _WHAT - _PACE)

    def matches(self, call: Call, key: object) -> bool:
        """Whether it is for this call of this sender."""
        return (
            call.operation_id in self.operations
            and self.key in (None, key)
            and (self.job is None or self.job in call.path_parameters.values())
        )


def read_fault(document: Document, words: Mapping[str, Json]) -> Fault:
    """The fault that these words mean; raises WordsError for what cannot be.

    The words are those of `Fault` in `config.schema.json`.
    """
    validate("Fault", words)
    _require_sense(words)
    operations = _operations(document, words)
    _require_aim(document, operations, words)
    _require_places(document, operations, words)
    return Fault(
        operations=frozenset(operation.id for operation in operations),
        **{name: words[name] for name in _WHERE if name in words},
        refusal=_refusal(document, operations, words) if "status" in words else None,
        prevents=words.get("reset") == "before",
        effects=effects(document, words),
        words=dict(words),
    )


def _require_sense(words: Mapping[str, Json]) -> None:
    """Raises WordsError for words that say nothing, or not the same, whatever the document."""
    if not words.keys() & _WHAT:
        raise ConfigError("", f"says nothing that goes wrong: one of {', '.join(sorted(_WHAT))}")
    breaks = [name for name in ("reset", "lost", "cut") if name in words]
    if len(breaks) > 1:
        raise ConfigError(f"/{breaks[1]}", f"an answer breaks once: {breaks[0]} or {breaks[1]}")
    if words.get("reset") == "before":
        for name in sorted(words.keys() & _WHAT - _PACE - {"reset"}):
            raise ConfigError(f"/{name}", "there is no answer where the connection is reset before")
    for name in ("code", "retry_after", "commit"):
        if name in words and "status" not in words:
            raise ConfigError(f"/{name}", "is for an error, and needs status")
    if "lost" in words and "status" in words and not words.get("commit"):
        reason = "the call is done if its answer is lost, and is not with this error but to commit"
        raise ConfigError("/status", reason)
    if words.get("times", 1) > words.get("every", words.get("times", 1)):
        raise ConfigError("/times", f"of every {words['every']} calls no more can be struck")


def _operations(document: Document, words: Mapping[str, Json]) -> list[Operation]:
    """The operations that are struck; where none is named, all that have the answer asked for."""
    name, status = words.get("operation"), words.get("status")
    known = document.operations.values()
    if name is None:
        return [o for o in known if status is None or status in o.responses]
    found = [o for o in known if name in (o.id, o.role)]
    if not found:
        listed = ", ".join(document.operations)
        raise ConfigError("/operation", f"there is no operation {name!r}, only {listed}")
    return found


def _refusal(document: Document, operations: list[Operation], words: Mapping[str, Json]) -> Refusal:
    envelope, status, code = document.envelope, words["status"], words.get("code")
    cause = envelope.cause_of_status(status, code)
    lacking = next((o for o in operations if status not in o.responses), None)
    if cause is None or lacking or not operations:
        some = [lacking] if lacking else operations or [*document.operations.values()]
        answers = [
            a for a in envelope.answers.values() if any(a.status in o.responses for o in some)
        ]
        known = ", ".join(dict.fromkeys(f"{a.status} {a.code}" for a in answers))
        lacks = f"{some[0].id} has no" if len(some) == 1 else "no operation has a"
        asked = f"{status} {code}" if code else status
        raise ConfigError("/status", f"{lacks} documented answer {asked}, only {known}")
    headers = {}
    if "retry_after" in words:
        if envelope.retry_seconds is None:
            reason = "the document names no header for it (x-error-envelope/retry_after)"
            raise ConfigError("/retry_after", reason)
        headers[envelope.retry_seconds] = str(int(words["retry_after"]))
    to = operations[0].id if len(operations) == 1 else "this operation"
    return Refusal(cause, f"This answer to {to} was asked for.", headers=headers)


def _require_aim(
    document: Document, operations: list[Operation], words: Mapping[str, Json]
) -> None:
    """Raises WordsError for a fault that would never be seen, or be no fault."""
    if "job" in words and not any(operation.template.parameters for operation in operations):
        raise ConfigError("/job", "no call of these operations is about a job that there is")
    if words.get("state") in document.lifecycle.states:
        reason = f"must be one that the document does not know, not {quote(words['state'])}"
        raise ConfigError("/state", f"{reason}; what becomes of a job is a matter of its scenario")


def _require_places(
    document: Document, operations: list[Operation], words: Mapping[str, Json]
) -> None:
    """Raises WordsError for a field that no answer of these operations has."""
    schemas = [s for o in operations for r in o.responses.values() for s in r.content.values() if s]
    places = [("/drop", words["drop"])] if "drop" in words else []
    places += [("/change" + format_pointer([p]), p) for p in words.get("change", {})]
    if "state" in words and not any(operation.page for operation in operations):
        places.append(("/state", format_pointer(document.lifecycle.state_at)))
    for at, pointer in places:
        path = parse_pointer(pointer)
        if all(property_at(document.source.data, schema.raw, path) is None for schema in schemas):
            raise ConfigError(at, f"no answer of these operations has a field at {pointer}")


_WHERE = ("job", "key", "nth", "times", "every", "probability", "commit")
_PACE = {"latency", "slow"}
_WHAT = {
    *("status", "reset", "lost", "cut", "body", "content_type", "drop", "change", "state"),
    *_PACE,
}
