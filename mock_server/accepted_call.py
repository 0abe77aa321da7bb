"""A call that was let in, as the service hands it on."""

from __future__ import annotations

from typing import NamedTuple

from ..openapi import Arguments, Call, Operation
from .faults.scenario import Scenario


class AcceptedCall(NamedTuple):
    """What a call asks for, and on whose behalf: `key` is the sender's, empty where the document
    asks for none. `scenario` is that of a job which is to be made.
    """

    operation: Operation
    call: Call
    arguments: Arguments
    key: str
    scenario: Scenario | None = None
