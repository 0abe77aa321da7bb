"""The pending jobs of each API key, and the price of all of its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ...openapi.jobs import Meaning
from ..jobs.job import Job, observe
from ..jobs.store import Store


@dataclass(slots=True)
class _Usage:
    """The usage of one key.

    Args:
        pending: the jobs that were pending at the last update, with their prices, by id.
        spent: the total price of the other jobs.
    """

    pending: dict[str, tuple[Job, Decimal]] = field(default_factory=dict)
    spent: Decimal = Decimal(0)


class JobUsage:
    """The pending jobs of each API key, and what its jobs cost; only success costs something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._usages: dict[str, _Usage] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._usages

    def __iter__(self) -> Iterator[str]:
        return iter(self._usages)

    def add(self, key: str, job: Job, price: Decimal) -> None:
        """Add a new job of a key."""
        self._usages.setdefault(key, _Usage()).pending[job.id] = job, price

    def update(self, key: str, now: float) -> list[Job]:
        """Charge the jobs that have ended, and return the pending jobs as they are stored."""
        usage, pending = self._usages.get(key, _Usage()), []
        for created, price in [*usage.pending.values()]:
            stored = self._store.get(created.id)
            snapshot = observe(stored or created, now)
            if stored and not snapshot.has_ended:
                pending.append(stored)
                continue
            del usage.pending[created.id]
            if snapshot.meaning is Meaning.SUCCESS or not snapshot.has_ended:
                usage.spent += price
        if not usage.pending and not usage.spent:
            self._usages.pop(key, None)
        return pending

    def total(self, key: str) -> Decimal:
        """Return the price of all jobs of a key, pending ones included."""
        usage = self._usages.get(key, _Usage())
        return sum((price for _, price in usage.pending.values()), usage.spent)

    def clear(self) -> None:
        """Forget all jobs."""
        self._usages.clear()
