"""The first kind of job as one lifecycle, for what knows a single kind of job yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..event import JobEvent
from ..json import Json
from ..lifecycle import Echo, Ending, Failure, Lifecycle, PollHint, State, Timestamp
from ..operation import (
    JobRole,
    MediaFields,
    Operation,
    Pagination,
    Parameter,
    Provenance,
)
from ..pointer import Path, get
from ..price import Price, Rate
from ..schema import Schemas, template_of
from .kind import JobKind, Webhook
from .operations import CreateOperation, ListOperation, ResultOperation
from .operations import JobRole as Role
from .place import Part, Place
from .sources import (
    Constant,
    FailureDetail,
    FromJob,
    FromRequest,
    FromSource,
    JobField,
    Moment,
    NewId,
    Progress,
    RetryHint,
)
from .states import Meaning
from .webhook_compiler import webhook_body


def single_lifecycle(kind: JobKind) -> Lifecycle:
    """Return the lifecycle of a kind of job."""
    fields = [field for field in kind.creates[0].fields if field.place.part is Part.BODY]
    fields += [f for create in kind.creates for f in create.fields if f not in fields]
    body = [field for field in fields if field.place.part is Part.BODY]
    return Lifecycle(
        id_at=kind.id_at or (),
        id_prefix=prefix_of(kind.id_pattern),
        state_at=kind.state_at,
        initial=kind.lifecycle.initial.name,
        states=_states(kind),
        progress_at=_path_of(body, Progress),
        timestamps=tuple(stamp for field in body for stamp in _timestamps(kind, field)),
        expiry_at=kind.expires_at,
        failure=_failure(kind, body),
        immutable=tuple(_immutable(kind, body)),
        echoes=tuple(_echoes(body)),
        source_at=_path_of(body, FromSource),
        poll_hint=_poll_hint(fields),
    )


def prefix_of(pattern: str) -> str:
    """Return the literal start of a regular expression: `video_` of `^video_[0-9a-f]{32}$`."""
    end = next((i for i, c in enumerate(pattern[1:], 1) if not (c.isalnum() or c in "_-")), 0)
    return pattern[1:end] if pattern.startswith("^") else ""


def _states(kind: JobKind) -> dict[str, State]:
    pending = [s for s in kind.lifecycle.of_job() if not s.meaning.is_terminal]
    later, progress = sum(s.seconds for s in pending[1:]), 1.0
    states: dict[str, State] = {}
    for state in kind.lifecycle.of_job():
        span: tuple[int, int] | None = None
        if state is pending[0]:
            span = (0, 0)
        elif not state.meaning.is_terminal:
            start, progress = progress, progress + (98 * state.seconds / later if later else 0)
            span = (round(start), round(progress))
        elif state.meaning is Meaning.SUCCESS:
            span = (100, 100)
        states[state.name] = State(
            name=state.name,
            next=state.next,
            ends=_ENDINGS.get(state.meaning),
            progress=span,
            seconds=state.seconds,
            scale={place.name: factors for place, factors in state.scale.items()},
        )
    return states


def _path_of(fields: list[JobField], source: type) -> Path | None:
    return next((f.place.path for f in fields if isinstance(f.source, source)), None)


def _timestamps(kind: JobKind, field: JobField) -> Iterator[Timestamp]:
    source, initial = field.source, kind.lifecycle.initial.name
    if not isinstance(source, Moment):
        return
    every = {state.name for state in kind.lifecycle.of_job()}
    if source.event == "created":
        set_on = [initial] if field.possible == every else sorted(field.possible)
    else:
        set_on = [name for name in kind.lifecycle.states if name in source.entered & field.possible]
    for name in set_on:
        base = initial if source.event == "created" else name
        yield Timestamp(field.place.path, name, base, source.plus_seconds)


def _failure(kind: JobKind, fields: list[JobField]) -> Failure | None:
    paths = {f.source.detail: f.place.path for f in fields if isinstance(f.source, FailureDetail)}
    if paths.keys() != {"code", "message"}:
        return None
    code, message = paths["code"], paths["message"]
    shared = [step for step, other in zip(code, message, strict=False) if step == other]
    reasons = {failure.code: failure.message for failure in kind.creates[0].failures}
    moderation = next((f.code for f in kind.creates[0].failures if f.moderation), None)
    return Failure(tuple(shared), code, message, reasons, moderation)


def _immutable(kind: JobKind, fields: list[JobField]) -> Iterator[Path]:
    if kind.id_at:
        yield kind.id_at
    for field in fields:
        source = field.source
        created = isinstance(source, Moment) and source.event == "created"
        constant = isinstance(source, FromRequest | Constant | NewId | FromSource)
        if constant or (created and kind.lifecycle.initial.name in field.due):
            yield field.place.path


def _echoes(fields: list[JobField]) -> Iterator[Echo]:
    for field in fields:
        if isinstance(field.source, FromRequest) and len(field.source.place.path) == 1:
            yield Echo(field.source.place.name, field.place.path)


def _poll_hint(fields: list[JobField]) -> PollHint | None:
    for field in fields:
        if isinstance(field.source, RetryHint) and field.place.part is Part.HEADER:
            units = {"seconds": 1, "milliseconds": 1000}
            return PollHint(field.place.name, units[field.source.unit])
    return None


def with_roles(operations: Mapping[str, Operation], kind: JobKind) -> dict[str, Operation]:
    """Return the operations with their roles for a kind of job."""
    known = dict(operations)
    for each in kind.operations():
        if each.role is Role.CANCEL:
            continue
        operation, media = each.operation, kind.creates[0].media
        changed = replace(operation, role=_role(each.role.value, each))
        if isinstance(each, CreateOperation) and each.price:
            changed = replace(changed, price=_price(each.price))
        if isinstance(each, ListOperation):
            changed = replace(changed, page=_page(each))
        if isinstance(each, ResultOperation):
            names = MediaFields(_name(media.size), _name(media.duration))
            changed = replace(changed, media=names, query=_with_variants(operation, each))
        known[operation.id] = changed
    return known


def _role(word: str, operation: object) -> JobRole:
    if isinstance(operation, CreateOperation) and operation.source:
        return JobRole.REMIX
    return JobRole({"poll": "retrieve", "result": "content"}.get(word, word))


def _name(place: Place | None) -> str | None:
    return place.name if place else None


def _price(price: Price) -> Price:
    rates = tuple(
        Rate({place.lstrip("/"): v for place, v in rate.when.items()}, rate.amount)
        for rate in price.rates
    )
    return Price(price.currency, price.per.lstrip("/") if price.per else None, rates)


def _page(listing: ListOperation) -> Pagination:
    places = {"items": listing.items}
    names = {"first": "first", "last": "last", "more": "more", "next_page": "next"}
    places |= {names[word]: path for word, path in listing.places.items() if word in names}
    order, words = listing.order or (None, {})
    descending = next((word for word, way in words.items() if way == "descending"), None)
    return Pagination(
        places,
        _name(listing.limit) or "",
        _name(listing.after or listing.cursor) or "",
        _name(order),
        descending,
    )


def _with_variants(operation: Operation, result: ResultOperation) -> dict[str, Parameter]:
    query = dict(operation.query)
    if result.variants:
        place, media_types = result.variants
        query[place.name] = replace(query[place.name], variants=media_types)
    return query


def single_events(schemas: Schemas, kind: JobKind) -> Iterator[JobEvent]:
    """Yield the webhooks of a kind of job, one for each final state."""
    for webhook in kind.webhooks:
        schema = webhook_body(schemas, webhook.name or "")
        if schema is None or webhook.body is None or kind.id_at is None:
            continue
        sources = {type(field.source): field for field in webhook.body}
        for state in sorted(webhook.states):
            yield JobEvent(
                name=webhook.name or "",
                state=state,
                provenance=_provenance(schemas.root, webhook),
                schema=schema,
                template=template_of(schemas.root, schema.raw),
                id_at=sources[NewId].place.path,
                id_prefix=prefix_of(_pattern(sources[NewId])),
                job_at=sources[FromJob].place.path,
                name_at=sources[Constant].place.path if Constant in sources else None,
                moment_at=sources[Moment].place.path if Moment in sources else None,
            )


def _pattern(field: JobField) -> str:
    return field.source.pattern if isinstance(field.source, NewId) else ""


def _provenance(root: Json, webhook: Webhook) -> Provenance:
    operation = get(root, ("webhooks", webhook.name or "", "post"))
    return Provenance(operation.get("x-provenance", Provenance.DOCUMENTED))


_ENDINGS = {
    Meaning.SUCCESS: Ending.SUCCESS,
    Meaning.FAILURE: Ending.FAILURE,
    Meaning.CANCELED: Ending.FAILURE,
}
