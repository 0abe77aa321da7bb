"""Contract coverage: the parts of a document that some traffic has exercised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from ..openapi import Document, JobKind, Operation
from ..openapi.json import Json
from .coverage_inputs import inputs_of, sent_values
from .traffic.exchange import Exchange, UnmatchedRequest
from .traffic.job_views import jobs_in, kinds_of_jobs


class CoverageGroup(StrEnum):
    """The kinds of items that can be covered."""

    OPERATIONS = "operations called"
    FIELDS = "optional fields sent"
    VALUES = "values sent"
    VARIANTS = "variants sent"
    RESPONSES = "responses received"
    STATES = "states observed"
    TRANSITIONS = "transitions observed"


@dataclass(frozen=True, slots=True)
class CoverageItem:
    """One item that can be covered.

    group: the kind of the item
    subject: the operation or the state that it belongs to
    name: the name of the item, empty for the operation or the state itself
    """

    group: CoverageGroup
    subject: str
    name: str

    def __str__(self) -> str:
        return f"{self.subject} {self.name}".strip()


class Coverage:
    """The number of times that each item of one contract was exercised, over any histories.

    Args:
        title: The title and version of the document.
        hits: The number of times by item.
    """

    def __init__(self, title: str, hits: Mapping[CoverageItem, int]) -> None:
        self.title = title
        self._hits = dict(hits)

    @classmethod
    def of(cls, document: Document) -> Coverage:
        """Return the coverage of a document before any traffic: all items with zero hits."""
        return cls(f"{document.title} {document.version}", dict.fromkeys(_items(document), 0))

    @classmethod
    def from_json(cls, data: Json) -> Coverage:
        """Return the coverage that `to_json` returned."""
        hits = {
            CoverageItem(CoverageGroup(group["name"]), item["about"], item["name"]): item["hits"]
            for group in data["groups"]
            for item in group["items"]
        }
        return cls(data["title"], hits)

    @property
    def hits(self) -> Mapping[CoverageItem, int]:
        """The number of times that each item was exercised."""
        return self._hits

    def observe(self, document: Document, history: Iterable[Exchange | UnmatchedRequest]) -> None:
        """Count the items that the traffic between one client and one server exercises."""
        # The files at addresses in responses are not part of the document.
        exchanges = [i for i in history if isinstance(i, Exchange) and not i.is_file]
        received = _ReceivedItems(document, exchanges)
        for exchange in exchanges:
            for covered in [*_sent_items(document, exchange), *received.of(exchange)]:
                if covered in self._hits:
                    self._hits[covered] += 1

    def add(self, other: Coverage) -> None:
        """Add the hits of another coverage of the same document."""
        for item, count in other.hits.items():
            self._hits[item] = self._hits.get(item, 0) + count

    def groups(self) -> Iterator[tuple[CoverageGroup, Mapping[CoverageItem, int]]]:
        """Yield the groups with the hits of their items; empty groups are left out."""
        for group in CoverageGroup:
            hits = {item: count for item, count in self._hits.items() if item.group is group}
            if hits:
                yield group, hits

    @property
    def percent(self) -> float:
        """The percentage of items that were exercised at least once."""
        return covered_percent(self._hits.values())

    def to_json(self) -> Json:
        """Return the coverage as JSON, for a file or for another process."""
        return {
            "title": self.title,
            "covered": count_covered(self._hits.values()),
            "total": len(self._hits),
            "percent": round(self.percent, 2),
            "groups": [
                {
                    "name": group.value,
                    "covered": count_covered(hits.values()),
                    "total": len(hits),
                    "items": [
                        {"about": item.subject, "name": item.name, "hits": count}
                        for item, count in hits.items()
                    ],
                }
                for group, hits in self.groups()
            ],
        }


def count_covered(counts: Iterable[int]) -> int:
    """Return the number of counts above zero."""
    return sum(count > 0 for count in counts)


def covered_percent(counts: Iterable[int]) -> float:
    """Return the percentage of counts above zero; 100 if there are no counts."""
    counts = list(counts)
    return 100 * count_covered(counts) / len(counts) if counts else 100.0


def _items(document: Document) -> Iterator[CoverageItem]:
    for operation in document.operations.values():
        yield CoverageItem(CoverageGroup.OPERATIONS, operation.id, "")
        for each in inputs_of(document).of(operation.id):
            if not each.required:
                yield CoverageItem(CoverageGroup.FIELDS, operation.id, each.name)
            for value in (*each.values, *each.entry_values):
                yield _value(operation, each.name, value)
            yield from (_variant(operation, each.name, name) for name in each.variants)
        for status in operation.responses:
            yield CoverageItem(CoverageGroup.RESPONSES, operation.id, str(status))
    for kind in document.kinds.values():
        for state in kind.lifecycle.of_job():
            subject = _subject(document, kind, state.name)
            yield CoverageItem(CoverageGroup.STATES, subject, "")
            yield from (_transition(subject, following) for following in state.next)


def _sent_items(document: Document, exchange: Exchange) -> Iterator[CoverageItem]:
    """Yield the items that a request exercises."""
    operation = exchange.operation
    yield CoverageItem(CoverageGroup.OPERATIONS, operation.id, "")
    for each, sent in sent_values(exchange, inputs_of(document).of(operation.id)):
        if each.name:
            yield CoverageItem(CoverageGroup.FIELDS, operation.id, each.name)
        entries = sent if isinstance(sent, list) else ()
        values = [value for value in each.values if _among(value, [sent])]
        values += [value for value in each.entry_values if _among(value, entries)]
        yield from (_value(operation, each.name, value) for value in values)
        for name, variant in each.variants.items():
            if variant.accepts(sent):
                yield _variant(operation, each.name, name)


def _among(value: Json, sent: Iterable[Json]) -> bool:
    return any(type(value) is type(one) and value == one for one in sent)


class _ReceivedItems:
    """Finds the items that responses exercise, in the order of a history."""

    def __init__(self, document: Document, history: Iterable[Exchange]) -> None:
        self._document, self._kinds = document, kinds_of_jobs(document, history)
        # The last state of each job, by kind and id.
        self._states: dict[tuple[str, str], str] = {}

    def of(self, exchange: Exchange) -> Iterator[CoverageItem]:
        """Yield the items that the next response exercises."""
        if exchange.status is not None:
            yield CoverageItem(CoverageGroup.RESPONSES, exchange.operation_id, str(exchange.status))
        for view in jobs_in(self._document, exchange, kinds=self._kinds):
            job = (view.kind.name, view.job_id)
            before, now = self._states.get(job), view.state.name
            self._states[job] = now
            yield CoverageItem(CoverageGroup.STATES, _subject(self._document, view.kind, now), "")
            if before is not None and before != now:
                yield _transition(_subject(self._document, view.kind, before), now)


def _value(operation: Operation, name: str, value: Json) -> CoverageItem:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return CoverageItem(CoverageGroup.VALUES, operation.id, f"{name}={text}")


def _variant(operation: Operation, name: str, variant: str) -> CoverageItem:
    return CoverageItem(CoverageGroup.VARIANTS, operation.id, f"{name or 'request'} as {variant}")


def _subject(document: Document, kind: JobKind, state: str) -> str:
    """Return the name of a state, with that of its kind if the document has several kinds."""
    return state if len(document.kinds) == 1 else f"{kind.name} {state}"


def _transition(before: str, after: str) -> CoverageItem:
    return CoverageItem(CoverageGroup.TRANSITIONS, before, f"to {after}")
