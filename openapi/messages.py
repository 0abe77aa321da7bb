"""Requests and responses as data, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NEAREST_FILE_HEADER = "x-mock-media"
"""The header of files of a mock that have another size or length than the job."""

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one operation of a document.

    path_parameters: the decoded parameters of the path by name
    query: the decoded pairs of the query in order
    headers: the headers by name in lower case
    body: the raw body
    """

    operation_id: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Query = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The way a response is sent, if it is slow or incomplete.

    delay: the seconds before its first byte, on the clock of the server
    body_seconds: the seconds that its body takes, on the clock of the server
    bytes_delivered: the number of body bytes before the connection breaks; None for all of them, -1
        if not even the status arrives
    reset: True if the connection breaks by a TCP reset, False if it is closed
    """

    delay: float = 0.0
    body_seconds: float = 0.0
    bytes_delivered: int | None = None
    reset: bool = False

    @property
    def is_incomplete(self) -> bool:
        """True if the response does not arrive completely."""
        return self.bytes_delivered is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyNotes:
    """What a mock knows about a response to an unusual request.

    faults: the options of the faults that applied, each in one line
    ignored_names: the fields and query parameters that the document does not declare
    """

    faults: tuple[str, ...] = ()
    ignored_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A response.

    status: the HTTP status
    headers: the headers by name in lower case
    body: the whole body, also if only a part of it arrives
    delivery: how it is sent; None if it is sent completely and immediately
    replaced: the response that this one replaces, if the request has taken effect anyway
    notes: what a mock knows about it, None if the request was usual
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery | None = None
    replaced: Reply | None = None
    notes: ReplyNotes | None = field(default=None, compare=False)


def read_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name in lower case; values of the same name are joined by a comma (RFC
    9110, section 5.2).
    """
    headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in raw}
    if len(headers) == len(raw):
        return headers
    values: dict[str, list[str]] = {}
    for name, text in raw:
        values.setdefault(name.decode("latin-1").lower(), []).append(text.decode("latin-1"))
    return {name: ", ".join(texts) for name, texts in values.items()}


def media_type_of(headers: Mapping[str, str]) -> str:
    """Return the media type of `content-type` in lower case, without parameters; "" if absent."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()
