"""Overlays: changes to a document that are written in files of their own.

They follow the OpenAPI Overlay Specification 1.0 and 1.1; targets are JSONPath (RFC 9535).
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path as FilePath
from typing import NamedTuple

from ..errors import Problem
from ..json import Json
from ..pointer import Path, format_pointer, get
from ..shape import shape_of
from ..source import Origin, Source
from .json_path import JsonPathError, find_paths, nearest_name


class AppliedOverlay(NamedTuple):
    """A document after an overlay.

    data: the changed document
    origins: where the changed parts stand, the latest last
    warnings: the actions that had no effect, with their places in the overlay
    """

    data: Json
    origins: tuple[Origin, ...]
    warnings: tuple[Problem, ...]


def apply_overlay(data: Json, overlay: Source) -> AppliedOverlay:
    """Return a document with the changes of an overlay.

    Args:
        data: The document, which is not changed.
        overlay: The overlay.

    Raises DocumentError if the overlay is invalid, or if a change does not fit the document.
    """
    problems = [*_problems(overlay.data)]
    if problems:
        raise overlay.error(*problems)
    application = _Application(deepcopy(data), overlay)
    for index, action in enumerate(overlay.data["actions"]):
        application.perform(action, ("actions", str(index)))
    warnings = overlay.error(*application.warnings).problems if application.warnings else ()
    return AppliedOverlay(application.data, tuple(application.origins), warnings)


def _problems(data: Json) -> list[Problem]:
    if not isinstance(data, dict) or "overlay" not in data:
        return [Problem("", f"is not an overlay: {_what_it_is(data)}; {_BEGINNING}")]
    return [*shape_of(_SHAPE, unknown="is not a word of overlays").problems(data)]


def _what_it_is(data: Json) -> str:
    """Return what is there in place of an overlay, in words."""
    if data is None:
        return "it is empty"
    if not isinstance(data, dict):
        return f"it is {_kind(data)}"
    if "openapi" in data or "swagger" in data:
        return "it is a document, which stands before its overlays"
    if "x-jobs" in data:
        return "its x-jobs must be the update of an action with the target $"
    return "it has no overlay, the version"


class _Application:
    """Applies the actions of one overlay, one after another."""

    def __init__(self, data: Json, overlay: Source) -> None:
        self.data, self._overlay = data, overlay
        self.origins: list[Origin] = []
        self.warnings: list[Problem] = []

    def perform(self, action: dict[str, Json], place: Path) -> None:
        """Perform an action; `place` is its path in the overlay."""
        targets = self._find(action["target"], (*place, "target"))
        if not targets:
            target = action["target"]
            near = nearest_name(target, self.data)
            reason = f"has no effect: {target} selects nothing in the document{near}"
            self.warnings.append(Problem(format_pointer((*place, "target")), reason))
            return
        if action.get("remove"):
            # From the end, so that the places of other entries of an array stay.
            for target in sorted(targets, key=_order, reverse=True):
                self._remove(target, place)
        elif "copy" in action:
            found = self._find(action["copy"], (*place, "copy"))
            if len(found) != 1:
                self._fail((*place, "copy"), f"must select one value, not {len(found)}")
            self._update(targets, deepcopy(get(self.data, found[0])), (*place, "copy"))
        elif "update" in action:
            self._update(targets, action["update"], (*place, "update"))

    def _find(self, query: str, place: Path) -> list[Path]:
        try:
            return find_paths(query, self.data)
        except JsonPathError as error:
            return self._fail(place, f"is not a JSONPath (RFC 9535): {error}")

    def _fail(self, place: Path, reason: str) -> list[Path]:
        raise self._overlay.error(Problem(format_pointer(place), reason))

    def _remove(self, target: Path, place: Path) -> None:
        if not target:
            self._fail(place, "cannot remove the whole document")
        holder = get(self.data, target[:-1])
        del holder[int(target[-1]) if isinstance(holder, list) else target[-1]]

    def _update(self, targets: list[Path], update: Json, place: Path) -> None:
        for target in targets:
            current = get(self.data, target)
            if isinstance(current, list):
                added = update if isinstance(update, list) else [update]
                start = len(current)
                current += deepcopy(added)
                for index in range(len(added)):
                    steps = (str(index),) if isinstance(update, list) else ()
                    self._note((*target, str(start + index)), (*place, *steps))
            elif isinstance(current, dict) and isinstance(update, dict):
                self._merge(current, update, target, place)
            elif isinstance(current, dict) or isinstance(update, dict | list) or not target:
                where = f"but {format_pointer(target) or 'the document'} is {_kind(current)}"
                self._fail(place, f"is {_kind(update)}, {where}")
            else:
                self._set(target, update, place)

    def _merge(
        self, current: dict[str, Json], update: dict[str, Json], target: Path, place: Path
    ) -> None:
        for name, value in update.items():
            at, origin = (*target, name), (*place, name)
            before = current.get(name)
            if name not in current:
                current[name] = deepcopy(value)
                self._note(at, origin)
            elif isinstance(before, dict) and isinstance(value, dict):
                self._merge(before, value, at, origin)
            elif isinstance(before, list) and isinstance(value, list):
                for index, entry in enumerate(value):
                    self._note((*at, str(len(before))), (*origin, str(index)))
                    before.append(deepcopy(entry))
            elif isinstance(before, dict | list) or isinstance(value, dict | list):
                kinds = f"{_kind(value)}, but the document has {_kind(before)} there"
                self._fail(origin, f"is {kinds}; remove that first, or write the same kind")
            else:
                self._set(at, value, origin)

    def _set(self, target: Path, value: Json, place: Path) -> None:
        holder = get(self.data, target[:-1])
        holder[int(target[-1]) if isinstance(holder, list) else target[-1]] = value
        self._note(target, place)

    def _note(self, target: Path, place: Path) -> None:
        self.origins.append(Origin(target, self._overlay, place))


def _order(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts the entries of an array by their numbers."""
    return tuple((1, int(s), "") if s.isdecimal() else (0, 0, s) for s in path)


def _kind(value: Json) -> str:
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else "a single value"


_BEGINNING = "an overlay begins with overlay: 1.1.0, then info and actions"
_SHAPE = FilePath(__file__).with_name("overlay.schema.json")
