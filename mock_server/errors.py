"""The refusal of a request, on its way to becoming an error answer."""

from __future__ import annotations

from collections.abc import Mapping

from ..openapi.errors import ToolkitError


class Refusal(ToolkitError):
    """Why a request is refused: a cause of the document's error envelope, in words, and the field
    at fault if it is one.
    """

    def __init__(
        self,
        cause: str,
        message: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(cause, message)
        self.cause, self.message, self.parameter = cause, message, parameter
        self.headers = headers or {}


class DeliveryError(ToolkitError):
    """An event did not reach its receiver; the message gives the reason."""
