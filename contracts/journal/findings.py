"""Violations as data for other programs, and back."""

from __future__ import annotations

from collections.abc import Mapping

from ...openapi.json import Json
from ...openapi.text import escape_controls, one_line, quote
from ..rules.rule import Rule, Severity
from ..rules.violation import Violation


def write_violation(violation: Violation) -> dict[str, Json]:
    """A violation with all that its rule says."""
    return {
        "code": violation.code,
        "title": violation.title,
        "severity": violation.severity.value,
        "operation": violation.operation_id,
        "request": violation.request,
        "numbers": list(violation.numbers),
        "place": None if violation.place is None else one_line(violation.place),
        "received": violation.received,
        "expected": violation.expected,
        "advice": violation.rule.advice,
    }


def read_violation(data: Mapping[str, Json]) -> Violation:
    """What `write_violation` wrote, also of a rule that is not known here. Raises LookupError,
    TypeError or ValueError for anything else.
    """
    code, title, advice = (_text(data[name]) for name in ("code", "title", "advice"))
    numbers = tuple(read_count(number) for number in data["numbers"])
    if not numbers:
        raise ValueError("numbers must name a request")
    return Violation(
        rule=Rule(code, title, advice, Severity(data["severity"])),
        operation_id=_text_or_none(data["operation"]),
        request=_text(data["request"]),
        numbers=numbers,
        place=_text_or_none(data["place"]),
        received=_text(data["received"]),
        expected=_text(data["expected"]),
    )


def read_count(value: Json) -> int:
    """A whole number, 0 or more; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"must be a whole number, 0 or more, not {quote(value)}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {quote(value)}")
    return escape_controls(value)


def _text_or_none(value: Json) -> str | None:
    return None if value is None else _text(value)
