"""What goes wrong in a run, as the user of the program sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...openapi.text import count_of
from ..rules.client_catalogue import UNKNOWN_STATUS_ACCEPTED
from .run import End, Job, Run


class Finding(NamedTuple):
    """Something that goes wrong.

    Args:
        kind: The kind; findings of one kind are reported once.
        reason: What goes wrong, in a sentence.
        run: The run, with the smallest behaviour that shows it.
    """

    kind: str
    reason: str
    run: Run

    @property
    def rank(self) -> int:
        """The place of the kind in the order of what it costs, from 0."""
        return next((i for i, kind in enumerate(_RANKS) if self.kind.startswith(kind)), len(_RANKS))


_RANKS = (
    *("paid again", "file", "wrong file", "partial file", "false success", "no end", "lost work"),
    *("assertion", "exception", "gives up"),
)


def judge(run: Run, usual: Run) -> Iterator[Finding]:
    """Yield what goes wrong in a run.

    Args:
        run: The run.
        usual: The run without faults.
    """
    for kind, reason in (
        *_of_end(run, usual),
        *_of_jobs(run, usual),
        *_of_files(run, usual),
        *_of_lost_work(run, usual),
        *_of_rules(run),
    ):
        yield Finding(kind, reason, run)


def _of_end(run: Run, usual: Run) -> Iterator[tuple[str, str]]:
    if run.end is End.STUCK:
        yield "no end", f"the program does not end: {run.exception}"
    elif run.assertion:
        yield f"assertion at {run.place}", f"an assertion fails: {run.exception}"
    elif run.end is End.RAISED and not run.declared:
        name = run.exception.partition(":")[0]
        yield f"exception {name} at {run.place}", f"the program fails: {run.exception}"
    elif run.end is End.RAISED and _only_repeatable(run, usual):
        yield "gives up", f"the program gives up ({run.exception}), though a repetition would do"
    elif run.end is End.RETURNED and run.jobs and _completes(usual) and not _completes(run):
        yield "false success", "the program reports success, but no job has completed"


def _completes(run: Run) -> bool:
    return any(job.completed for job in run.jobs)


def _of_jobs(run: Run, usual: Run) -> Iterator[tuple[str, str]]:
    """Yield the jobs that are paid in addition to those without faults; failed ones are free."""
    paid, usually = ([job for job in each.jobs if not job.fails] for each in (run, usual))
    if len(paid) > len(usually):
        ids, without = ", ".join(job.id for job in paid), count_of(len(usually), "job")
        yield (
            "paid again",
            f"{count_of(len(paid), 'job')} are paid ({ids}), without faults {without}",
        )


def _of_rules(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the errors of the verdict. A program that fails needs no more polls."""
    for error in run.errors:
        code = error.partition(" ")[0]
        if code != UNKNOWN_STATUS_ACCEPTED.code or run.end is not End.RAISED:
            yield f"rule {code}", error


def _of_files(run: Run, usual: Run) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the files that are files of jobs in the run without faults."""
    if run.end is End.STUCK:
        return
    ids = {job.id for job in run.jobs}
    expected = {file.name for file in usual.files if file.job_id is not None}
    for file in run.files:
        if file.name not in expected:
            continue  # such as a note, or a part of a file under another name
        if file.job_id is None:
            yield "wrong file", f"{file.name} is not a file of a job"
        elif file.job_id not in ids:
            yield "file of another job", f"{file.name} is the file of {file.job_id}"
        elif not file.whole:
            yield "partial file", f"{file.name} is only a part of the file of {file.job_id}"


def _of_lost_work(run: Run, usual: Run) -> Iterator[tuple[str, str]]:
    """Yield the paid jobs without a file, if each has one in the run without faults."""
    if _without_file(usual) or not _completes(usual):
        return
    life = run.behaviour.life
    is_other = life != usual.behaviour.life and not life.first_job
    excused = run.end is not End.RETURNED and (run.behaviour.injections or is_other)
    for job in _without_file(run) if run.end is not End.STUCK else ():
        if job.deleted:
            yield "lost work", f"{job.id} completes, and is paid, but is deleted without its file"
        elif not excused:
            yield "lost work", f"{job.id} completes, and is paid, but its file is not saved"


def _without_file(run: Run) -> list[Job]:
    """Return the jobs that complete, but of which no whole file was left."""
    saved = {file.job_id for file in run.files if file.whole}
    return [job for job in run.jobs if job.completes and job.id not in saved]


def _only_repeatable(run: Run, usual: Run) -> bool:
    """Return True if the only fault passes, and the request may be repeated without a cost.

    Jobs must live as usual: in other lives, a program may have another reason to end.
    """
    behaviour = run.behaviour
    if behaviour != usual.behaviour._replace(injections=behaviour.injections):
        return False
    return len(behaviour.injections) == 1 and behaviour.injections[0].fault.passes
