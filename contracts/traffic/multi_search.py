"""Search for many strings in a text at once."""

from __future__ import annotations

import re
from collections.abc import Iterable


class MultiStringSearch:
    """Strings to search for. The time hardly depends on their number, and none may be empty.

    One regular expression finds the places where a string may begin, by its first characters.
    """

    def __init__(self) -> None:
        self._strings: dict[str, None] = {}
        self._prefixes = _PrefixIndex(0)

    def add(self, *strings: str) -> None:
        """Add strings to search for.

        A search in another thread at the same time finds a new string or not.
        """
        new = [string for string in dict.fromkeys(strings) if string not in self._strings]
        if not new:
            return
        self._strings.update(dict.fromkeys(new))
        current_length = self._prefixes.length or _MAX_PREFIX_LENGTH
        length = min(_MAX_PREFIX_LENGTH, current_length, *map(len, new))
        if length == self._prefixes.length:
            self._prefixes.add(new)
        else:
            prefixes = _PrefixIndex(length)
            prefixes.add(self._strings)
            self._prefixes = prefixes

    def find_all(self, text: str) -> set[str]:
        """Return the strings that occur in the text."""
        return self._prefixes.find_all(text)


class _PrefixIndex:
    """Strings by their prefixes, which all have one length."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._strings_by_prefix: dict[str, list[str]] = {}
        self._characters_by_position: list[set[str]] = [set() for _ in range(length)]
        self._pattern: re.Pattern[str] | None = None

    def add(self, strings: Iterable[str]) -> None:
        changed = self._pattern is None
        for string in strings:
            prefix = string[: self.length]
            self._strings_by_prefix.setdefault(prefix, []).append(string)
            for character, characters in zip(prefix, self._characters_by_position, strict=True):
                if character not in characters:
                    characters.add(character)
                    changed = True
        if changed:  # seldom after the first keys, which are made of the same few characters
            classes = (
                f"[{''.join(map(re.escape, sorted(characters)))}]"
                for characters in self._characters_by_position
            )
            self._pattern = re.compile("".join(classes))

    def find_all(self, text: str) -> set[str]:
        found = set[str]()
        match = self._pattern.search(text) if self._pattern else None
        while match and self._pattern:
            start = match.start()
            for string in self._strings_by_prefix.get(match[0], ()):
                if string not in found and text.startswith(string, start):
                    found.add(string)
            match = self._pattern.search(text, start + 1)
        return found


# Nearly no other text begins with a prefix of this length.
_MAX_PREFIX_LENGTH = 12
