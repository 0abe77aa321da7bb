"""Rules over time for the files of jobs: when they are served, and that ranges match them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ....openapi import Meaning, Reply
from ....openapi.jobs import ResultOperation
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .content import SeenJob, content_range, content_violations
from .observed_job import ObservedJob
from .server_clock import ServerTime


class FileRules:
    """The rules for the files of one server."""

    def __init__(self) -> None:
        self._seen: dict[str, SeenJob] = {}
        self._early_files: dict[str, tuple[Exchange, int, ResultOperation]] = {}
        self._whole_files: dict[_File, tuple[bytes, int]] = {}

    def check(
        self,
        exchange: Exchange,
        number: int,
        role: ResultOperation,
        *,
        last: ObservedJob,
        create: Exchange | None,
        server_time: ServerTime,
    ) -> Iterator[Violation]:
        """Yield the violations in a response to a request for a file.

        Args:
            exchange: The request for the file and its response.
            number: The number of the exchange in the history.
            role: The operation that serves the file.
            last: The last view of the job.
            create: The exchange that created the job; None if it is not known.
            server_time: The time of the server at the response.
        """
        job_id, state = last.view.job_id, last.state
        served = state.name in role.states
        if exchange.accepted and state.meaning.is_terminal and not served:
            yield violation_of(
                catalogue.CONTENT_EARLY,
                exchange,
                last.number,
                number,
                received=f"a file of {job_id}, which is {last.state.name}",
                expected="a rejection",
            )
        elif exchange.accepted and not served:
            self._early_files[job_id] = exchange, number, role
        elif served:
            yield from content_violations(
                exchange,
                number,
                role,
                last=last,
                create=create,
                server_time=server_time,
                seen=self._seen.get(job_id, SeenJob()),
            )
            if exchange.reply is not None:
                yield from self._check_range(exchange, exchange.reply, number, job_id)

    def check_view(self, view: JobView, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield a violation if a job goes on although a file of it was served before."""
        seen = self._seen.get(view.job_id, SeenJob())
        if view.state.meaning is Meaning.PENDING:
            self._seen[view.job_id] = replace(seen, pending_at=exchange.at - exchange.took)
        elif view.state.meaning is Meaning.SUCCESS and seen.successful_at is None:
            self._seen[view.job_id] = replace(seen, successful_at=exchange.at)
        if view.job_id not in self._early_files:
            return
        download, served_in, role = self._early_files.pop(view.job_id)
        if view.state.meaning is Meaning.PENDING and view.state.name not in role.states:
            yield violation_of(
                catalogue.CONTENT_EARLY,
                download,
                served_in,
                number,
                received=f"a file of {view.job_id}, which was still {view.state.name} afterwards",
                expected="a rejection until the job has succeeded",
            )

    def _check_range(
        self, exchange: Exchange, reply: Reply, number: int, job_id: str
    ) -> Iterator[Violation]:
        """Yield a violation if a partial response differs from the file that was served whole."""
        key = job_id, exchange.call.path_parameters.get("field", ""), exchange.call.query
        if reply.status == 200 and reply.body:
            self._whole_files[key] = reply.body, number
        received_range = content_range(reply)
        if reply.status != 206 or received_range is None or key not in self._whole_files:
            return
        (whole, served_in), (first, last, length) = self._whole_files[key], received_range
        expected = None
        if length is not None and length != len(whole):
            expected = f"a length of {len(whole)} bytes, as in no. {served_in}"
        elif whole[first : last + 1] != reply.body and last - first + 1 == len(reply.body):
            expected = f"the same bytes as in no. {served_in}"
        if expected is not None:
            yield violation_of(
                catalogue.CONTENT_RANGE,
                exchange,
                served_in,
                number,
                place="content-range",
                received=f"{reply.headers['content-range']} with other bytes",
                expected=expected,
            )


_File = tuple[str, str, tuple[tuple[str, str], ...]]
"""The id of a job, the field with the address of the file, and the query of the request."""
