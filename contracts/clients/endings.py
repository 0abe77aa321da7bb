"""What a client has left undone when its history is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...openapi import Ending, JobRole
from ...openapi.schema import plain
from .. import client_catalogue as catalogue
from ..exchange import Exchange
from ..violation import Violation, breach
from .attempt import MAKING, Attempt, seconds
from .guidance import ENOUGH, LONGEST_TRYING, TOTAL_WAIT
from .story import Hands, Story


def orphan(story: Story) -> Iterator[Violation]:
    """A job that was made, and that nobody has come back to."""
    if story.made and story.last and story.last.state and not story.followed:
        yield breach(
            catalogue.ORPHANED,
            story.made.exchange,
            story.made.number,
            received=f"nothing about {plain(story.job_id)} after it was accepted",
            expected="polls until its end",
        )


def unknown_trusted(story: Story) -> Iterator[Violation]:
    """A job that was last shown in no state of the document, and that nobody has asked for since,
    as if it had ended.
    """
    last = story.last
    if last is None or last.state or story.ended or _out_of_patience(story, last.exchange):
        return
    if not any(request.number > last.number for request in story.requests):
        yield breach(
            catalogue.UNKNOWN_TRUSTED,
            last.exchange,
            last.number,
            received=f"no poll for {plain(story.job_id)} after the answer that it is"
            f" {plain(last.word)}, no state of the document",
            expected="polls until a final state",
        )


def given_up(story: Story) -> Iterator[Violation]:
    """A job or a file that was asked for once in vain, and never again."""
    last = story.last
    if last is None or last.state is None:
        return
    downloads = story.of(JobRole.CONTENT)
    if last.state.ends is Ending.SUCCESS and len(downloads) == 1 and _worth_a_try(downloads[0]):
        yield _given_up(downloads[0])
    polls = story.of(JobRole.RETRIEVE)
    if not last.pending or not polls or not _worth_a_try(polls[-1]):
        return
    failed, first = polls[-1], not any(poll.failed for poll in polls[-2:-1])
    later = failed.number < max(last.number, story.requests[-1].number)
    if first and not later and not _out_of_patience(story, failed.exchange):
        yield _given_up(failed)


def given_up_alone(groups: Iterable[Sequence[Attempt]], hands: Hands) -> Iterator[Violation]:
    """The same for requests that name no job: the list, and a create that was told to wait."""
    lists: dict[str | None, list[Attempt]] = {}
    for group in groups:
        first = group[0]
        if len(group) == 1 and first.role in MAKING and first.exchange.status == 429:
            yield from map(_given_up, filter(_worth_a_try, group))
        # Of several hands, each of which lists for itself, nobody knows which has given up.
        if first.role is JobRole.LIST and hands.of(first) == 1:
            lists.setdefault(first.sender, []).extend(group)
    for looks in lists.values():
        *_, before, last = [None, *sorted(looks, key=lambda look: look.number)]
        if last and _worth_a_try(last) and not (before and before.failed):
            yield _given_up(last)


def _worth_a_try(attempt: Attempt) -> bool:
    """Whether a good client would have tried again: not where it has to wait for too long, nor
    where no money is left.
    """
    asked = attempt.retry_after.wait or 0
    return attempt.failed and not attempt.spent and asked <= LONGEST_TRYING


def _given_up(failed: Attempt) -> Violation:
    wait = failed.retry_after.wait
    asked = f", with a wait of {seconds(wait)}" if wait else ""
    return breach(
        catalogue.GAVE_UP,
        failed.exchange,
        failed.number,
        received=f"no second attempt after it {failed.outcome}{asked}",
        expected="3 to 5 attempts",
    )


def _out_of_patience(story: Story, exchange: Exchange) -> bool:
    """Whether the job was waited for as long as any job should be."""
    waited = story.waited_by(exchange)
    return waited is not None and waited >= ENOUGH * TOTAL_WAIT
