"""The compiler of the operations that create jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ..json import Json
from ..operation import Operation
from ..pointer import format_pointer
from ..price import compile_price
from .long_form import as_duration, as_failure, as_state, operations_of
from .operations import CreateOperation, FailureReason, JobRole, MediaPlaces
from .place import parse_place
from .problems import Report
from .request_places import check_place, check_words, compile_condition
from .role_compiler import RoleCompiler
from .sources import Condition

Creates: TypeAlias = list[tuple[CreateOperation, Mapping[str, Json]]]
"""Creates of a kind, each with its data."""


class CreateCompiler:
    """Compiles the creates of one kind, without the fields of their jobs.

    Args:
        data: The data of the kind.
        pointer: Its JSON pointer.
        roles: The compiler of the other operations of the kind.
        report: Is called with the pointer and the reason of each error.
    """

    def __init__(
        self, data: Mapping[str, Json], pointer: str, *, roles: RoleCompiler, report: Report
    ) -> None:
        self._data, self._pointer = data, pointer
        self._roles, self._report = roles, report

    def compile(self) -> Creates:
        """Return the creates that have no error of their own."""
        creates: Creates = []
        entries = operations_of(self._data["create"], f"{self._pointer}/create")
        operations = [self._roles.find(name, pointer) for name, _, pointer in entries]
        self._check_shared(operation for operation in operations if operation)
        for operation, (_, entry, pointer) in zip(operations, entries, strict=True):
            create = operation and self._create(operation, entry, pointer)
            if create:
                creates.append((create, entry))
        return creates

    def _create(
        self, operation: Operation, entry: Mapping[str, Json], pointer: str
    ) -> CreateOperation | None:
        owner, at = (entry, pointer) if "poll" in entry else (self._data, self._pointer)
        if "poll" not in owner:
            self._report(pointer, "needs poll, the operation that reports the job")
            return None
        poll = self._roles.single(JobRole.POLL, owner["poll"], f"{at}/poll")
        if poll is None:
            return None
        self._check_own(operation, entry, pointer)
        price = entry.get("price", self._data.get("price"))
        media = {**self._data.get("media", {}), **entry.get("media", {})}
        return CreateOperation(
            **self._roles.common(operation, JobRole.CREATE, entry, pointer),
            source=parse_place(entry["source"]) if "source" in entry else None,
            when=compile_condition(
                entry.get("when", {}), [operation], f"{pointer}/when", self._report
            ),
            wait=parse_place(entry["wait"]) if "wait" in entry else None,
            poll=poll,
            fields=(),
            failures=_failures({**self._data.get("failures", {}), **entry.get("failures", {})}),
            media=MediaPlaces(**{word: parse_place(media[word]) for word in media}),
            price=compile_price(price) if price else None,
        )

    def _check_shared(self, operations: Iterable[Operation]) -> None:
        """Report what the kind says of requests that none of its creates accepts."""
        creates = [*operations]
        self._check_requests(self._data, creates, self._pointer)
        for name, value in self._data["states"].items():
            lasts = as_duration(as_state(value).get("lasts", 0))
            for text, factors in lasts.get("times", {}).items():
                steps = ("states", name, "lasts", "times", text)
                at = self._pointer + format_pointer(steps)
                schemas = check_place(text, creates, at, self._report)
                check_words(factors, schemas, at, self._report)

    def _check_own(self, operation: Operation, entry: Mapping[str, Json], pointer: str) -> None:
        """Report what a create says of requests that it does not accept."""
        for word in ("source", "wait"):
            if word in entry:
                check_place(entry[word], [operation], f"{pointer}/{word}", self._report)
        self._check_requests(entry, [operation], pointer)

    def _check_requests(
        self, data: Mapping[str, Json], creates: list[Operation], pointer: str
    ) -> None:
        for word, text in data.get("media", {}).items():
            check_place(text, creates, f"{pointer}/media/{word}", self._report)
        price = data.get("price", {})
        if "per" in price:
            check_place(price["per"], creates, f"{pointer}/price/per", self._report)
        conditions = {
            f"price/rates/{index}": rate for index, rate in enumerate(price.get("rates", ()))
        }
        for code, value in data.get("failures", {}).items():
            conditions["failures" + format_pointer((code,))] = as_failure(value)
        for place, entry in conditions.items():
            at = f"{pointer}/{place}/when"
            compile_condition(entry.get("when", {}), creates, at, self._report)


def _failures(data: Mapping[str, Json]) -> tuple[FailureReason, ...]:
    long = {name: as_failure(value) for name, value in data.items()}
    return tuple(
        FailureReason(
            failure.get("code", name),
            failure["message"],
            _condition(failure.get("when")),
            failure.get("moderation", False),
        )
        for name, failure in long.items()
    )


def _condition(data: Mapping[str, Json] | None) -> Condition | None:
    if data is None:
        return None
    return Condition({parse_place(text): tuple(allowed) for text, allowed in data.items()})
