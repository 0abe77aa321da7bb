"""One way in which a party has broken the contract, with everything that explains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...openapi.text import escape_controls, one_line
from ..traffic.exchange import Exchange
from .rule import Party, Rule, Severity


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a rule was broken.

    `request` is the method and the path, `operation_id` None where there is no such operation.
    `numbers` say which requests of the history broke it, counted from 1. `place` is the field,
    parameter or header at fault, None for the request as a whole.
    """

    rule: Rule
    operation_id: str | None
    request: str
    numbers: tuple[int, ...]
    place: str | None
    received: str
    expected: str

    @property
    def code(self) -> str:
        """The stable code of the rule, such as AV705."""
        return self.rule.code

    @property
    def title(self) -> str:
        """What breaking the rule is called."""
        return self.rule.title

    @property
    def severity(self) -> Severity:
        """Whether it breaks the contract, or is only a warning, or advice."""
        return self.rule.severity

    def __str__(self) -> str:
        return "\n".join(
            [f"{self.code} {self.title}", *(f"  {key:<9} {text}" for key, text in self._facts())]
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        name = f" ({self.operation_id})" if self.operation_id else ""
        yield "request", f"{self.request}{name}, {list_numbers(self.numbers)}"
        if self.place:
            yield ("field" if self.rule.party is Party.CLIENT else "place"), one_line(self.place)
        yield ("sent" if self.rule.party is Party.CLIENT else "received"), self.received
        yield "expected", self.expected
        yield "advice", self.rule.advice


def violation_of(
    rule: Rule,
    exchange: Exchange,
    *numbers: int,
    place: str | None = None,
    received: str,
    expected: str,
) -> Violation:
    """The violation of a rule by an exchange, which is one of these numbers."""
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
    """Numbers of requests as a sentence has them, the first few of many: `nos. 1 and 2`."""
    shown = [str(number) for number in numbers[:_SHOWN]]
    if len(numbers) == 1:
        return f"no. {shown[0]}"
    if len(numbers) > _SHOWN:
        return f"nos. {', '.join(shown)} and {len(numbers) - _SHOWN} more"
    return f"nos. {', '.join(shown[:-1])} and {shown[-1]}"


_SHOWN = 5
