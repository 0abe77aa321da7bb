"""The private parts of respx that the routes need."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..openapi.errors import ToolkitError


def require_hooks(respx: ModuleType | Any) -> None:
    """Return if respx has all private parts that the routes of a mock override or read.

    Raises ToolkitError if one is missing, because a request could then reach the network.
    """
    route = respx.Route()
    for owner, name in (
        (route, "_snapshots"),
        (route, "_next_side_effect"),
        (respx.mocks.HTTPCoreMocker, "_patches"),
        (respx.mocks.HTTPCoreMocker, "routers"),
    ):
        if not hasattr(owner, name):
            kind = owner if isinstance(owner, type) else type(owner)
            version = getattr(respx, "__version__", "")
            raise ToolkitError(
                f"respx {version} has no {kind.__name__}.{name}, which the mock needs:"
                " pip install 'aisa-testkit[pytest]' installs a version that has it"
            )
