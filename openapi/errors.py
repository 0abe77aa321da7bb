"""The base of all exceptions of the toolkit, and the exceptions of this package.

Exception
└── ToolkitError
    ├── DocumentError (ValueError)    a document cannot be read or is not supported
    ├── FormError (ValueError)        a request body is not a valid multipart form
    └── ContentEncodingError (ValueError)    a request body cannot be decompressed

The exceptions of the other packages derive from ToolkitError, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in a document.

    pointer: the JSON pointer of the place
    reason: the problem in words, without the place
    line: the line in the text, from 1; None if unknown
    file: the name of the file, if it is another one than the document, such as an overlay
    """

    pointer: str
    reason: str
    line: int | None = None
    file: str = ""

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = f"{self.file} {line}".strip()
        where = ", ".join(part for part in (place, self.pointer) if part)
        return f"{where}: {self.reason}" if where else self.reason


class ToolkitError(Exception):
    """The base of every exception that the toolkit raises for callers to catch."""


class DocumentError(ToolkitError, ValueError):
    """A document cannot be used.

    name: the name of the document, usually its path
    problems: every problem that was found, at least one
    warnings: what was left out before
    """

    def __init__(
        self, name: str, problems: tuple[Problem, ...], warnings: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(name, problems, warnings)
        self.warnings = warnings
        self.name = name
        self.problems = problems

    def __str__(self) -> str:
        first, *more = self.problems
        rest = f" (and {len(more)} more)" if more else ""
        return f"{self.name}: {first}{rest}"


class FormError(ToolkitError, ValueError):
    """A request body is not a valid multipart form or has too many parts."""


class ContentEncodingError(ToolkitError, ValueError):
    """A request body has an unknown content coding or cannot be decompressed."""
