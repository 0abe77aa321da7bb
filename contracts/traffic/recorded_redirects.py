"""Redirects in recordings: a download from a storage is two entries, of which one is the API's."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import urldefrag, urljoin

from ...openapi.json import Json
from ...openapi.pointer import get_or_none
from ...openapi.schema import Schema


class RecordedRedirects:
    """Finds the responses of redirected requests in the entries of a recording.

    used: the numbers of the entries whose responses were found
    """

    def __init__(self, entries: Sequence[Json], entry_schema: Schema) -> None:
        self._entries, self._entry_schema = entries, entry_schema
        self._numbers_by_url: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(entries):
            url = get_or_none(entry, ("request", "url"))
            if isinstance(url, str) and get_or_none(entry, ("request", "method")) == "GET":
                self._numbers_by_url[urldefrag(url).url].append(number)
        self.used: set[int] = set()

    def follow(self, number: int, entry: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Return the entry with the response to which its redirects lead.

        The entry is returned as it is if it is not redirected; None if the last response is not in
        the recording.
        """
        followed: dict[str, Json] = {**entry}
        for _ in range(_MAX_REDIRECTS):
            target = _target(followed)
            if target is None:
                return followed
            following = self._take(target, number)
            if following is None or not self._entry_schema.accepts(self._entries[following]):
                return None
            number, after = following, self._entries[following]
            time = (followed["time"] or 0) + (after["time"] or 0)
            request = {**followed["request"], "url": target}
            followed |= {"request": request, "response": after["response"], "time": time}
        return None

    def _take(self, url: str, number: int) -> int | None:
        """Return the number of the next request for a URL that no redirect has led to so far."""
        numbers = self._numbers_by_url.get(url, [])
        index = bisect(numbers, number)
        if index == len(numbers):
            return None
        following = numbers.pop(index)
        self.used.add(following)
        return following


def is_redirect(entry: Mapping[str, Json]) -> bool:
    """Return True if the response to a GET is a redirect, which clients follow."""
    request, status = entry["request"], entry["response"].get("status")
    return request["method"].upper() == "GET" and status in _REDIRECT_STATUSES


def _target(entry: Mapping[str, Json]) -> str | None:
    if not is_redirect(entry):
        return None
    response = entry["response"]
    headers = response.get("headers") or []
    location = next((h["value"] for h in headers if h["name"].lower() == "location"), "")
    target = urljoin(entry["request"]["url"], location or response.get("redirectURL") or "")
    url: str = urldefrag(target).url
    return url


_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5
