"""Many texts looked for at once."""

from __future__ import annotations

import re
from collections.abc import Iterable


class MultiStringSearch:
    """Texts that are looked for in others, in a time that hardly depends on how many they are: what
    cannot be the beginning of any is passed over by one pattern. None of them may be empty.
    """

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._starts = _Starts(0)

    def add(self, *needles: str) -> None:
        """Looks for these, too. What is looked for meanwhile, by another thread, is found or not
        found as if this had come first or last.
        """
        new = [needle for needle in dict.fromkeys(needles) if needle not in self._known]
        if not new:
            return
        self._known.update(dict.fromkeys(new))
        length = min(_LONGEST, *map(len, new), self._starts.length or _LONGEST)
        if length == self._starts.length:
            self._starts.take(new)
        else:
            starts = _Starts(length)
            starts.take(self._known)
            self._starts = starts

    def find_all(self, text: str) -> set[str]:
        """Those that the text holds."""
        return self._starts.within(text)


class _Starts:
    """Needles by their first characters: so many of each."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._needles: dict[str, tuple[str, ...]] = {}
        self._characters: list[set[str]] = [set() for _ in range(length)]
        self._pattern: re.Pattern[str] | None = None

    def take(self, needles: Iterable[str]) -> None:
        changed = self._pattern is None
        for needle in needles:
            start = needle[: self.length]
            self._needles[start] = (*self._needles.get(start, ()), needle)
            for character, known in zip(start, self._characters, strict=True):
                if character not in known:
                    known.add(character)
                    changed = True
        if changed:  # which it is ever more seldom: keys are made of the same few characters
            classes = ("".join(map(re.escape, sorted(known))) for known in self._characters)
            self._pattern = re.compile("".join(f"[{each}]" for each in classes))

    def within(self, text: str) -> set[str]:
        found = set[str]()
        match = self._pattern.search(text) if self._pattern else None
        while match and self._pattern:
            at = match.start()
            for needle in self._needles.get(match[0], ()):
                if needle not in found and text.startswith(needle, at):
                    found.add(needle)
            match = self._pattern.search(text, at + 1)
        return found


# So many first characters tell nearly all texts apart that are no keys.
_LONGEST = 12
