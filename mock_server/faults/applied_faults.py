"""The faults that strike one call, and what they leave of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from ...openapi import Cause, Reply
from ..errors import Refusal
from .fault import Fault


class AppliedFaults:
    """The faults that have struck a call so far, in their order."""

    __slots__ = ("_faults",)

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def prevented(self) -> bool:
        """Whether the call is neither done nor answered."""
        return any(fault.prevents for fault in self._faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Adds these; raises Refusal if one of them keeps the call from being done."""
        added = [*faults]
        self._faults += added
        for fault in added:
            if fault.prevents:
                raise Refusal(Cause.INTERNAL, "the connection was torn down")
            if fault.refusal and not fault.commit:
                # The same refusal is raised again and again, and would keep every place of it.
                raise fault.refusal.with_traceback(None)

    def apply(self, reply: Reply, *, error: Callable[[Refusal], Reply], random: Random) -> Reply:
        """The answer as it reaches the client; `error` makes an answer of a refusal."""
        for fault in self._faults:
            if fault.prevents:
                reply = replace(_NOTHING, delivery=reply.delivery)
            elif fault.refusal and fault.commit:
                told = error(fault.refusal)
                reply = replace(told, delivery=reply.delivery, committed=reply.committed or reply)
            for spoil in fault.effects:
                before, reply = reply, spoil(reply, random)
                if (reply.body, reply.headers) != (before.body, before.headers):
                    reply = replace(reply, committed=before.committed or before)
        return reply


# Where nothing was done there is no answer either.
_NOTHING = Reply(0)
