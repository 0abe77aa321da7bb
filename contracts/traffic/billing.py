"""The price of a create, and the responses after which no job can be billed."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus

from ...openapi import Cause, Document, Operation, Reply
from ...openapi.conformance import reply_problems
from ...openapi.envelope import USUAL_STATUSES
from ...openapi.jobs import parse_place
from ...openapi.pointer import get_or_none
from .exchange import Exchange
from .job_views import json_body


def is_documented_error(document: Document, operation: Operation, reply: Reply) -> bool:
    """Return True if the document lists the status of an error, and the error looks like one of it.

    Proxies respond with the same statuses, but not in the envelope. If the document says neither
    how errors look nor that the operation has this status, any JSON object is one.
    """
    declared = document.envelope.declared
    if reply.status not in operation.responses:
        if not declared:
            return isinstance(json_body(reply), dict)
        if operation.documents_errors:
            return False
    at = document.envelope.message_at
    if at is None or not declared:
        return not any(reply_problems(operation, reply))
    return isinstance(get_or_none(json_body(reply), at), str)


def is_documented_refusal(document: Document, exchange: Exchange) -> bool:
    """Return True for an error of 5xx that the document has for what is wrong with the request."""
    envelope, reply = document.envelope, exchange.reply
    if reply is None or reply.status < 500 or envelope.code_at is None:
        return False
    code = get_or_none(json_body(reply), envelope.code_at)
    declared = (envelope.responses.get(each.cause) for each in exchange.arguments.problems)
    return any(r is not None and (r.status, r.code) == (reply.status, code) for r in declared)


def is_unbilled(document: Document, operation: Operation, reply: Reply) -> bool:
    """Return True if a response to a create certainly means that no job was created.

    Any other error may follow the creation of a job, such as a conflict, a time-out or a rate limit
    that another part of the server reports.
    """
    if reply.status < 400:
        return _usual_status(document, reply) in _REFUSALS
    if reply.status == document.envelope.responses[Cause.CREDENTIALS_INVALID].status:
        return True
    return reply.status in _REFUSALS and is_documented_error(document, operation, reply)


def _usual_status(document: Document, reply: Reply) -> int | None:
    """Return the usual status of an error that comes with a good status; None for no error."""
    envelope = document.envelope
    code = get_or_none(json_body(reply), envelope.code_at) if envelope.code_at else None
    cause = None if code is None else envelope.cause_of_status(reply.status, str(code))
    return None if cause is None else USUAL_STATUSES.get(cause, HTTPStatus.BAD_REQUEST)


def create_price(exchange: Exchange) -> tuple[Decimal, str] | None:
    """Return the price of a create and its currency, None if it is unknown."""
    price = exchange.create.price if exchange.create else None
    if price is None:
        return None
    places = {place for rate in price.rates for place in rate.when}
    if price.per is not None:
        places.add(price.per)
    values = {place: exchange.requested_value(parse_place(place)) for place in places}
    try:
        amount = price.amount_for(values)
    except ArithmeticError:  # a value that the server should have rejected
        return None
    return None if amount is None else (amount, price.currency)


_REFUSALS = (400, 401, 403, 404, 413, 415, 422)
"""The statuses of errors that are about the request itself, which every retry would repeat."""
