"""The requests that a check will send, and their price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ...openapi import Call, Document, JobRole, Provenance
from ..budget import Budget
from .probes import CreateProbes, Probe, unbilled_probes
from .valid_creates import ValidCreates


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """The requests of a check.

    free_probes: invalid requests that no server bills, because they create nothing
    creates: the creates to send, for one job each
    fallbacks: other valid creates, in case the server rejects one of those
    create_probes: invalid creates, which a conforming server rejects and does not bill
    unused_fields: fields that no create has, because the document shows no value for them
    price: the price of one create, None if it is unknown
    currency: the code of the currency, empty if the document has no prices
    grade: operations and responses that are less certain than this are left out
    """

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
    key: str,
    creates: int = 1,
    grade: Provenance = Provenance.INFERRED,
    seed: int = 0,
    run_id: str = "",
) -> CheckPlan:
    """Return the plan of a check that creates the cheapest jobs that the document allows.

    key: the API key to send
    creates: the number of jobs; at most one if the grade excludes polling
    grade: operations that are less certain than this are left out
    seed: varies the second job among equally cheap ones, the invalid values and the prompt
    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    """
    retrieve = document.by_role.get(JobRole.RETRIEVE)
    can_poll = retrieve is not None and grade.covers(retrieve.provenance)
    operation = document.by_role[JobRole.CREATE]
    valid = ValidCreates(document, key=key, seed=seed, run_id=run_id)
    invalid_value = f"{_INVALID_VALUE}-{seed}" if seed else _INVALID_VALUE
    create_probes = CreateProbes(
        document,
        valid.minimal_fields(valid.media_type),
        media_type=valid.media_type,
        key=key,
        price=valid.price,
        invalid_value=invalid_value,
    )
    free_probes = unbilled_probes(document, key=key, invalid_value=invalid_value)
    covered = {o.id for o in document.operations.values() if grade.covers(o.provenance)}
    count = creates if can_poll else min(1, creates)
    pair = valid.pair()
    planned = tuple(pair[n % len(pair)] for n in range(count))
    others = [call for call in (*pair, *valid.minimal()) if call not in planned]
    return CheckPlan(
        free_probes=tuple(probe for probe in free_probes if probe.call.operation_id in covered),
        creates=planned,
        fallbacks=tuple(call for n, call in enumerate(others) if call not in others[:n]),
        create_probes=tuple(create_probes if operation.id in covered else ()),
        unused_fields=valid.unused_fields() if count > 1 else (),
        price=valid.price,
        currency=operation.price.currency if operation.price else "",
        grade=grade,
    )


_INVALID_VALUE = "not-a-value"
