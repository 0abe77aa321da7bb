"""One page of a list of jobs, as a server sent it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from ....openapi import ListOperation
from ....openapi.jobs import Part, Place
from ....openapi.json import Json, is_number
from ....openapi.pointer import get_or_none
from ...traffic.exchange import Exchange
from ..rule import Rule
from ..violation import Violation, violation_of


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """One page as a server sent it.

    exchange: the request and its response
    number: the number of the exchange in the history
    listing: the operation, with the places of its pages
    body: the JSON of the response
    jobs: the jobs on the page
    ids: the ids of the jobs
    """

    exchange: Exchange
    number: int
    listing: ListOperation
    body: Json
    jobs: list[Json]
    ids: list[str]

    @property
    def limit(self) -> int | None:
        """The requested or default number of jobs."""
        limit = self._requested(self.listing.limit)
        return limit if isinstance(limit, int) else None

    @property
    def after(self) -> str | None:
        """The id of the job before the page, None for another way to choose the page."""
        after = self._requested(self.listing.after)
        return None if after is None else str(after)

    @property
    def start(self) -> str | None:
        """The place in the list where the page starts, as the request names it; None for the first.

        It is that of the parameter for the next page, and "" for a page that is chosen otherwise.
        """
        if self._requested(self.listing.before) is not None:
            return ""
        for place in (self.listing.after, self.listing.cursor, self.listing.offset):
            value = self._requested(place)
            if place is not None and value is not None and value != 0:
                return str(value)
        page = self._requested(self.listing.page)
        if page is None or self.listing.page is None or self._is_default(self.listing.page, page):
            return None
        return str(page)

    @property
    def next_start(self) -> str | None:
        """The place where the next page starts, as its request will name it; None if unknown."""
        listing, following = self.listing, self._at("next_page")
        forward = listing.after or listing.cursor
        if "next_page" in listing.places and forward is not None:
            return _parameter_in(following, forward.name) if isinstance(following, str) else None
        if forward is not None:
            return self.ids[-1] if self.ids else None
        offset, page = self._requested(listing.offset), self._requested(listing.page)
        if listing.offset is not None:
            return str((offset if isinstance(offset, int) else 0) + len(self.ids))
        return str(page + 1) if isinstance(page, int) else None

    @property
    def order(self) -> str | None:
        """The requested order as the request writes it, None for the default."""
        if self.listing.order is None:
            return None
        value = self.exchange.value_at(self.listing.order[0])
        return None if value is None else str(value)

    @property
    def newest_first(self) -> bool | None:
        """True for the newest job first, False for the oldest, None if that is not known."""
        if self.listing.order is None:
            return None
        place, words = self.listing.order
        word = words.get(str(self.exchange.requested_value(place)))
        return None if word is None else word == "descending"

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """The parameters that may select jobs: those that choose neither page nor order."""
        listing = self.listing
        places = [listing.limit, listing.after, listing.before, listing.cursor]
        places += [listing.offset, listing.page, listing.order[0] if listing.order else None]
        known = {place.name for place in places if place and place.part is Part.QUERY}
        return tuple((name, value) for name, value in self.exchange.call.query if name not in known)

    @property
    def has_more(self) -> bool:
        """True if another page may follow.

        A list without a field for it ends with an empty page, or with fewer jobs than the limit.
        """
        places = self.listing.places
        if "more" in places:
            return self._at("more") is True
        if "next_page" in places:
            return bool(self._at("next_page"))
        total, offset = self._at("total"), self._requested(self.listing.offset)
        if is_number(total) and (self.start is None or isinstance(offset, int)):
            return (offset if isinstance(offset, int) else 0) + len(self.ids) < total
        return len(self.ids) >= self.limit if self.limit is not None else bool(self.ids)

    def violation(
        self, rule: Rule, received: str, expected: str, place: str | None = None
    ) -> Violation:
        """Return the violation of a rule by this page."""
        return violation_of(
            rule, self.exchange, self.number, place=place, received=received, expected=expected
        )

    def _at(self, word: str) -> Json:
        path = self.listing.places.get(word)
        return None if path is None else get_or_none(self.body, path)

    def _requested(self, place: Place | None) -> Json:
        return None if place is None else self.exchange.requested_value(place)

    def _is_default(self, place: Place, value: Json) -> bool:
        return place.name not in self.exchange.query and value is not None


def _parameter_in(following: str, name: str) -> str | None:
    """Return the cursor of a next page, which may be a parameter of a whole URL."""
    if "?" not in following and "://" not in following:
        return following
    try:
        values = parse_qs(urlsplit(following).query).get(name)
    except ValueError:
        return None
    return values[0] if values else None
