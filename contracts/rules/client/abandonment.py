"""What a client has left undone when its history is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ....openapi import Ending, JobRole
from ....openapi.operation import CREATING
from ....openapi.text import one_line
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import Concurrency, JobHistory, ListCalls
from .request_record import JobReport, RequestRecord, format_seconds
from .retry_window import RetryWindows
from .vendor_limits import (
    MAX_RETRY_SECONDS,
    MAX_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    WAIT_GRACE_SECONDS,
)


def orphaned_job(story: JobHistory, efforts: RetryWindows, looks: ListCalls) -> Iterator[Violation]:
    """A job that was made, and that nobody has come back to, or not for long."""
    made, last = story.made, story.last
    if made is None or last is None or last.state is None or made.job_unknown_to_client:
        return
    numbers, since = [made.number], "it was accepted"
    if story.followed:
        if not _is_left(story, efforts, looks):
            return
        numbers.append(last.number)
        since = f"the answer no. {last.number} that it was {one_line(last.status)}"
    yield violation_of(
        catalogue.ORPHANED,
        made.exchange,
        *numbers,
        received=f"nothing about {one_line(story.job_id)} after {since}",
        expected="polls until its end",
    )


def _is_left(story: JobHistory, efforts: RetryWindows, looks: ListCalls) -> bool:
    """Whether the last that was done about a job was a poll that it was still pending, sooner than
    most jobs end; by a client that was there for long enough after it to have come back.
    """
    poll = story.requests[-1] if story.requests else None
    if story.made is None or poll is None or poll.role is not JobRole.RETRIEVE:
        return False
    shown = story.last is not None and story.last.number == poll.number and story.last.pending
    spent = efforts.elapsed(story.made.number, poll.number)
    early = spent is not None and spent < USUAL_WAIT_SECONDS
    gone = efforts.idle_after(poll) > MAX_WAIT_SECONDS + WAIT_GRACE_SECONDS
    return shown and early and gone and not looks.after(poll)


def unknown_status_accepted(story: JobHistory, efforts: RetryWindows) -> Iterator[Violation]:
    """A job that was last shown in no state of the document, and that nobody has asked for since,
    as if it had ended.
    """
    last = story.last
    if last is None or last.state or story.ended:
        return
    if story.made and efforts.expired(story.made.number, last.number):
        return
    if not any(request.number > last.number for request in story.requests):
        yield violation_of(
            catalogue.UNKNOWN_STATUS_ACCEPTED,
            last.exchange,
            last.number,
            received=f"no poll for {one_line(story.job_id)} after the answer that it is"
            f" {one_line(last.status)}, no state of the document",
            expected="polls until a final state",
        )


def abandoned_job(story: JobHistory, efforts: RetryWindows) -> Iterator[Violation]:
    """A job or a file that was asked for once in vain, and never again."""
    last = story.last
    failed = None if last is None or last.state is None else _last_try(story, last)
    if failed is None or not _worth_a_try(failed):
        return
    if story.made is None or not efforts.expired(story.made.number, failed.number):
        yield _given_up(failed)


def _last_try(story: JobHistory, last: JobReport) -> RequestRecord | None:
    """The only download of a job that has succeeded; or the last poll for one that goes on, if
    nothing came after it and the one before was answered.
    """
    downloads, polls = story.of(JobRole.CONTENT), story.of(JobRole.RETRIEVE)
    if last.state and last.state.ends is Ending.SUCCESS and len(downloads) == 1:
        return downloads[0]
    if (
        not last.pending
        or not polls
        or any(poll.failed or poll.unreadable for poll in polls[-2:-1])
    ):
        return None
    later = polls[-1].number < max(last.number, story.requests[-1].number)
    return None if later else polls[-1]


def abandoned_request(
    groups: Iterable[Sequence[RequestRecord]], hands: Concurrency, efforts: RetryWindows
) -> Iterator[Violation]:
    """The same for requests that name no job: the list, and a create that was told to wait."""
    lists: dict[str | None, list[RequestRecord]] = {}
    for group in groups:
        first = group[0]
        alone = len(group) == 1 and first.role in CREATING and first.exchange.status == 429
        if alone and _worth_a_try(first) and not efforts.expired(first.number, first.number):
            yield _given_up(first)
        # Of several hands, each of which lists for itself, nobody knows which has given up.
        if first.role is JobRole.LIST and hands.of(first) == 1:
            lists.setdefault(first.sender, []).extend(group)
    for looks in lists.values():
        *_, before, last = [None, *sorted(looks, key=lambda look: look.number)]
        again = before is not None and (before.failed or before.unreadable)
        if (
            last
            and _worth_a_try(last)
            and not again
            and not efforts.expired(last.number, last.number)
        ):
            yield _given_up(last)


def _worth_a_try(attempt: RequestRecord) -> bool:
    """Whether a good client would have tried again: not where it has to wait for too long, nor
    where no money is left.
    """
    asked = attempt.retry_after.wait or 0
    return attempt.failed and not attempt.quota_exhausted and asked <= MAX_RETRY_SECONDS


def _given_up(failed: RequestRecord) -> Violation:
    wait = failed.retry_after.wait
    asked = f", with a wait of {format_seconds(wait)}" if wait else ""
    return violation_of(
        catalogue.GAVE_UP_TOO_EARLY,
        failed.exchange,
        failed.number,
        received=f"no second attempt after it {failed.outcome}{asked}",
        expected="3 to 5 attempts",
    )
