"""The endpoint of a mock whose program is explored: it counts requests and kills the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..contracts.explorer.record import ProgramRecord, StepObserver
from ..mock_server import Endpoint, JobService, Observer
from ..openapi import Reply


class ExploredEndpoint(Endpoint):
    """An endpoint that reports each request to the record of a run.

    Args:
        service: The service.
        observers: Objects that are informed of every request.
        record: The record.
    """

    def __init__(
        self, service: JobService, *, observers: Iterable[Observer], record: ProgramRecord
    ) -> None:
        super().__init__(service, observers=[*observers, StepObserver(service.document, record)])
        self._record = record

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        self._record.begin_request()
        return super().respond(method, path, query=query, headers=headers, body=body)
