"""Idempotency: one reply for all requests with the same Idempotency-Key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

from ..openapi import Cause, Reply
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal

HEADER = "idempotency-key"
REPLAYED = {"idempotent-replayed": "true"}


class _StoredReply(NamedTuple):
    """A reply, the fingerprint of its request, and when it was stored (Unix seconds)."""

    fingerprint: bytes
    reply: Reply
    stored_at: float


class IdempotencyCache:
    """The replies of the last 24 hours, by API key and Idempotency-Key.

    Only replies to successful creates are stored. A refused request may be corrected and sent again
    with the same Idempotency-Key.

    Args:
        clock: The source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._replies: dict[tuple[str, str], _StoredReply] = {}

    def run_once(self, call: AcceptedCall, perform: Callable[[AcceptedCall], Reply]) -> Reply:
        """Perform a call, or return the stored reply if the same request was performed before.

        Raises Refusal if the Idempotency-Key was used for another request.
        """
        name = call.call.headers.get(HEADER)
        if not name:
            return perform(call)
        cache_key, fingerprint = (call.key, name), _fingerprint(call)
        with self._lock:
            self._evict()
            stored = self._replies.get(cache_key)
            if stored is None:
                reply = perform(call)
                self._replies[cache_key] = _StoredReply(fingerprint, reply, self._clock.now())
                return reply
        if stored.fingerprint != fingerprint:
            message = "this Idempotency-Key was used for another request"
            raise Refusal(Cause.IDEMPOTENCY_CONFLICT, message, parameter="Idempotency-Key")
        return replace(stored.reply, headers={**stored.reply.headers, **REPLAYED})

    def clear(self) -> None:
        """Forget all replies."""
        with self._lock:
            self._replies.clear()

    def _evict(self) -> None:
        """Remove expired replies, and the oldest ones if there are too many."""
        expired = self._clock.now() - _LIFETIME_SECONDS
        while self._replies:
            cache_key, stored = next(iter(self._replies.items()))
            if stored.stored_at > expired and len(self._replies) < _MAX_REPLIES:
                return
            del self._replies[cache_key]


def _fingerprint(call: AcceptedCall) -> bytes:
    """The content of a request, independent of its encoding and of form boundaries."""
    arguments = call.arguments
    files = {name: sha256(part.content).hexdigest() for name, part in arguments.files.items()}
    path = dict(call.call.path_parameters)
    content = [call.operation.id, path, dict(arguments.fields), files]
    # An invalid request may hold data that orjson rejects, such as a number that is too large.
    return json.dumps(content, sort_keys=True).encode()


# As long as APIs with such keys usually store them.
_LIFETIME_SECONDS = 24 * 3600
_MAX_REPLIES = 10_000
