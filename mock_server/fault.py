"""Errors that the next calls of an operation are answered with, whatever they ask for."""

from __future__ import annotations

from collections import deque

from ..openapi import Document
from .refusal import Refusal


class Faults:
    """The errors that are still to come, by operation, in the order in which they were set."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._coming: dict[str, deque[Refusal]] = {name: deque() for name in document.operations}

    def add(
        self,
        operation_id: str,
        *,
        status: int,
        code: str | None = None,
        times: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Answers the next `times` calls of the operation with its documented error of this status.

        `code` chooses among the errors of one status, `retry_after` is the seconds that the answer
        asks a client to wait. Raises ValueError for what the document does not declare.
        """
        refusal = self._refusal(operation_id, status, code, retry_after)
        if not isinstance(times, int) or times < 1:
            raise ValueError(f"times must be a whole number of 1 or more, not {times!r}")
        self._coming[operation_id].extend([refusal] * times)

    def strike(self, operation_id: str) -> None:
        """Raises the Refusal that is next for this operation, if there is one."""
        coming = self._coming[operation_id]
        if coming:
            try:
                refusal = coming.popleft()
            except IndexError:  # another thread took the last
                return
            raise refusal

    def clear(self) -> None:
        """Forgets the errors that are still to come."""
        for coming in self._coming.values():
            coming.clear()

    def _refusal(
        self, operation_id: str, status: int, code: str | None, retry_after: int | None
    ) -> Refusal:
        operation, envelope = self._document.operations.get(operation_id), self._document.envelope
        if operation is None:
            known = ", ".join(self._document.operations)
            raise ValueError(f"there is no operation {operation_id!r}, only {known}")
        cause = envelope.cause_of_status(status, code)
        if cause is None or status not in operation.responses:
            answers = [a for a in envelope.answers.values() if a.status in operation.responses]
            known = ", ".join(dict.fromkeys(f"{a.status} {a.code}" for a in answers))
            asked = f"{status} {code}" if code else status
            raise ValueError(f"{operation_id} has no documented answer {asked}, only {known}")
        headers = {}
        if retry_after is not None:
            if not isinstance(retry_after, int) or retry_after < 0:
                raise ValueError(f"retry_after must be whole seconds, not {retry_after!r}")
            if envelope.retry_seconds is None:
                raise ValueError("the document names no header for retry_after (x-error-envelope)")
            headers[envelope.retry_seconds] = str(retry_after)
        return Refusal(cause, f"This answer to {operation_id} was asked for.", headers=headers)
