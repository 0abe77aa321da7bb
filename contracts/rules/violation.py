"""Violations of rules, with everything that explains them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...openapi.json import Json
from ...openapi.text import escape_controls, one_line, quote
from ..traffic.exchange import Exchange
from .rule import Party, Rule, Severity


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of a rule; its text has one line for each fact.

    Args:
        rule: the rule.
        operation_id: the operation, None if the request matches no operation.
        request: the method and the path, such as "GET /v1/videos".
        numbers: the numbers of the requests that broke the rule, counted from 1.
        place: the field, parameter or header at fault, None for the request as a whole.
        received: what was sent or received instead of the expected.
        expected: what the rule expects.
        found_in: the numbers of the requests that broke the rule, without those that they are
            compared with; the last of `numbers` by default.
        sent_from: the places in the program that sent the requests of `found_in`, such as
            "clips/video.py:14 in make_clip"; "" if they are unknown.
    """

    rule: Rule
    operation_id: str | None
    request: str
    numbers: tuple[int, ...]
    place: str | None
    received: str
    expected: str
    found_in: tuple[int, ...] = field(default=(), compare=False)
    sent_from: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "found_in", self.found_in or self.numbers[-1:])

    @property
    def code(self) -> str:
        """The stable code of the rule, such as AV705."""
        return self.rule.code

    @property
    def title(self) -> str:
        """The title of the rule."""
        return self.rule.title

    @property
    def severity(self) -> Severity:
        """The severity of the rule."""
        return self.rule.severity

    @property
    def summary(self) -> str:
        """The violation in one line: "AV705 createVideo seconds: '5', expected one of …"."""
        place = f" {one_line(self.place)}" if self.place else ""
        subject = f"{self.code} {self.operation_id or self.request}{place}"
        return escape_controls(f"{subject}: {self.received}, expected {self.expected}")

    def __str__(self) -> str:
        return "\n".join(
            [f"{self.code} {self.title}", *(f"  {key:<9} {text}" for key, text in self._facts())]
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        name = f" ({self.operation_id})" if self.operation_id else ""
        request = escape_controls(self.request)
        yield "request", f"{request}{name}, {list_numbers(self.numbers)}"
        if self.sent_from:
            yield "sent from", self.sent_from
        if self.place:
            shown_place = escape_controls(one_line(self.place))
            yield ("field" if self.rule.party is Party.CLIENT else "place"), shown_place
        yield ("sent" if self.rule.party is Party.CLIENT else "received"), self.received
        yield "expected", self.expected
        yield "advice", self.rule.advice
        yield "explain", f"aisa-testkit explain {self.code}"

    def to_json(self) -> dict[str, Json]:
        """Return the violation as JSON, with the title, severity and advice of its rule.

        `sent_from` is left out if it is unknown.
        """
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity.value,
            "operation": self.operation_id,
            "request": self.request,
            "numbers": list(self.numbers),
            "found_in": list(self.found_in),
            "place": None if self.place is None else one_line(self.place),
            "received": self.received,
            "expected": self.expected,
            "advice": self.rule.advice,
            **({"sent_from": self.sent_from} if self.sent_from else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Violation:
        """Return the violation that `to_json` wrote; its rule may be unknown in this version.

        Raises LookupError, TypeError or ValueError for any other data.
        """
        code, title, advice = (_read_text(data[name]) for name in ("code", "title", "advice"))
        numbers = tuple(read_count(number) for number in data["numbers"])
        if not numbers:
            raise ValueError("numbers must not be empty")
        return cls(
            rule=Rule(code, title, advice, Severity(data["severity"])),
            operation_id=_read_optional_text(data["operation"]),
            request=_read_text(data["request"]),
            numbers=numbers,
            place=_read_optional_text(data["place"]),
            received=_read_text(data["received"]),
            expected=_read_text(data["expected"]),
            sent_from=_read_text(data.get("sent_from", "")),
            found_in=tuple(map(read_count, data.get("found_in", ()))),
        )


def violation_of(
    rule: Rule,
    exchange: Exchange,
    *numbers: int,
    place: str | None = None,
    received: str,
    expected: str,
) -> Violation:
    """Return the violation of a rule by an exchange.

    Args:
        numbers: the numbers of the requests that broke the rule, the number of the exchange
            included.
    """
    return Violation(
        rule=rule,
        operation_id=exchange.operation_id,
        request=f"{exchange.operation.method} {exchange.path}",
        numbers=numbers,
        place=place,
        received=escape_controls(received),
        expected=escape_controls(expected),
    )


def list_numbers(numbers: tuple[int, ...]) -> str:
    """Return numbers of requests as text, cut after the first few: "nos. 1 and 2"."""
    shown = [str(number) for number in numbers[:_MAX_SHOWN_NUMBERS]]
    if len(numbers) == 1:
        return f"no. {shown[0]}"
    if len(numbers) > _MAX_SHOWN_NUMBERS:
        return f"nos. {', '.join(shown)} and {len(numbers) - _MAX_SHOWN_NUMBERS} more"
    return f"nos. {', '.join(shown[:-1])} and {shown[-1]}"


def read_count(value: Json) -> int:
    """Return a whole number from JSON. Raises ValueError unless it is 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"must be a whole number, 0 or more, not {quote(value)}")
    return value


def _read_text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {quote(value)}")
    return escape_controls(value)


def _read_optional_text(value: Json) -> str | None:
    return None if value is None else _read_text(value)


_MAX_SHOWN_NUMBERS = 5
