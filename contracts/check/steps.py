"""What a walk asks about one job, and about the list of all."""

from __future__ import annotations

from ...openapi import Cause, Document, JobRole, Operation, Provenance
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, get_or_none, is_number, jobs_in, json_body
from .pacing import Pacing
from .session import Session, outcome


class JobSteps:
    """One job, from its beginning to its end. What is known less well than `grade` is not asked
    for; a job that takes longer than `timeout` seconds is given up.
    """

    def __init__(
        self,
        document: Document,
        session: Session,
        job_id: str,
        *,
        grade: Provenance,
        pacing: Pacing,
        timeout: float,
    ) -> None:
        self._document, self._session, self._job_id = document, session, job_id
        self._grade, self._pacing, self._timeout = grade, pacing, timeout
        self._unknown = document.envelope.answers[Cause.JOB_UNKNOWN].status

    def begin(self) -> None:
        """Asks for what a job that was just made cannot give, and refuses."""
        self._ask(JobRole.CONTENT, "asks for its file at once")

    def follow(self, lists: ListSteps) -> None:
        """Polls until the job has ended, or for too long; looks at the list and asks for the file
        once on the way.
        """
        operation, session = self._operation(JobRole.RETRIEVE), self._session
        began, on_the_way = None, False
        session.follow(None)
        while operation is not None:
            exchange = session.request_job(operation, self._job_id, "follows the job")
            began = exchange.at if began is None else began
            seen = next(iter(jobs_in(self._document, exchange)), None)
            session.follow(seen or session.followed)
            if seen is not None and seen.state.ends:
                return
            left = self._timeout - (exchange.at - began)
            if left < 0 or not exchange.accepted:
                waited = f" after {exchange.at - began:.0f} seconds"
                why = f"{waited}, still {seen.state.name}" if seen else f": {outcome(exchange)}"
                session.note(f"{self._job_id} was given up{why}")
                return
            if not on_the_way and seen is not None and self._is_under_way(seen):
                on_the_way = True
                self._ask(JobRole.CONTENT, "asks for its file too early")
                lists.look()
            session.show("waits for the job")
            # At the latest a second after the time is over, when it is surely too late.
            session.wait(min(self._pacing.next_poll(exchange), left + 1))

    def end(self) -> None:
        """Asks for everything that a job has in the end."""
        self._files()
        self._expired_file()
        for role in (JobRole.RETRIEVE, JobRole.CONTENT):
            self._ask(role, "asks without a key", with_key=False)
        for role in (JobRole.RETRIEVE, JobRole.CONTENT):
            self._try(role)

    def look_again(self) -> None:
        """Asks how the job stands, which is over."""
        self._ask(JobRole.RETRIEVE, "looks at it again")

    def delete(self) -> bool:
        """Deletes the job, and looks whether it is gone; whether it is."""
        if self._operation(JobRole.DELETE) is None:
            return False
        self._ask(JobRole.DELETE, "deletes it without a key", with_key=False)
        exchange = self._exchange(JobRole.DELETE, "deletes it")
        if exchange is None or not (exchange.accepted or exchange.status == self._unknown):
            return False
        self._ask(JobRole.RETRIEVE, "looks whether it is gone")
        self._ask(JobRole.CONTENT, "looks whether its file is gone")
        self._ask(JobRole.DELETE, "deletes it again")
        return True

    def delete_early(self) -> bool:
        """Deletes the job while it runs, which a server may refuse; whether it is gone."""
        if not self._ask(JobRole.DELETE, "deletes it while it runs"):
            return False
        self._ask(JobRole.RETRIEVE, "looks whether it is gone")
        return True

    def _files(self) -> None:
        operation = self._operation(JobRole.CONTENT)
        if operation is None:
            return
        self._ask(JobRole.CONTENT, "downloads its file")
        for wanted in ("bytes=5-104", "bytes=999999999999-"):
            self._ask(JobRole.CONTENT, "downloads a part of it", headers={"range": wanted})
        for name, parameter in operation.query.items():
            choices = parameter.schema.raw.get("enum", ())
            for value in [c for c in choices if c != parameter.default]:
                self._ask(JobRole.CONTENT, f"downloads its {value}", query=((name, str(value)),))
            if choices:
                self._ask(JobRole.CONTENT, "asks for no file", query=((name, _OUTSIDE),))

    def _expired_file(self) -> None:
        """Asks for the file once more when it has expired, if that is soon."""
        seen, place = self._session.followed, self._document.lifecycle.expiry_at
        expiry = get_or_none(seen.job, place) if seen and place else None
        if is_number(expiry):
            left = expiry - self._session.history[-1].at
            if abs(left) < _SOON:
                self._session.wait(max(0.0, left) + _SKEW)
                self._ask(JobRole.CONTENT, "asks for its file when it has expired")

    def _try(self, role: JobRole) -> None:
        """Asks once for what is not known well enough to be judged, and notes what came."""
        operation = self._document.by_role.get(role)
        if operation is None or self._grade.covers(operation.provenance):
            return
        exchange = self._session.request_job(
            operation, self._job_id, f"tries {operation.id}", proves_key=False
        )
        self._session.note(
            f"{operation.id} is {operation.provenance} and not judged; {outcome(exchange)}"
        )

    def _ask(
        self,
        role: JobRole,
        doing: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> bool:
        """Asks for the job, if there is such an operation; whether that was accepted."""
        exchange = self._exchange(role, doing, with_key=with_key, query=query, headers=headers)
        return exchange is not None and exchange.accepted

    def _exchange(
        self,
        role: JobRole,
        doing: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Exchange | None:
        operation = self._operation(role)
        if operation is None or (not with_key and not operation.secured):
            return None
        return self._session.request_job(
            operation, self._job_id, doing, with_key=with_key, query=query, headers=headers
        )

    def _is_under_way(self, seen: JobView) -> bool:
        return seen.state.name != self._document.lifecycle.initial

    def _operation(self, role: JobRole) -> Operation | None:
        """The operation of a role, if there is one that is known well enough."""
        operation = self._document.by_role.get(role)
        return operation if operation and self._grade.covers(operation.provenance) else None


class ListSteps:
    """The list of all jobs."""

    def __init__(self, document: Document, session: Session, *, grade: Provenance) -> None:
        self._session, self._document = session, document
        listing = document.by_role.get(JobRole.LIST)
        self._operation = listing if listing and grade.covers(listing.provenance) else None

    def look(self) -> None:
        """Asks for the first page as it comes."""
        if self._operation is not None:
            self._session.request_page(self._operation, ())

    def read(self) -> None:
        """Reads the list in short pages, at least as far as the jobs of the walk, and the other way
        round.
        """
        operation = self._operation
        if operation is None or operation.page is None:
            return
        page, query = operation.page, [(operation.page.limit, "1")]
        for _ in range(_PAGES):
            exchange = self._session.request_page(operation, tuple(query))
            seen = jobs_in(self._document, exchange)
            cursor = seen[-1].job_id if seen else None
            if "next" in page.places and exchange.reply:
                cursor = get_or_none(json_body(exchange.reply), page.places["next"])
            if not seen or not isinstance(cursor, str):
                break
            query[1:] = [(page.after, cursor)]
        for order in operation.query[page.order].schema.raw.get("enum", ()) if page.order else ():
            self._session.request_page(operation, ((page.order or "", str(order)),))


_PAGES = 5
_SOON, _SKEW = 10.0, 3.5
_OUTSIDE = "not-a-value"
