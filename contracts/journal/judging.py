"""Clients judged by their requests to one server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from ...openapi import Document
from ...openapi.operation import CREATE_ROLES
from ..rules.client.check_client import check_client
from ..rules.client.duplicates import Duplicate, all_duplicates, create_price
from ..rules.client.request_parser import RequestParser
from ..rules.client_catalogue import DUPLICATE_JOB
from ..traffic.exchange import Exchange
from ..traffic.job_views import jobs_in
from .client_verdict import ClientVerdict
from .log import Item


def judge_clients(
    document: Document, history: Sequence[Item], *, first: int = 1, forgotten: int = 0
) -> ClientVerdict:
    """The verdict on the clients of one server. `history` are their last requests in their order,
    of which the first has the number `first`; before them, `forgotten` ones have come.
    """
    found = check_client(document, history, whole=not forgotten, first=first)
    twice = any(violation.code == DUPLICATE_JOB.code for violation in found)
    again = [*_duplicates(document, history)] if twice else []
    prices = [price for each in again if (price := create_price(each.create.exchange))]
    return ClientVerdict(
        violations=found,
        seen=len(history) + forgotten,
        judged=len(history),
        jobs=len(set(_made(document, history))),
        duplicates=len(again),
        cost=sum((value for value, _ in prices), Decimal(0)) if prices else None,
        currency=next((currency for _, currency in prices), ""),
    )


def _duplicates(document: Document, history: Iterable[Item]) -> Iterator[Duplicate]:
    parser = RequestParser(document)
    made = (
        parser.parse(item, number)
        for number, item in enumerate(history, start=1)
        if isinstance(item, Exchange)
    )
    return all_duplicates(parser, [*made])


def _made(document: Document, history: Iterable[Item]) -> Iterator[str]:
    """The jobs that were made, also by answers that nobody has seen."""
    for item in history:
        if isinstance(item, Exchange) and item.operation.role in CREATE_ROLES:
            answered = replace(item, reply=item.undelivered_reply or item.reply)
            yield from (sighting.job_id for sighting in jobs_in(document, answered))
