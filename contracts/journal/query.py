"""Which requests of a journal are meant, as the query of a URL says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...openapi import Document
from ...openapi.credentials import SHOWN_KEY_CHARACTERS, mask_key
from ...openapi.text import quote
from .facts import jobs_of, key_of, operation_of, status_of
from .log import Entry, Item

PAGE, LARGEST_PAGE = 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQuery:
    """What requests are asked for; None for whatever.

    `operation` is an id, `status` a number such as 404, a class such as 4xx, or `broken`; `key` is
    masked, the last four characters of one, or a whole one, of which only these count; `job` is
    named by the request or by its answer. `since` and `until` are moments in Unix seconds, both
    included; of the numbers, those between `after` and `before` are meant. `limit` is how many at
    most, `newest` says which come first.
    """

    operation: str | None = None
    status: str | None = None
    key: str | None = None
    job: str | None = None
    since: float = -math.inf
    until: float = math.inf
    after: float = 0
    before: float = math.inf
    limit: int = PAGE
    newest: bool = False

    def matches_time(self, entry: Entry) -> bool:
        """Whether a request came at a time that is meant; it need not be read for that."""
        in_time = self.since <= entry.at <= self.until
        return in_time and self.after < entry.number < self.before

    def matches(self, document: Document, item: Item) -> bool:
        """Whether a request is one that is meant, whenever it came."""
        operation = operation_of(item)
        return (
            (self.operation is None or (operation is not None and operation.id == self.operation))
            and (self.status is None or _is_status(self.status, status_of(document, item)))
            and (self.key is None or _is_key(self.key, key_of(document, item)))
            and (self.job is None or self.job in jobs_of(document, item))
        )


def read_query(document: Document, query: Mapping[str, str]) -> RequestQuery:
    """What the parameters of a URL mean; raises ValueError, with the name of the parameter and what
    was expected, for what cannot be.
    """
    for name in query:
        if name not in _PARAMETERS:
            raise ValueError(f"{quote(name)}: is not known here, only {', '.join(_PARAMETERS)}")
    return RequestQuery(
        operation=_operation(document, query.get("operation")),
        status=_status(query.get("status")),
        key=query.get("key"),
        job=query.get("job"),
        since=_moment("since", query.get("since"), -math.inf),
        until=_moment("until", query.get("until"), math.inf),
        after=_number("after", query.get("after"), 0),
        before=_number("before", query.get("before"), math.inf),
        limit=_limit(query.get("limit")),
        newest=_newest(query.get("order")),
    )


def _is_status(wanted: str, status: int | None) -> bool:
    if status is None:
        return wanted == _BROKEN
    return wanted in (str(status), f"{status // 100}xx")


def _is_key(wanted: str, key: str | None) -> bool:
    """Whether a key is meant by its last characters, or by all of it, which is not compared: nobody
    shall find out a key by asking.
    """
    if key is None:
        return False
    end = (
        wanted
        if wanted.startswith("…") or len(wanted) <= SHOWN_KEY_CHARACTERS
        else mask_key(wanted)
    )
    return end.removeprefix("…") == mask_key(key).removeprefix("…")


def _operation(document: Document, text: str | None) -> str | None:
    if text is None or text in document.operations:
        return text
    raise _wrong("operation", f"one of {', '.join(document.operations)}", text)


def _status(text: str | None) -> str | None:
    if text is None or re.fullmatch(rf"[1-5][0-9]{{2}}|[1-5]xx|{_BROKEN}", text):
        return text
    raise _wrong("status", f"a number such as 404, a class such as 4xx, or {_BROKEN}", text)


def _moment(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(name, "a moment in Unix seconds", text)
    return value


def _number(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,18}", text):
        raise _wrong(name, "the number of a request, 0 or more", text)
    return int(text)


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise _wrong("limit", f"a whole number from 1 to {LARGEST_PAGE}", text)
    return int(text)


def _newest(text: str | None) -> bool:
    if text not in (None, *_ORDERS):
        raise _wrong("order", " or ".join(_ORDERS), text)
    return text == _ORDERS[1]


def _wrong(name: str, wanted: str, text: str | None) -> ValueError:
    return ValueError(f"{name}: must be {wanted}, not {quote(text)}")


_BROKEN = "broken"
_ORDERS = ("oldest", "newest")
_PARAMETERS = (
    *("operation", "status", "key", "job", "since", "until", "limit", "after", "before", "order"),
)
