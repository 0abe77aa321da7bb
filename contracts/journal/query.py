"""Queries for requests of the journal, as a URL states them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...openapi import Document
from ...openapi.credentials import SHOWN_KEY_CHARACTERS, mask_key
from ...openapi.jobs.file_addresses import FILES_ID
from ...openapi.text import did_you_mean, quote
from .entry import Entry, LoggedRequest, jobs_of, key_of, operation_of, status_of

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQuery:
    """The conditions that requests must meet, None for any.

    Args:
        operation: the id of the operation; "__files" for the files at their addresses.
        status: a status such as 404, a class such as 4xx, or "broken".
        key: an API key: masked, its last four characters, or a whole key, whose end is compared.
        job: the id of a job in the request or in the response.
        since: the earliest time, in Unix seconds.
        until: the latest time, in Unix seconds.
        after: only requests with a larger number.
        before: only requests with a smaller number.
        limit: the number of requests on a page.
        newest: True if the newest request comes first.
    """

    operation: str | None = None
    status: str | None = None
    key: str | None = None
    job: str | None = None
    since: float = -math.inf
    until: float = math.inf
    after: float = 0
    before: float = math.inf
    limit: int = DEFAULT_LIMIT
    newest: bool = False

    def matches_time(self, entry: Entry) -> bool:
        """Return True if time and number of a request match; the request is not parsed."""
        in_time = self.since <= entry.at <= self.until
        return in_time and self.after < entry.number < self.before

    def matches(self, document: Document, request: LoggedRequest) -> bool:
        """Return True if a request matches, apart from its time and number."""
        operation = operation_of(request)
        return (
            (self.operation is None or (operation is not None and operation.id == self.operation))
            and (self.status is None or _matches_status(self.status, status_of(document, request)))
            and (self.key is None or _matches_key(self.key, key_of(document, request)))
            and (self.job is None or self.job in jobs_of(document, request))
        )


def read_query(document: Document, query: Mapping[str, str]) -> RequestQuery:
    """Return the query that the parameters of a URL state.

    Raises ValueError with the name of the parameter and the expected value.
    """
    for name in query:
        if name not in _PARAMETERS:
            known = f"not one of {_PARAMETER_NAMES}{did_you_mean(name, _PARAMETERS)}"
            raise ValueError(f"{quote(name)}: unknown parameter, {known}")
    return RequestQuery(
        operation=_read_operation(document, query.get("operation")),
        status=_read_status(query.get("status")),
        key=query.get("key"),
        job=query.get("job"),
        since=_read_time("since", query.get("since"), -math.inf),
        until=_read_time("until", query.get("until"), math.inf),
        after=_read_number("after", query.get("after"), 0),
        before=_read_number("before", query.get("before"), math.inf),
        limit=_read_limit(query.get("limit")),
        newest=_read_order(query.get("order")),
    )


def _matches_status(wanted: str, status: int | None) -> bool:
    if status is None:
        return wanted == _BROKEN
    return wanted in (str(status), f"{status // 100}xx")


def _matches_key(wanted: str, key: str | None) -> bool:
    """Return True if a key has the wanted end.

    Whole keys are not compared, so that a key cannot be found by trying.
    """
    if key is None:
        return False
    is_end = wanted.startswith("…") or len(wanted) <= SHOWN_KEY_CHARACTERS
    end = wanted if is_end else mask_key(wanted)
    return end.removeprefix("…") == mask_key(key).removeprefix("…")


def _read_operation(document: Document, text: str | None) -> str | None:
    if text is None or text in document.operations or (text == FILES_ID and document.files):
        return text
    raise _invalid(
        "operation", f"one of {', '.join(document.operations)}", text, document.operations
    )


def _read_status(text: str | None) -> str | None:
    if text is None or re.fullmatch(rf"[1-5][0-9]{{2}}|[1-5]xx|{_BROKEN}", text):
        return text
    raise _invalid("status", f"a number such as 404, a class such as 4xx, or {_BROKEN}", text)


def _read_time(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _invalid(name, "a time in Unix seconds", text)
    return value


def _read_number(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,18}", text):
        raise _invalid(name, "the number of a request, 0 or more", text)
    return int(text)


def _read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _invalid("limit", f"a whole number from 1 to {MAX_LIMIT}", text)
    return int(text)


def _read_order(text: str | None) -> bool:
    if text not in (None, *_ORDERS):
        raise _invalid("order", " or ".join(_ORDERS), text, _ORDERS)
    return text == _ORDERS[1]


def _invalid(name: str, expected: str, text: str | None, known: Iterable[str] = ()) -> ValueError:
    suggestion = did_you_mean(text or "", known)
    return ValueError(f"{name}: must be {expected}, not {quote(text)}{suggestion}")


_BROKEN = "broken"
_ORDERS = ("oldest", "newest")
_PARAMETERS = (
    *("operation", "status", "key", "job", "since", "until", "limit", "after", "before", "order"),
)
_PARAMETER_NAMES = ", ".join(_PARAMETERS)
