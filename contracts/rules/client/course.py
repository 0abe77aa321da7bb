"""The rules over a whole history: what can be told only when all of it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..violation import Violation
from .abandonment import abandoned_job, abandoned_request, orphaned_job, unknown_status_accepted
from .duplicates import duplicate_violations, duplicates
from .job_history import Concurrency, ListCalls, job_histories
from .polling import polling_violations
from .request_record import RequestParser, RequestRecord, group_by_fingerprint
from .retries import retry_violations
from .retry_window import RetryWindows


def history_violations(
    reading: RequestParser, attempts: Sequence[RequestRecord], *, whole: bool
) -> Iterator[Violation]:
    """What is wrong with a history as such. One that is not `whole` lacks its beginning, so that
    nothing is said about what may have been done in it.
    """
    told, groups = job_histories(attempts), group_by_fingerprint(attempts)
    looks, hands = ListCalls(attempts), Concurrency(attempts)
    efforts = RetryWindows(attempts, hands)
    in_vain: set[str] = set()
    for group in groups:
        found = duplicates(reading, group, told, looks)
        in_vain |= {duplicate.job_id for duplicate in found}
        yield from duplicate_violations(found)
        yield from retry_violations(group, told, looks, hands)
    for story in told.values():
        yield from polling_violations(story)
        yield from unknown_status_accepted(story, efforts)
        if whole:
            yield from abandoned_job(story, efforts)
        if whole and story.job_id not in in_vain:
            yield from orphaned_job(story, efforts, looks)
    if whole:
        yield from abandoned_request(groups, hands, efforts)
