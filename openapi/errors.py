"""The exceptions of this package.

ValueError
└── DocumentError    a document cannot be read, or is not one that the toolkit understands
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document.

    `pointer` is the JSON pointer of the place, `line` its line in the text (from 1, None if
    unknown).
    """

    pointer: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        where = ", ".join(part for part in (line, self.pointer) if part)
        return f"{where}: {self.reason}" if where else self.reason


class DocumentError(ValueError):
    """A document that cannot be used, with every problem that was found."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(name, problems)
        self.name = name
        self.problems = problems

    def __str__(self) -> str:
        first, *more = self.problems
        rest = f" (and {len(more)} more)" if more else ""
        return f"{self.name}: {first}{rest}"
