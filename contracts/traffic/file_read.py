"""What a check has read at the addresses that jobs show: files, and responses of operations."""

from __future__ import annotations

from dataclasses import dataclass

from ...openapi import Reply
from ...openapi.jobs import JobField
from ...openapi.messages import media_type_of


@dataclass(frozen=True, slots=True)
class FileReply:
    """What was at an address.

    reply: the response, None if there was no complete one
    problem: the reason why there is no response, else ""
    """

    reply: Reply | None
    problem: str = ""

    @property
    def media_type(self) -> str:
        """The media type in lower case, "" if there is none."""
        return media_type_of(self.reply.headers) if self.reply else ""


@dataclass(frozen=True, slots=True)
class FileRead:
    """An address that a finished job shows, with what was there.

    number: the number of the exchange that showed the address, counted from 1
    job_id: the id of the job
    field: the field with the address
    found: what was there
    """

    number: int
    job_id: str
    field: JobField
    found: FileReply
