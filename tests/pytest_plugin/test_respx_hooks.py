"""The private parts of respx that the routes need."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import respx

from aisa_testkit.openapi import ToolkitError
from aisa_testkit.pytest_plugin.respx_hooks import require_hooks


def respx_without(missing: str) -> SimpleNamespace:
    """A module like respx that lacks one private part."""
    parts: dict[str, object] = {
        name: [] for name in ("_snapshots", "_next_side_effect") if name != missing
    }
    patches: dict[str, object] = {name: [] for name in ("_patches", "routers") if name != missing}
    return SimpleNamespace(
        __version__="9.9",
        Route=type("Route", (), parts),
        mocks=SimpleNamespace(HTTPCoreMocker=type("HTTPCoreMocker", (), patches)),
    )


def test_installed_respx_has_all_parts() -> None:
    require_hooks(respx)
    require_hooks(respx_without("nothing"))


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("_snapshots", "Route"),
        ("_next_side_effect", "Route"),
        ("_patches", "HTTPCoreMocker"),
        ("routers", "HTTPCoreMocker"),
    ],
)
def test_missing_part_is_named(name: str, owner: str) -> None:
    message = re.escape(f"respx 9.9 has no {owner}.{name}, which the mock needs: pip install")
    with pytest.raises(ToolkitError, match=f"^{message}"):
        require_hooks(respx_without(name))
