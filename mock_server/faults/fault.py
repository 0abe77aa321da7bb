"""A fault: the calls that it affects, how often, and its effect."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...openapi import Call, Document, Operation
from ...openapi.credentials import mask_key
from ...openapi.envelope import usual_cause
from ...openapi.jobs import CreateOperation, JobRole, Part, Place
from ...openapi.json import Json
from ...openapi.pointer import format_pointer, parse_pointer
from ...openapi.text import did_you_mean, quote
from ..config_schema import validate
from ..errors import ConfigError, Refusal
from .fault_effects import Effect, build_effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A simulated failure of calls.

    Args:
        operations: the ids of the affected operations.
        job: a job id; if set, only calls whose path contains it match. With "each", calls about any
            job match, and are counted for each job.
        key: an API key; if set, only calls with this key match.
        nth: the first matching call that is affected, counted from 1.
        times: the number of affected calls, None for all.
        every: the number of calls after which the count starts again, None for never.
        probability: the probability that a call is affected, from 0 to 1.
        refusal: the error response that is sent instead of the real response.
        commit: True if the operation is carried out although `refusal` is sent.
        prevents: True if the operation is not carried out and no response is sent.
        effects: changes to the response and its delivery.
        ignore_range: True if the response has the whole file, not the requested part.
        list_delay: the seconds before a list shows a new job.
        webhook: how the events of the created job are sent: "lost", "twice" or {"late": seconds}.
        job_places: the place of the job id in the calls of each operation, for "each".
        options: the options from which this fault was read.
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
    ignore_range: bool = False
    list_delay: float = 0.0
    webhook: Json = None
    job_places: Mapping[str, Place]
    options: Mapping[str, Json]

    @property
    def only_delays(self) -> bool:
        """True if the response is only slower; other faults then apply to the same call, too."""
        return not (self.options.keys() & _EFFECTS - _DELAYS)

    @property
    def redacted_options(self) -> Mapping[str, Json]:
        """The options with a masked API key."""
        options = self.options
        return {**options, "key": mask_key(options["key"])} if "key" in options else options

    def __str__(self) -> str:
        """Return the options in one line, as `serve --fault` takes them."""
        texts = ((name, _to_text(value)) for name, value in self.redacted_options.items())
        return ", ".join(f"{name}: {text}" for name, text in texts)

    def matches(self, call: Call, key: object) -> bool:
        """True if this fault affects a call with this API key, apart from its count."""
        return (
            call.operation_id in self.operations
            and self.key in (None, key)
            and (self.job is None or self._is_about_job(call, self.job))
        )

    def counted_job(self, call: Call) -> str | None:
        """Return the job whose calls are counted by themselves, None if all calls are counted."""
        place = self.job_places.get(call.operation_id) if self.job == EACH else None
        return None if place is None else _read_id(call, place)

    def _is_about_job(self, call: Call, job: str) -> bool:
        return self.counted_job(call) is not None if job == EACH else _is_about(call, job)


def _is_about(call: Call, job: str) -> bool:
    return job in call.path_parameters.values() or any(job == value for _, value in call.query)


def _read_id(call: Call, place: Place) -> str | None:
    """Return the job id at a place of the path or the query, None if the call has none."""
    values = call.path_parameters if place.part is Part.PATH else dict(call.query)
    return values.get(place.name)


def read_fault(document: Document, options: Mapping[str, Json]) -> Fault:
    """Return the fault with these options, which `Fault` in `config.schema.json` describes.

    Raises ConfigError if an option is invalid or does not fit the document.
    """
    validate("Fault", options)
    _check_combination(options)
    operations = _find_operations(document, options)
    _check_targets(document, operations, options)
    _check_fields(document, operations, options)
    refusal = _error_response(document, operations, options) if "status" in options else None
    return Fault(
        operations=frozenset(operation.id for operation in operations),
        **{name: options[name] for name in _COPIED_OPTIONS if name in options},
        refusal=refusal,
        prevents=options.get("reset") == "before",
        effects=build_effects(document, options),
        job_places={
            operation.id: role.id
            for operation in operations
            for role in document.roles.get(operation.id, ())
            if role.id is not None and role.id.part in (Part.PATH, Part.QUERY)
        },
        options=dict(options),
    )


def _check_combination(options: Mapping[str, Json]) -> None:
    """Raise ConfigError if an option is missing, or excluded by another one."""
    if not options.keys() & _EFFECTS:
        raise ConfigError("", f"must have at least one of {', '.join(sorted(_EFFECTS))}")
    breaks = [name for name in ("reset", "lost", "cut") if name in options]
    if len(breaks) > 1:
        raise ConfigError(f"/{breaks[1]}", f"cannot be combined with {breaks[0]}")
    if options.get("reset") == "before":
        for name in sorted(options.keys() & _EFFECTS - _DELAYS - {"reset"}):
            raise ConfigError(f"/{name}", "cannot be combined with reset: before (no response)")
    for name in ("code", "retry_after", "commit"):
        if name in options and "status" not in options:
            raise ConfigError(f"/{name}", "requires status")
    if "lost" in options and "status" in options and not options.get("commit"):
        raise ConfigError("/status", "requires commit: true, because lost carries out the call")
    if options.get("times", 1) > options.get("every", options.get("times", 1)):
        raise ConfigError("/times", f"must be at most every ({options['every']})")


def _find_operations(document: Document, options: Mapping[str, Json]) -> list[Operation]:
    """Return the named operation, or else all operations that declare the status."""
    name, status = options.get("operation"), options.get("status")
    known = document.operations.values()
    if name is None:
        return [o for o in known if status is None or status in o.responses]
    found = [o for o in known if name == o.id]
    if not found:
        found = [o for o in known if has_role(document, o.id, str(name))]
        found = [o for o in found if status is None or status in o.responses] or found
    if not found:
        ids = document.operations
        reason = f"must be one of {', '.join(ids)}, not {quote(name)}{did_you_mean(str(name), ids)}"
        raise ConfigError("/operation", reason)
    return found


def has_role(document: Document, operation_id: str, word: str) -> bool:
    """Return True if an operation has a role for jobs, which may have its earlier name."""
    roles = document.roles.get(operation_id, ())
    if word == _REMIX:
        return any(isinstance(role, CreateOperation) and role.source for role in roles)
    return any(role.role == _EARLIER_ROLES.get(word, word) for role in roles)


def _names_a_job(document: Document, operation: Operation) -> bool:
    roles = document.roles.get(operation.id, ())
    return any(role.id or (isinstance(role, CreateOperation) and role.source) for role in roles)


def _error_response(
    document: Document, operations: list[Operation], options: Mapping[str, Json]
) -> Refusal:
    envelope, status, code = document.envelope, options["status"], options.get("code")
    cause = envelope.cause_of_status(status, code)
    if cause is None and code is None:
        cause = usual_cause(status)
    lacking = next((o for o in operations if status not in o.responses), None)
    if cause is None or lacking or not operations:
        some = [lacking] if lacking else operations or [*document.operations.values()]
        raise _undocumented_response(document, some, options)
    wait = options.get("retry_after")
    if isinstance(wait, dict):
        wait = wait["date"]
        if envelope.retry_seconds is None:
            raise ConfigError("/retry_after/date", "the document declares no header for it")
    if wait is not None and envelope.retry_seconds is None and not envelope.retry_places:
        raise ConfigError("/retry_after", "the document declares no place for it (x-errors)")
    target = operations[0].id if len(operations) == 1 else "this operation"
    message = f"Simulated error response of {target}."
    return Refusal(cause, message, status=status, wait=wait)


def _undocumented_response(
    document: Document, operations: list[Operation], options: Mapping[str, Json]
) -> ConfigError:
    errors = document.envelope.responses.values()
    known = [e for e in errors if any(e.status in o.responses for o in operations)]
    listed = ", ".join(dict.fromkeys(f"{e.status} {e.code}" for e in known))
    subject = f"{operations[0].id} has no" if len(operations) == 1 else "no operation has a"
    wanted = " ".join(str(options[name]) for name in ("status", "code") if name in options)
    return ConfigError("/status", f"{subject} documented response {wanted}, only {listed}")


def _check_targets(
    document: Document, operations: list[Operation], options: Mapping[str, Json]
) -> None:
    """Raise ConfigError if the fault could never match a call, or would not be a fault."""
    if "job" in options and not any(_names_a_job(document, each) for each in operations):
        raise ConfigError("/job", "none of these operations has a job id in its path")
    roles = {role.role for each in operations for role in document.roles.get(each.id, ())}
    for name, role, does in _REQUIRED_ROLES:
        if name in options and role not in roles:
            raise ConfigError(f"/{name}", f"none of these operations {does}")
    states = {name for kind in document.kinds.values() for name in kind.lifecycle.states}
    if options.get("state") in states:
        reason = f"must be unknown to the document, not {quote(options['state'])}"
        raise ConfigError("/state", f"{reason}; use a scenario to choose a declared state")


def _check_fields(
    document: Document, operations: list[Operation], options: Mapping[str, Json]
) -> None:
    """Raise ConfigError if no response of these operations has a field that the options name."""
    schemas = [s for o in operations for r in o.responses.values() for s in r.content.values() if s]
    for at, pointer in _named_fields(document, operations, options):
        path = parse_pointer(pointer)
        if all(not schema.schemas_at(path) for schema in schemas):
            names = [*dict.fromkeys(n for s in schemas for n in s.raw.get("properties", {}))]
            suggestion = did_you_mean(pointer, [format_pointer([name]) for name in names])
            reason = f"no response of these operations has a field at {pointer}{suggestion}"
            raise ConfigError(at, reason)


def _named_fields(
    document: Document, operations: list[Operation], options: Mapping[str, Json]
) -> Iterable[tuple[str, str]]:
    """Yield the pointers of the fields in a response, each after its place in the options."""
    if "drop" in options:
        yield "/drop", options["drop"]
    for pointer in options.get("change", {}):
        yield "/change" + format_pointer([pointer]), pointer
    roles = [role for operation in operations for role in document.roles.get(operation.id, ())]
    if "state" in options and not any(role.role is JobRole.LIST for role in roles):
        role = next(iter(roles), None)
        kind = document.kinds[role.kind] if role else next(iter(document.kinds.values()))
        yield "/state", format_pointer((*(role.job_at if role else ()), *kind.state_at))


def _to_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_REQUIRED_ROLES = (
    ("ignore_range", JobRole.RESULT, "returns the file of a job"),
    ("list_delay", JobRole.LIST, "lists jobs"),
    ("webhook", JobRole.CREATE, "creates a job"),
)
# The names of roles in configurations for earlier versions.
_EARLIER_ROLES = {"retrieve": "poll", "content": "result"}
_REMIX = "remix"
EACH = "each"
"""The value of `job` that counts the calls about each job by themselves."""

_COPIED_OPTIONS = (
    *("job", "key", "nth", "times", "every", "probability", "commit"),
    *("ignore_range", "list_delay", "webhook"),
)
_DELAYS = {"latency", "slow"}
_EFFECTS = {
    *("status", "reset", "lost", "cut", "body", "content_type", "drop", "change", "state"),
    *("ignore_range", "list_delay", "webhook"),
    *_DELAYS,
}
