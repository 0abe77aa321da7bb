"""Answers that are given again to a request that is sent again with the same Idempotency-Key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock

from ..openapi import Cause, Reply
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal

HEADER = "idempotency-key"
REPLAYED = {"idempotent-replayed": "true"}


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer that was given, to what, and when (Unix seconds)."""

    fingerprint: bytes
    reply: Reply
    at: float


class IdempotencyCache:
    """The first answers of the last day, by key of the sender and Idempotency-Key.

    Answers are kept where something was made; a refused request may be sent again in another form.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._given: dict[tuple[str, str], _Given] = {}

    def run_once(self, asked: AcceptedCall, perform: Callable[[AcceptedCall], Reply]) -> Reply:
        """Does what is asked for, or gives the answer of the first time again; raises Refusal if
        the same Idempotency-Key came with something else.
        """
        name = asked.call.headers.get(HEADER)
        if not name:
            return perform(asked)
        place, fingerprint = (asked.key, name), _fingerprint(asked)
        with self._lock:
            self._forget_old()
            before = self._given.get(place)
            if before is None:
                reply = perform(asked)
                self._given[place] = _Given(fingerprint, reply, self._clock.now())
                return reply
        if before.fingerprint != fingerprint:
            message = "this Idempotency-Key came with another request before"
            raise Refusal(Cause.IDEMPOTENCY_CONFLICT, message, parameter="Idempotency-Key")
        return replace(before.reply, headers={**before.reply.headers, **REPLAYED})

    def clear(self) -> None:
        """Forgets every answer."""
        with self._lock:
            self._given.clear()

    def _forget_old(self) -> None:
        oldest = self._clock.now() - _LIFE_SECONDS
        while self._given:
            place, given = next(iter(self._given.items()))
            if given.at > oldest and len(self._given) < _KEPT:
                return
            del self._given[place]


def _fingerprint(asked: AcceptedCall) -> bytes:
    """All that a request asks for, however its form was cut into parts."""
    call, arguments = asked.call, asked.arguments
    files = {name: sha256(part.content).hexdigest() for name, part in arguments.files.items()}
    said = [call.operation_id, dict(call.path_parameters), dict(arguments.fields), files]
    # A request that will be refused may hold what orjson does not write, as a number too large.
    return json.dumps(said, sort_keys=True).encode()


# As long as the services keep them whose APIs have such keys.
_LIFE_SECONDS = 24 * 3600
_KEPT = 10_000
