"""The exceptions of this package.

ToolkitError
├── RecordingError          a recording cannot be read
│   └── NothingRecorded     a recording holds no request of the API
├── BudgetExceeded          a request would cost more than the budget allows
├── ServerUnreachable       no request to a server got a response
│   └── NotThisApi          a server responds, but it serves another API
├── CredentialsRejected     a server rejects the API key
└── CheckTimedOut           a check takes longer than it may

After ServerUnreachable, NotThisApi and CredentialsRejected it is certain that no job was created.
"""

from __future__ import annotations

from ..openapi.errors import ToolkitError


class RecordingError(ToolkitError, ValueError):
    """A recording that cannot be read."""


class NothingRecorded(RecordingError):
    """A recording that holds no request of the API."""


class BudgetExceeded(ToolkitError):
    """A request would cost more than is left, or create more jobs than are allowed."""


class ServerUnreachable(ToolkitError):
    """No request to the server got a response, so no job was created."""


class NotThisApi(ServerUnreachable):
    """The server responds, but it serves another API, so no job was created."""


class CredentialsRejected(ToolkitError):
    """The server rejects the API key, so no job was created with it."""


class CheckTimedOut(ToolkitError):
    """The time for all requests of a check is over. Its jobs may still exist."""
