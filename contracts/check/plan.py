"""The requests that a check will send, and their price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ...openapi import Call, CreateOperation, Document, JobKind, Provenance
from ...openapi.text import did_you_mean
from ..budget import Budget
from .given_values import read_given_values
from .probes import CreateProbes, Probe, unbilled_probes
from .request_maker import RequestMaker
from .valid_creates import ValidCreates


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """The requests of a check.

    kind: the kind of job
    create: the operation that creates the jobs
    requests: makes further requests
    free_probes: invalid requests that no server bills, because they create nothing
    creates: the creates to send, for one job each
    fallbacks: other valid creates, in case the server rejects one of those
    create_probes: invalid creates, which a conforming server rejects and does not bill
    unused_fields: fields that no create has, because the document shows no value for them
    price: the price of one create, None if it is unknown
    currency: the code of the currency, empty if the document has no prices
    grade: operations and responses that are less certain than this are left out
    """

    kind: JobKind
    create: CreateOperation
    requests: RequestMaker = field(compare=False, repr=False)
    free_probes: tuple[Probe, ...]
    creates: tuple[Call, ...]
    fallbacks: tuple[Call, ...]
    create_probes: tuple[Probe, ...]
    unused_fields: tuple[str, ...]
    price: Decimal | None
    currency: str
    grade: Provenance

    @property
    def total(self) -> Decimal | None:
        """The price of all planned jobs, None if it is unknown."""
        return None if self.price is None else self.price * len(self.creates)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All invalid requests."""
        return (*self.free_probes, *self.create_probes)

    def has_room_for_probes(self, budget: Budget) -> bool:
        """Return True if the budget has room for an invalid create beside the first job."""
        return budget.allows(self.price, min(2, len(self.creates) + 1))

    def creates_before_probes(self, budget: Budget) -> int:
        """Return the number of creates to send before the invalid creates.

        These need room for one more job, because a server may accept and bill one. Without that
        room all creates but one come first, and the last one gets what the budget has left.
        """
        planned = len(self.creates)
        return (
            planned if budget.allows(self.price, planned + 1) else min(planned, max(1, planned - 1))
        )


def plan_check(
    document: Document,
    *,
    key: str | None,
    kind: str | None = None,
    creates: int = 1,
    grade: Provenance = Provenance.INFERRED,
    seed: int = 0,
    run_id: str = "",
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> CheckPlan:
    """Return the plan of a check that creates the cheapest jobs that the document allows.

    key: the API key to send; None to send none
    kind: the name of the kind of job; None for the first one
    creates: the number of jobs; at most one if the grade excludes polling
    grade: operations that are less certain than this are left out
    seed: varies the second job among equally cheap ones, the invalid values and the prompt
    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    fields: values of the create's request as text, by place or name; see `read_given_values`
    headers: headers of every request, by name

    Raises ValueError if there is no such kind or field.
    """
    chosen = find_kind(document, kind)
    create = first_create(chosen)
    requests = RequestMaker(
        document, create, key=key, given=read_given_values(create, fields or {}, headers or {})
    )
    can_poll = grade.covers(create.poll.operation.provenance)
    valid = ValidCreates(document, create, requests, seed=seed, run_id=run_id)
    pair = valid.pair()
    count = creates if can_poll else min(1, creates)
    planned = tuple(pair[n % len(pair)] for n in range(count))
    others = [call for call in (*pair, *valid.minimal()) if call not in planned]
    fallbacks = tuple(call for n, call in enumerate(others) if call not in others[:n])
    price = valid.price((*planned, *fallbacks))
    invalid_value = f"{_INVALID_VALUE}-{seed}" if seed else _INVALID_VALUE
    probes = CreateProbes(
        document, create, valid, requests, price=price, invalid_value=invalid_value
    )
    free = unbilled_probes(document, chosen, create, requests, invalid_value=invalid_value)
    covered = {o.id for o in document.operations.values() if grade.covers(o.provenance)}
    return CheckPlan(
        kind=chosen,
        create=create,
        requests=requests,
        free_probes=tuple(probe for probe in free if probe.call.operation_id in covered),
        creates=planned,
        fallbacks=fallbacks,
        create_probes=tuple(probes if create.operation.id in covered else ()),
        unused_fields=valid.unused_fields() if count > 1 else (),
        price=price,
        currency=create.price.currency if create.price else "",
        grade=grade,
    )


def find_kind(document: Document, name: str | None) -> JobKind:
    """Return the kind of job with a name, the first one of the document without a name.

    Raises ValueError if there is none.
    """
    if not document.kinds:
        raise ValueError("the document declares no kind of job in `x-jobs`")
    if name is None:
        return next(iter(document.kinds.values()))
    if name not in document.kinds:
        listed = f"; the kinds are {', '.join(document.kinds)}"
        near = did_you_mean(name, document.kinds) or listed
        raise ValueError(f"there is no kind {name!r}{near}")
    return document.kinds[name]


def first_create(kind: JobKind) -> CreateOperation:
    """Return the first create that needs no other job."""
    create = next((create for create in kind.creates if create.source is None), None)
    if create is None:
        raise ValueError(f"every create of the kind {kind.name!r} needs a job that it cannot make")
    return create


_INVALID_VALUE = "not-a-value"
