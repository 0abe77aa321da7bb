"""Changes to a response and its delivery, for example cut bodies and delays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil, log
from random import Random

import orjson

from ...openapi import Delivery, Document, Reply
from ...openapi.json import Json, parse_json
from ...openapi.pointer import Path, get, get_or_none, parse_pointer, set_at
from ..jobs.progression import MAX_SECONDS

Effect = Callable[[Reply, Random, float], Reply]
"""Returns a changed reply; the random generator and the time (Unix seconds) are the service's."""


def build_effects(document: Document, options: Mapping[str, Json]) -> tuple[Effect, ...]:
    """Return the effects of these fault options, in the order in which they are applied."""
    found: list[Effect] = []
    changes = {parse_pointer(at): value for at, value in options.get("change", {}).items()}
    drops = (parse_pointer(options["drop"]),) if "drop" in options else ()
    if changes or drops or "state" in options:
        found.append(_EditJson(document, changes, drops, options.get("state")))
    if "body" in options:
        found.append(_truncate_body if options["body"] == "truncated" else _replace_body)
    if isinstance(options.get("retry_after"), dict):
        envelope = document.envelope
        seconds = options["retry_after"]["date"]
        found.append(_SetRetryDate(envelope.retry_seconds, envelope.retry_milliseconds, seconds))
    if "content_type" in options:
        found.append(_SetContentType(options["content_type"]))
    if "latency" in options or "slow" in options:
        latency = _latency_sampler(options.get("latency", 0.0))
        found.append(_Delay(latency, options.get("slow", 0.0)))
    if "cut" in options or options.get("reset") == "middle":
        found.append(_CutBody(options.get("cut", 0.5), reset="reset" in options))
    if options.get("lost") or options.get("reset") == "before":
        found.append(_lose_reply)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _EditJson:
    """Sets and removes fields of a JSON body, and replaces the state of its jobs."""

    document: Document
    changes: Mapping[Path, Json]
    drops: tuple[Path, ...]
    state: str | None

    def __call__(self, reply: Reply, random: Random, now: float) -> Reply:
        try:
            body = parse_json(reply.body)
        except orjson.JSONDecodeError:
            return reply
        if not isinstance(body, dict):
            return reply
        if self.state is not None:
            for job, state_at in [*self._jobs(body)]:
                set_at(job, state_at, self.state)
        for path, value in self.changes.items():
            if path[0] in body:  # an error has other fields than a job
                set_at(body, path, value)
        for path in self.drops:
            _remove_field(body, path)
        return _with_body(reply, orjson.dumps(body))

    def _jobs(self, body: dict[str, Json]) -> Iterator[tuple[dict[str, Json], Path]]:
        """Yield the jobs in a body, those of a page or the body itself, and where the state is."""
        for kind in self.document.kinds.values():
            items = _list_at(body, kind.list.items) if kind.list else None
            if items is not None:
                yield from ((item, kind.state_at) for item in items if isinstance(item, dict))
                return
            path = (*kind.creates[0].poll.job_at, *kind.state_at)
            if _has(body, path):  # else an error, or the response to a delete
                yield body, path
                return


@dataclass(frozen=True, slots=True)
class _SetContentType:
    """Replaces the Content-Type and keeps the body."""

    media_type: str

    def __call__(self, reply: Reply, random: Random, now: float) -> Reply:
        return replace(reply, headers={**reply.headers, "content-type": self.media_type})


@dataclass(frozen=True, slots=True)
class _SetRetryDate:
    """Asks for a wait until a date, in the form of HTTP, instead of a number of seconds.

    Args:
        header: the name of the header with the date.
        other: the name of the header with milliseconds, which clients would prefer.
        seconds: the seconds until the date.
    """

    header: str | None
    other: str | None
    seconds: float

    def __call__(self, reply: Reply, random: Random, now: float) -> Reply:
        if self.header is None:
            return reply
        headers = {name: value for name, value in reply.headers.items() if name != self.other}
        headers[self.header] = formatdate(ceil(now + self.seconds), usegmt=True)
        return replace(reply, headers=headers)


@dataclass(frozen=True, slots=True)
class _Delay:
    """Delays the response, and slows down the transfer of its body.

    Args:
        latency: returns the seconds before the response.
        seconds: the duration of the transfer.
    """

    latency: Callable[[Random], float]
    seconds: float

    def __call__(self, reply: Reply, random: Random, now: float) -> Reply:
        before = _delivery(reply)
        delay, seconds = before.delay + self.latency(random), before.body_seconds + self.seconds
        return replace(reply, delivery=replace(before, delay=delay, body_seconds=seconds))


@dataclass(frozen=True, slots=True)
class _CutBody:
    """Cuts the body.

    Args:
        share: the share of the body that is sent, from 0 to 1.
        reset: True if the connection is then reset, and not closed.
    """

    share: float
    reset: bool

    def __call__(self, reply: Reply, random: Random, now: float) -> Reply:
        arrives = int(len(reply.body) * self.share)
        delivery = replace(_delivery(reply), bytes_delivered=arrives, reset=self.reset)
        return replace(reply, delivery=delivery)


def _list_at(body: dict[str, Json], path: Path) -> list[Json] | None:
    items = get_or_none(body, path)
    return items if isinstance(items, list) else None


def _has(body: dict[str, Json], path: Path) -> bool:
    try:
        get(body, path)
    except LookupError:
        return False
    return True


def _lose_reply(reply: Reply, random: Random, now: float) -> Reply:
    return replace(reply, delivery=replace(_delivery(reply), bytes_delivered=-1, reset=True))


def _truncate_body(reply: Reply, random: Random, now: float) -> Reply:
    return _with_body(reply, reply.body[: len(reply.body) // 2])


def _replace_body(reply: Reply, random: Random, now: float) -> Reply:
    return _with_body(reply, _PROXY_ERROR_PAGE)


def _latency_sampler(latency: Json) -> Callable[[Random], float]:
    if not isinstance(latency, dict):
        return lambda random: float(latency)
    if "uniform" in latency:
        low, high = latency["uniform"]
        return lambda random: random.uniform(low, high)
    mu, sigma = log(latency["lognormal"]["median"]), latency["lognormal"]["sigma"]
    return lambda random: min(random.lognormvariate(mu, sigma), MAX_SECONDS)


def _delivery(reply: Reply) -> Delivery:
    return reply.delivery or Delivery()


def _with_body(reply: Reply, body: bytes) -> Reply:
    if not reply.body:  # some responses must not have one
        return reply
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return replace(reply, headers=headers, body=body)


def _remove_field(data: dict[str, Json], path: Path) -> None:
    holder = get_or_none(data, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


# The error page of a proxy. It begins with "<", so it is not JSON.
_PROXY_ERROR_PAGE = b"<html><body><h1>Bad Gateway</h1></body></html>\n"
