"""Clients judged by their requests to one server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from ...openapi import Document, JobRole
from ..client_catalogue import MADE_TWICE
from ..clients.client import check_client
from ..exchange import Exchange
from ..sighting import sightings
from .client_verdict import ClientVerdict
from .log import Item


def judge_clients(
    document: Document, history: Sequence[Item], *, first: int = 1, forgotten: int = 0
) -> ClientVerdict:
    """The verdict on the clients of one server. `history` are their last requests in their order,
    of which the first has the number `first`; before them, `forgotten` ones have come.
    """
    found = check_client(document, history, whole=not forgotten, first=first)
    # One violation is about all requests that made the same job, of which one would have done.
    again = [n for v in found if v.code == MADE_TWICE.code for n in v.numbers[1:]]
    prices = [price for number in again for price in _prices(history[number - first])]
    return ClientVerdict(
        violations=found,
        seen=len(history) + forgotten,
        judged=len(history),
        jobs=len(set(_made(document, history))),
        duplicates=len(again),
        cost=sum((value for value, _ in prices), Decimal(0)) if prices else None,
        currency=next((currency for _, currency in prices), ""),
    )


def _made(document: Document, history: Iterable[Item]) -> Iterator[str]:
    """The jobs that were made, also by answers that nobody has seen."""
    for item in history:
        if isinstance(item, Exchange) and item.operation.role in _MAKING:
            answered = replace(item, reply=item.unseen or item.reply)
            yield from (sighting.job_id for sighting in sightings(document, answered))


def _prices(made: Item) -> Iterator[tuple[Decimal, str]]:
    """What a job costs, with its currency; nothing where nobody knows."""
    if not isinstance(made, Exchange) or made.operation.price is None:
        return
    operation, price = made.operation, made.operation.price
    names = [name for body in operation.bodies.values() for name in body.properties]
    usual = {name: operation.default(name) for name in names}
    with suppress(ArithmeticError):  # a value that the server should have refused
        yield price.of({**usual, **made.fields}), price.currency


_MAKING = (JobRole.CREATE, JobRole.REMIX)
