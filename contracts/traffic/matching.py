"""Comparison of requests with recorded requests, by their fields and files, not by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...openapi import Document
from ...openapi.text import count_of, quote
from .credentials import credential_problem
from .exchange import Exchange
from .recorded_form import sha256_of


@dataclass(frozen=True, slots=True)
class RequestMatcher:
    """The parts of a request that are compared.

    operation_id: the id of the operation
    facts: each parameter, field, file and problem by name, as text
    """

    operation_id: str
    facts: Mapping[str, str]

    def differences(self, other: RequestMatcher) -> list[str]:
        """Return the names of the facts that differ from another request of the operation."""
        names = dict.fromkeys([*self.facts, *other.facts])
        return [n for n in names if self.facts.get(n) != other.facts.get(n)]


def matcher_for(document: Document, exchange: Exchange) -> RequestMatcher:
    """Return the matcher for the request of an exchange.

    Among the headers, only Range is compared, and whether the API key is missing or invalid.
    """
    call, arguments = exchange.call, exchange.arguments
    facts = {
        **call.path_parameters,
        **{name: quote(value) for name, value in sorted(call.query)},
        **{name: quote(value) for name, value in arguments.fields.items()},
        **{name: f"file {sha256_of(p.content)[:12]}" for name, p in arguments.files.items()},
        **dict.fromkeys(arguments.unknown_names, "an unknown field"),
    }
    if "range" in call.headers:
        facts["Range"] = call.headers["range"]
    if credential_problem(document, exchange):
        facts["the API key"] = "missing or invalid"
    for problem in arguments.problems:
        facts[f"the error in {problem.parameter or 'the body'}"] = quote(problem.message)
    return RequestMatcher(call.operation_id, facts)


def near_miss(request: RequestMatcher, recorded: Iterable[RequestMatcher]) -> str:
    """Return a sentence on how a request differs from the most similar recorded one."""
    same_operation = [r for r in recorded if r.operation_id == request.operation_id]
    if not same_operation:
        return f"it has no {request.operation_id}"
    nearest = min(same_operation, key=lambda other: len(request.differences(other)))
    differences = request.differences(nearest)
    if not differences:
        return f"it has no further {request.operation_id} with these values"
    name = differences[0]
    sent, expected = (facts.get(name, "absent") for facts in (request.facts, nearest.facts))
    rest = len(differences) - 1
    more = f"; {count_of(rest, 'more difference')}" if rest else ""
    return f"{name} is {sent}, but {expected} in the recording{more}"
