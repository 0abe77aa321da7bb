"""Files at addresses that jobs show, as a check has read them."""

from __future__ import annotations

from dataclasses import dataclass

from ...openapi.jobs import JobField


@dataclass(frozen=True, slots=True)
class FileReply:
    """The response to a request for a file at an address.

    status: the HTTP status, None if there was no complete response
    media_type: the media type in lower case, "" if there is none
    size: the number of bytes
    problem: the reason why there is no response, else ""
    """

    status: int | None
    media_type: str = ""
    size: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file of a finished job, read at its address.

    number: the number of the exchange that showed the address, counted from 1
    job_id: the id of the job
    field: the field with the address
    reply: the response
    """

    number: int
    job_id: str
    field: JobField
    reply: FileReply
