"""The faults that apply to one call, their effects on its response, and other notes about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from ...openapi import Cause, Reply
from ...openapi.json import Json
from ...openapi.messages import ReplyNotes
from ..errors import Refusal
from .fault import Fault


class AppliedFaults:
    """The faults that apply to one call, in the order in which they were added.

    Attributes:
        ignored_names: The fields and query parameters of the call that the document does not
            declare.
    """

    __slots__ = ("_faults", "ignored_names")

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.ignored_names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._faults or self.ignored_names)

    @property
    def prevented(self) -> bool:
        """True if the operation is not carried out and no response is sent."""
        return any(fault.prevents for fault in self._faults)

    @property
    def ignore_range(self) -> bool:
        """True if the response has the whole file, not the requested part."""
        return any(fault.ignore_range for fault in self._faults)

    @property
    def list_delay(self) -> float:
        """The seconds before a list shows a new job."""
        return max((fault.list_delay for fault in self._faults), default=0.0)

    @property
    def webhook(self) -> Json:
        """How the events of the created job are sent, None as usual."""
        return next((f.webhook for f in self._faults if f.webhook is not None), None)

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults. Raise Refusal if one of them prevents the operation."""
        added = [*faults]
        self._faults += added
        for fault in added:
            if fault.prevents:
                raise Refusal(Cause.INTERNAL, "the connection was reset")
            if fault.refusal and not fault.commit:
                # One refusal is raised many times; its traceback would grow each time.
                raise fault.refusal.with_traceback(None)

    def apply(
        self, reply: Reply, *, error_reply: Callable[[Refusal], Reply], random: Random, now: float
    ) -> Reply:
        """Return the reply as the client receives it; `error_reply` renders a refusal.

        `now` is the time in Unix seconds.
        """
        for fault in self._faults:
            if fault.prevents:
                reply = replace(_NO_REPLY, delivery=reply.delivery)
            elif fault.refusal and fault.commit:
                error = error_reply(fault.refusal)
                reply = replace(error, delivery=reply.delivery, replaced=reply.replaced or reply)
            for effect in fault.effects:
                before, reply = reply, effect(reply, random, now)
                if (reply.body, reply.headers) != (before.body, before.headers):
                    reply = replace(reply, replaced=before.replaced or before)
        faults = tuple(str(fault) for fault in self._faults)
        return replace(reply, notes=ReplyNotes(faults=faults, ignored_names=self.ignored_names))


# The operation was not carried out, so there is no reply to send.
_NO_REPLY = Reply(0)
