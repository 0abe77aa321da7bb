"""The laws of the files of jobs over time: when they are served, and what parts are parts of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ....openapi import Document, Ending, Reply
from ....openapi.json import Json
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .content import content_range, content_violations
from .lifecycle import ObservedJob


class FileRules:
    """The files that one server has served."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._early: dict[str, tuple[Exchange, int]] = {}
        self._whole: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[bytes, int]] = {}

    def check(
        self,
        exchange: Exchange,
        number: int,
        last: ObservedJob,
        *,
        requested_fields: Mapping[str, Json],
        server_time: float,
        uncertainty: float,
    ) -> Iterator[Violation]:
        """What is wrong with the answer to a request for a file of a job that was seen before; the
        rest is what `content_violations` takes.
        """
        job_id, ends = last.view.job_id, last.state.ends
        if exchange.accepted and ends is Ending.FAILURE:
            yield violation_of(
                catalogue.CONTENT_EARLY,
                exchange,
                last.number,
                number,
                received=f"a file of {job_id}, which is {last.state.name}",
                expected="a refusal",
            )
        elif exchange.accepted and ends is None:
            self._early[job_id] = exchange, number
        elif ends is Ending.SUCCESS:
            yield from content_violations(
                self._document,
                exchange,
                number,
                last,
                requested_fields=requested_fields,
                server_time=server_time,
                uncertainty=uncertainty,
            )
            if exchange.reply is not None:
                yield from self._compare(exchange, exchange.reply, number, job_id)

    def check_view(self, seen: JobView, number: int) -> Iterator[Violation]:
        """What a job that is seen now tells of a file that was served before."""
        served, when = self._early.pop(seen.job_id, (None, 0))
        if served is not None and seen.state.ends is None:
            yield violation_of(
                catalogue.CONTENT_EARLY,
                served,
                when,
                number,
                received=f"a file of {seen.job_id}, which was still {seen.state.name} afterwards",
                expected="a refusal, until the job has succeeded",
            )

    def _compare(
        self, exchange: Exchange, reply: Reply, number: int, job_id: str
    ) -> Iterator[Violation]:
        """Whether a part is of the file that was served as a whole."""
        key = job_id, exchange.call.query
        if reply.status == 200 and reply.body:
            self._whole[key] = reply.body, number
        part = content_range(reply)
        if reply.status != 206 or part is None or key not in self._whole:
            return
        (whole, before), (first, last, length) = self._whole[key], part
        expected = None
        if length is not None and length != len(whole):
            expected = f"a length of {len(whole)} bytes, as no. {before} sent"
        elif whole[first : last + 1] != reply.body and last - first + 1 == len(reply.body):
            expected = f"the same bytes as in no. {before}"
        if expected is not None:
            yield violation_of(
                catalogue.CONTENT_RANGE,
                exchange,
                before,
                number,
                place="content-range",
                received=f"{reply.headers['content-range']} and other bytes",
                expected=expected,
            )
