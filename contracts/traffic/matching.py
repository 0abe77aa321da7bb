"""Whether two requests ask for the same, by their fields and files and never by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...openapi import Document
from ...openapi.text import quote
from .credentials import credential_problem
from .exchange import Exchange
from .recorded_form import sha256_of


@dataclass(frozen=True, slots=True)
class RequestMatcher:
    """What a request asks for: the operation, and every parameter, field and file in words."""

    operation_id: str
    facts: Mapping[str, str]

    def differences(self, other: RequestMatcher) -> list[str]:
        """What this one says otherwise than another one of the same operation."""
        names = dict.fromkeys([*self.facts, *other.facts])
        return [n for n in names if self.facts.get(n) != other.facts.get(n)]


def matcher_for(document: Document, exchange: Exchange) -> RequestMatcher:
    """What the request of an exchange asks for. Of its headers the range counts, and whether there
    is a proper key.
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
        facts["the range"] = call.headers["range"]
    if credential_problem(document, exchange):
        facts["the key"] = "none that is proper"
    for problem in arguments.problems:
        facts[f"what is wrong with {problem.parameter or 'the body'}"] = problem.message
    return RequestMatcher(call.operation_id, facts)


def near_miss(request: RequestMatcher, recorded: Iterable[RequestMatcher]) -> str:
    """In words, how a request differs from the one that is most like it."""
    same = [other for other in recorded if other.operation_id == request.operation_id]
    if not same:
        return f"it holds no {request.operation_id}"
    nearest = min(same, key=lambda other: len(request.differences(other)))
    different = request.differences(nearest)
    if not different:
        return f"it holds no more {request.operation_id} of this kind"
    name = different[0]
    sent, held = (facts.get(name, "not there") for facts in (request.facts, nearest.facts))
    more = f", and {len(different) - 1} more" if len(different) > 1 else ""
    return f"{name} is {sent}, and in the recording {held}{more}"
