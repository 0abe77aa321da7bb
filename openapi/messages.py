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


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer goes over the wire, where it is not whole and at once.

    `delay` is how many seconds pass before its first byte, `seconds` how long its body takes, on
    the clock of the server. `arrives` is how many bytes of the body get through before the
    connection breaks, None for all of it, -1 where not even the status does. `reset` says whether
    the connection is torn down when it breaks (a TCP RST), or only closed too early.
    """

    delay: float = 0.0
    seconds: float = 0.0
    arrives: int | None = None
    reset: bool = False

    @property
    def breaks(self) -> bool:
        """Whether the answer does not arrive as a whole."""
        return self.arrives is not None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call: HTTP status, headers with their names in lower case, and the whole
    body. `delivery` is None for one that arrives whole and at once. `committed` is what was done
    and not told: the answer in whose place this one stands.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery | None = None
    committed: Reply | None = None
