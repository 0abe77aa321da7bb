"""What can become of an answer on its way to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log
from random import Random

import orjson

from ...openapi import Delivery, Document, JobRole, Reply
from ...openapi.json import Json
from ...openapi.pointer import Path, get, parse_pointer, set_at
from ..jobs.progression import LONGEST_SECONDS

Effect = Callable[[Reply, Random], Reply]
"""Makes another answer of an answer; the randomness is that of the service."""


def effects(document: Document, words: Mapping[str, Json]) -> tuple[Effect, ...]:
    """What the words of a fault do to an answer, in an order in which each has its effect."""
    found: list[Effect] = []
    changes = {parse_pointer(pointer): value for pointer, value in words.get("change", {}).items()}
    drops = (parse_pointer(words["drop"]),) if "drop" in words else ()
    if changes or drops or "state" in words:
        found.append(_Edited(document, changes, drops, words.get("state")))
    if "body" in words:
        found.append(_truncated if words["body"] == "truncated" else _malformed)
    if "content_type" in words:
        found.append(_Labelled(words["content_type"]))
    if "latency" in words or "slow" in words:
        found.append(_Slowed(_distribution(words.get("latency", 0.0)), words.get("slow", 0.0)))
    if "cut" in words or words.get("reset") == "middle":
        found.append(_Broken(words.get("cut", 0.5), reset="reset" in words))
    if words.get("lost") or words.get("reset") == "before":
        found.append(_lost)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Edited:
    """JSON with other values, without some fields, or with jobs in a state of this name."""

    document: Document
    changes: Mapping[Path, Json]
    drops: tuple[Path, ...]
    state: str | None

    def __call__(self, reply: Reply, random: Random) -> Reply:
        try:
            body = orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            return reply
        if not isinstance(body, dict):
            return reply
        if self.state is not None:
            for job in self._jobs(body):
                set_at(job, self.document.lifecycle.state_at, self.state)
        for path, value in self.changes.items():
            if path[0] in body:  # an error has other fields than a job
                set_at(body, path, value)
        for path in self.drops:
            _drop(body, path)
        return _with_body(reply, orjson.dumps(body))

    def _jobs(self, body: dict[str, Json]) -> list[dict[str, Json]]:
        """The jobs in the body, which is one itself, or a page of them."""
        lists = self.document.by_role.get(JobRole.LIST)
        place = lists.page.places.get("items") if lists and lists.page else None
        try:
            items = get(body, place) if place else None
        except LookupError:
            items = None
        if isinstance(items, list):
            return items
        try:
            get(body, self.document.lifecycle.state_at)
        except LookupError:  # an error, or a farewell
            return []
        return [body]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The same bytes, said to be of another type."""

    media_type: str

    def __call__(self, reply: Reply, random: Random) -> Reply:
        return replace(reply, headers={**reply.headers, "content-type": self.media_type})


@dataclass(frozen=True, slots=True)
class _Slowed:
    """An answer that takes its time."""

    latency: Callable[[Random], float]
    seconds: float

    def __call__(self, reply: Reply, random: Random) -> Reply:
        before = _delivery(reply)
        delay, seconds = before.delay + self.latency(random), before.seconds + self.seconds
        return replace(reply, delivery=replace(before, delay=delay, seconds=seconds))


@dataclass(frozen=True, slots=True)
class _Broken:
    """An answer of whose body only a share arrives."""

    share: float
    reset: bool

    def __call__(self, reply: Reply, random: Random) -> Reply:
        arrives = int(len(reply.body) * self.share)
        delivery = replace(_delivery(reply), arrives=arrives, reset=self.reset)
        return replace(reply, delivery=delivery)


def _lost(reply: Reply, random: Random) -> Reply:
    return replace(reply, delivery=replace(_delivery(reply), arrives=-1, reset=True))


def _truncated(reply: Reply, random: Random) -> Reply:
    return _with_body(reply, reply.body[: len(reply.body) // 2])


def _malformed(reply: Reply, random: Random) -> Reply:
    return _with_body(reply, _NO_JSON)


def _distribution(words: Json) -> Callable[[Random], float]:
    if not isinstance(words, dict):
        return lambda random: float(words)
    if "uniform" in words:
        low, high = words["uniform"]
        return lambda random: random.uniform(low, high)
    mu, sigma = log(words["lognormal"]["median"]), words["lognormal"]["sigma"]
    return lambda random: min(random.lognormvariate(mu, sigma), LONGEST_SECONDS)


def _delivery(reply: Reply) -> Delivery:
    return reply.delivery or Delivery()


def _with_body(reply: Reply, body: bytes) -> Reply:
    if not reply.body:  # HTTP forbids one to some answers
        return reply
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return replace(reply, headers=headers, body=body)


def _drop(data: dict[str, Json], path: Path) -> None:
    try:
        holder = get(data, path[:-1])
    except LookupError:
        return
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


# As a proxy in the way answers, and long enough to be no number, no string and no literal.
_NO_JSON = b"<html><body><h1>Bad Gateway</h1></body></html>\n"
