"""Reports markers `video_mock` that have no effect, because no fixture of the plugin reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pytest

from .fixtures import warn_or_fail
from .stash import CONTRACT, UNREAD_MARKERS


def require_fixture(item: pytest.Item) -> None:
    """Fail a test that is about to start without the mock that its own marker describes."""
    __tracebackhide__ = True
    if _has_unread_marker(item) and not _may_request_fixtures(item):
        pytest.fail(_message(item.name), pytrace=False)


def warn_of_unread_markers(item: pytest.Item) -> None:
    """Warn, after a test, of the markers around it that no fixture has read."""
    __tracebackhide__ = True
    names = [item.name] if _has_unread_marker(item) else []
    unread = item.config.stash.get(UNREAD_MARKERS, set[str]())
    for owner in item.listchain() if unread else ():
        if owner.nodeid in unread:
            unread.remove(owner.nodeid)
            names.append(owner.name)
    if names:
        from .errors import UnreadMarkerWarning

        warn_or_fail(item, [UnreadMarkerWarning(_message(name)) for name in names])


def find_unread_markers(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Find the marked classes and modules none of whose tests can read the marker.

    If only some of their tests are selected, the others may read it.
    """
    if any("::" in argument for argument in config.args) or config.getoption("lf", False):
        return
    marked = [item for item in items if item.get_closest_marker("video_mock")]
    owners = {owner for item in marked for owner in _marked_collectors(item)}
    read = {node.nodeid for item in marked if _may_read(item) for node in item.listchain()}
    config.stash[UNREAD_MARKERS] = owners - read


def _marked_collectors(item: pytest.Item) -> Iterator[str]:
    """Yield the ids of the class and the module of a test that are marked themselves."""
    for node in item.listchain():
        if isinstance(node, pytest.Class | pytest.Module) and _is_marked(node.own_markers):
            yield node.nodeid


def _has_unread_marker(item: pytest.Item) -> bool:
    """Return whether a test itself is marked, not its class or module, without a fixture."""
    # Hooks may add markers to any item, so only those of the function and of its case count.
    own = [*getattr(getattr(item, "obj", None), "pytestmark", ())]
    own += getattr(getattr(item, "callspec", None), "marks", ())
    return _is_marked(own) and CONTRACT not in item.stash


def _is_marked(marks: Iterable[pytest.Mark | pytest.MarkDecorator]) -> bool:
    return any(mark.name == "video_mock" for mark in marks)


def _may_read(item: pytest.Item) -> bool:
    return "video_contract" in getattr(item, "fixturenames", ()) or _may_request_fixtures(item)


def _may_request_fixtures(item: pytest.Item) -> bool:
    """Return whether a test or one of its fixtures may read the marker with `request`."""
    return "request" in getattr(item, "fixturenames", ())


def _message(name: str) -> str:
    return (
        f"the marker video_mock of {name} has no effect: request one of the fixtures video_mock,"
        " video_server, video_api and video_contract, or pass its arguments to mock_videos()"
    )
