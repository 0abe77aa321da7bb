"""Rules over time: the responses of a server must agree with each other and with the lifecycle."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Document, JobRole
from ....openapi.text import one_line, quote
from ...traffic.exchange import Exchange
from ...traffic.job_places import JobPlaces
from ...traffic.job_views import JobView, created_job_id, jobs_in
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .availability import AvailabilityRules
from .kind_rules import KindRules
from .prompt_tags import TaggedPrompts
from .server_clock import ServerClock


class HistoryRules:
    """The rules over the responses of one server, which are checked one after the other."""

    def __init__(self, document: Document, *, timeout: float | None = None) -> None:
        self._document = document
        self._clock, self._prompts = ServerClock(), TaggedPrompts()
        self._availability = AvailabilityRules(document)
        places = JobPlaces(document)
        self._kinds = {
            name: KindRules(document, kind, places=places, clock=self._clock, timeout=timeout)
            for name, kind in document.kinds.items()
        }
        self._kind_of: dict[str, str] = {}

    def check(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield the violations of one exchange, which is compared with the exchanges before."""
        rules = [self._kinds[name] for name in dict.fromkeys(r.kind for r in exchange.roles)]
        gone = any(each.may_be_gone(exchange.job_id) for each in rules)
        self._availability.check(exchange, number, deleted=gone)
        views = self._views(exchange)
        for each in rules:
            yield from each.check(exchange, number, [v for v in views if v.kind is each.kind])
        self._prompts.record_request(exchange)
        if exchange.role is JobRole.LIST:
            for view in views:
                yield from self._check_unrequested(view, exchange, number)

    def finish(self) -> Iterator[Violation]:
        """Yield the violations that are certain only when the history is complete."""
        yield from self._availability.finish()

    def _views(self, exchange: Exchange) -> list[JobView]:
        """Return the jobs in a response, except those that may be of several kinds."""
        create = exchange.create if exchange.accepted else None
        created = created_job_id(self._document, exchange) if create else None
        if create is not None and created is not None:
            self._kind_of[created] = create.kind
        views = jobs_in(self._document, exchange, kinds=self._kind_of)
        if len({role.kind for role in exchange.roles}) > 1:
            return [view for view in views if view.job_id in self._kind_of]
        self._kind_of.update({view.job_id: view.kind.name for view in views})
        return [*views]

    def _check_unrequested(
        self, view: JobView, exchange: Exchange, number: int
    ) -> Iterator[Violation]:
        """Yield a violation if a job has a prompt of ours, but no accepted request created it."""
        prompt = self._prompts.requested_prompt(view)
        created = self._kinds[view.kind.name].was_created(view.job_id)
        if prompt and not created and not self._clock.is_older_than_history(view):
            yield violation_of(
                catalogue.UNREQUESTED_JOB,
                exchange,
                number,
                received=f"{one_line(view.job_id)} with {quote(prompt)}",
                expected="only jobs that accepted requests created",
            )
