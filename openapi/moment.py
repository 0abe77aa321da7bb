"""Forms of times in responses: Unix seconds, Unix milliseconds, or text such as ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import floor
from typing import NamedTuple

from .json import Json

MILLISECONDS_FROM = 1e11
"""The least `minimum` of a time in milliseconds; as seconds, it would be in the year 5138."""


class MomentForm(NamedTuple):
    """A form of times.

    name: "seconds", "milliseconds", or "text"
    layout: the layout of a text, as for `datetime.strftime`; `%3f` stands for milliseconds. Times
        are in UTC
    """

    name: str
    layout: str = ""

    def write(self, moment: float) -> int | str:
        """Return a time (Unix seconds) in this form; fractions that it cannot say are cut off."""
        if self.name == "seconds":
            return floor(moment)
        if self.name == "milliseconds":
            return floor(moment * 1000)
        at = _EPOCH + timedelta(milliseconds=floor(moment * 1000))
        layout = self.layout.replace("%3f", f"{at.microsecond // 1000:03d}")
        return at.strftime(layout)

    def read(self, value: Json) -> float | None:
        """Return the time (Unix seconds) of a value; None if it is not a time of this form.

        Any ISO 8601 text counts as the form that `as: date-time` writes.
        """
        if self.name != "text":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return None
            return value / 1000 if self.name == "milliseconds" else float(value)
        return self._parse(value) if isinstance(value, str) else None

    def _parse(self, text: str) -> float | None:
        try:
            if self == DATE_TIME:
                at = datetime.fromisoformat(text)
            else:
                at = datetime.strptime(text, self.layout.replace("%3f", "%f"))
        except ValueError:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


SECONDS = MomentForm("seconds")
MILLISECONDS = MomentForm("milliseconds")
DATE_TIME = MomentForm("text", "%Y-%m-%dT%H:%M:%S.%3fZ")
DATE = MomentForm("text", "%Y-%m-%d")


def named_form(text: str) -> MomentForm:
    """Return the form that `as` names, or that has this layout."""
    return _NAMED.get(text) or MomentForm("text", text)


def form_of_schema(schemas: Iterable[Json], examples: Iterable[Json]) -> MomentForm:
    """Return the form that schemas of a place ask for, else that of an example, else ISO 8601.

    Args:
        schemas: The schemas of the place, the most specific first.
        examples: Values that the document shows at this place.
    """
    shown, schemas = [*examples], [*schemas]
    for schema in schemas:
        types = schema.get("type", ())
        if {"integer", "number"} & ({types} if isinstance(types, str) else {*types}):
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            large = low >= MILLISECONDS_FROM or any(
                isinstance(e, int | float) and e >= MILLISECONDS_FROM for e in shown
            )
            return MILLISECONDS if large else SECONDS
        if schema.get("format") == "date":
            return DATE
    found = [form for e in shown if isinstance(e, str) and (form := _form_of_text(e))]
    patterns = [schema["pattern"] for schema in schemas if "pattern" in schema]
    fitting = (f for f in (*found, *_COMMON) if all(_matches(p, f.write(0)) for p in patterns))
    return next(fitting, (*found, DATE_TIME)[0])


def _matches(pattern: str, text: int | str) -> bool:
    try:
        return re.search(pattern, str(text)) is not None
    except re.error:  # a pattern that only other languages know
        return True


def _form_of_text(text: str) -> MomentForm | None:
    """Return the form of an example, such as 2026-04-18 15:16:01.841; None if it is not a time."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    if match["time"] is None:
        return DATE
    fraction = match["fraction"] or ""
    digits = {0: "", 4: ".%3f", 7: ".%f"}.get(len(fraction), ".%3f")
    zone = {"": "", "Z": "Z"}.get(match["zone"], "+00:00")
    return MomentForm("text", f"%Y-%m-%d{match['gap']}%H:%M:%S{digits}{zone}")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED = {
    "seconds": SECONDS,
    "milliseconds": MILLISECONDS,
    "date-time": DATE_TIME,
    "date": DATE,
}
_COMMON = (
    DATE_TIME,
    *(
        MomentForm("text", f"%Y-%m-%d{gap}%H:%M:%S{fraction}{zone}")
        for gap in ("T", " ")
        for zone in ("Z", "", "+00:00")
        for fraction in ("", ".%3f", ".%f")
    ),
    DATE,
)
_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>(?P<gap>[T ])[0-9]{2}:[0-9]{2}:[0-9]{2}(?P<fraction>\.[0-9]+)?"
    r"(?P<zone>|Z|[+-][0-9]{2}:?[0-9]{2}))?"
)
