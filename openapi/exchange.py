"""What passes between a client and a server, without any I/O: a call and its reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request for one operation of a document.

    Path parameters and the query are decoded, header names are in lower case, the body is as it
    came.
    """

    operation_id: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Query = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call: HTTP status, headers with their names in lower case, and the whole
    body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
