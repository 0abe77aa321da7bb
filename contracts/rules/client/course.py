"""The rules over a whole history: what can be told only when all of it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..violation import Violation
from .abandonment import given_up, given_up_alone, orphan, unknown_trusted
from .duplicates import duplicate_violations, duplicates
from .job_history import Hands, Looks, stories
from .polling import pace_violations
from .request_record import Attempt, Reading, alike
from .retries import retry_violations
from .retry_window import Efforts


def course_violations(
    reading: Reading, attempts: Sequence[Attempt], *, whole: bool
) -> Iterator[Violation]:
    """What is wrong with a history as such. One that is not `whole` lacks its beginning, so that
    nothing is said about what may have been done in it.
    """
    told, groups = stories(attempts), alike(attempts)
    looks, hands = Looks(attempts), Hands(attempts)
    efforts = Efforts(attempts, hands)
    in_vain: set[str] = set()
    for group in groups:
        found = duplicates(reading, group, told, looks)
        in_vain |= {duplicate.job_id for duplicate in found}
        yield from duplicate_violations(found)
        yield from retry_violations(group, told, looks, hands)
    for story in told.values():
        yield from pace_violations(story)
        yield from unknown_trusted(story, efforts)
        if whole:
            yield from given_up(story, efforts)
        if whole and story.job_id not in in_vain:
            yield from orphan(story, efforts, looks)
    if whole:
        yield from given_up_alone(groups, hands, efforts)
