"""The removals of overlays that break a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ..errors import DocumentError, Problem
from ..json import Json
from ..pointer import format_pointer
from ..source import Source
from ..text import without_suggestion

Read = Callable[[Sequence[Source]], object]
"""Reads a document with overlays; raises DocumentError if it cannot be used."""


def blame_removals(error: DocumentError, overlays: Sequence[Source], read: Read) -> DocumentError:
    """Return an error in which each problem that comes from a removal is one of that action.

    Such a problem is gone if the document is read without the action. An error of an overlay
    itself is returned as it is.

    Args:
        error: The error of the document with the overlays.
        overlays: The overlays, which were applied.
        read: Reads the same document with other overlays.
    """
    if error.name in [overlay.name for overlay in overlays]:
        return error
    problems = {(p.pointer, p.reason): p for p in error.problems}
    for overlay, pointer, without in _removals(overlays):
        left = _problems(without, read)
        if left < problems.keys():
            caused = [problems[key] for key in problems if key not in left]
            kept = [problem for problem in problems.values() if problem not in caused]
            (placed,) = overlay.error(Problem(pointer, _reason(caused))).problems
            reported = replace(placed, file=overlay.name)
            return DocumentError(error.name, (reported, *kept), error.warnings)
    return error


def _removals(
    overlays: Sequence[Source],
) -> Iterator[tuple[Source, str, list[Source]]]:
    """Yield each removal: its overlay, its pointer there, and all overlays without it."""
    for number, overlay in enumerate(overlays):
        actions: list[dict[str, Json]] = overlay.data["actions"]
        for index, action in enumerate(actions):
            if action.get("remove"):
                # It stays without its effect, so that the others keep their places.
                others = [*actions[:index], {"target": "$"}, *actions[index + 1 :]]
                changed = replace(overlay, data={**overlay.data, "actions": others})
                without = [*overlays[:number], changed, *overlays[number + 1 :]]
                yield overlay, format_pointer(("actions", index, "remove")), without


def _problems(overlays: Sequence[Source], read: Read) -> set[tuple[str, str]]:
    try:
        read(overlays)
    except DocumentError as error:
        return {(problem.pointer, problem.reason) for problem in error.problems}
    return set()


def _reason(caused: Sequence[Problem]) -> str:
    first, *more = caused
    # A similar name does not help with something that was there.
    needed = str(replace(first, reason=without_suggestion(first.reason)))
    also = f", and {len(more)} more" if more else ""
    return f"removes what is needed at {needed}{also}; leave this action out, or change that, too"
