"""The exceptions of this package.

ToolkitError
├── Refusal                   a request is refused with an error reply
├── NonconformingReply        a strict service was about to send an undocumented reply
├── ConfigError (ValueError)  an option of a config, scenario or fault is invalid
├── AdminRequestError         a request to the admin API is invalid
└── DeliveryError             an event did not reach its receiver
"""

from __future__ import annotations

from collections.abc import Mapping

from ..openapi.conformance import ReplyProblem
from ..openapi.errors import ToolkitError


class Refusal(ToolkitError):
    """A request is refused, with the error reply for a cause of the document's error envelope.

    Args:
        cause: One of the causes in the document.
        message: The reason in words.
        parameter: The name of the invalid field or header, if there is one.
        headers: Further headers of the error reply.
        status: The HTTP status that was asked for; by default that of the cause.
        wait: The seconds before a retry; by default those of the cause.
    """

    def __init__(
        self,
        cause: str,
        message: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(cause, message)
        self.cause, self.message, self.parameter = cause, message, parameter
        self.headers, self.status, self.wait = headers or {}, status, wait


class NonconformingReply(ToolkitError):
    """A strict service was about to send a reply that its document does not declare.

    Args:
        status: The HTTP status of the reply.
        problems: The differences from the document.
    """

    def __init__(self, status: int, problems: tuple[ReplyProblem, ...]) -> None:
        super().__init__(status, problems)
        self.status, self.problems = status, problems

    def __str__(self) -> str:
        listed = "; ".join(map(str, self.problems))
        return f"the mock's own reply, {self.status}, is not as documented: {listed}"


class ConfigError(ToolkitError, ValueError):
    """An option of a config, a scenario or a fault is invalid.

    Args:
        pointer: The place of the option (a JSON pointer).
        reason: The problem in words, without the place.
        displayed: The place as it may be printed, if `pointer` contains an API key.
    """

    def __init__(self, pointer: str, reason: str, *, displayed: str | None = None) -> None:
        self.displayed = pointer if displayed is None else displayed
        super().__init__(self.displayed, reason)
        self.pointer, self.reason = pointer, reason

    def __str__(self) -> str:
        return f"{self.displayed}: {self.reason}" if self.displayed else self.reason


class AdminRequestError(ToolkitError):
    """A request to the admin API is invalid, or impossible now. It has changed nothing.

    Args:
        message: The reason in words.
        status: The HTTP status of the response.
        headers: Further headers of the response.
    """

    def __init__(
        self, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}


class DeliveryError(ToolkitError):
    """An event did not reach its receiver. The message is the reason in words."""
