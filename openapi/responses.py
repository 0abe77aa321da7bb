"""The declared responses of an operation, by status, range of statuses, or default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .operation import Response


class Responses(Mapping[int, Response]):
    """The declared responses of an operation.

    Iteration and length are those of single statuses. A status is also found if a range such as
    `4XX` or the default covers it.

    Args:
        exact: The responses by status.
        ranges: The responses by their first digit.
        default: The response for all other statuses; None if there is none.
    """

    def __init__(
        self,
        exact: Mapping[int, Response],
        *,
        ranges: Mapping[int, Response] | None = None,
        default: Response | None = None,
    ) -> None:
        self._exact, self._ranges, self.default = exact, ranges or {}, default

    def __getitem__(self, status: int) -> Response:
        found = self._exact.get(status) or self._ranges.get(status // 100)
        if found is None and status == _PARTIAL and self.default is not None:
            # The default is for errors; a part of a file is as the whole one.
            found = self._exact.get(_WHOLE)
        found = found or self.default
        if found is None:
            raise KeyError(status)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._exact)

    def __len__(self) -> int:
        return len(self._exact)

    def __contains__(self, status: object) -> bool:
        if not isinstance(status, int):
            return False
        covered = status in self._exact or status // 100 in self._ranges
        return covered or self.default is not None

    def describe(self) -> str:
        """Return the statuses, ranges and the default in a list."""
        ranges = [f"{digit}XX" for digit in self._ranges]
        return ", ".join([*map(str, self._exact), *ranges, *(["default"] if self.default else [])])


def documented_status(responses: Mapping[int, Response], usual: int) -> int:
    """Return the status that a server sends for an error that usually has another one.

    Args:
        responses: The documented responses.
        usual: The usual status of the error.

    It is the usual status if that is documented, else the first documented status of those that
    may stand in for it, else the usual status.
    """
    if usual in responses:
        return usual
    return next((s for s in _STAND_INS.get(usual, _ANY_REQUEST) if s in responses), usual)


def is_left_out(responses: Mapping[int, Response], status: int) -> bool:
    """Return True if the document says nothing about errors of the client like this one."""
    is_client_error = 400 <= status < 500
    return is_client_error and documented_status(responses, status) not in responses


_WHOLE, _PARTIAL = 200, 206
# Servers that document few errors send these instead. None stands in for a limit of requests, which
# clients answer by waiting.
_ANY_REQUEST = (400, 422)
_STAND_INS: Mapping[int, tuple[int, ...]] = {
    400: (422,),
    401: (403,),
    403: (401,),
    404: (410, 400, 422),
    405: (404, 400),
    409: (400, 422, 403, 404),
    410: (404, 400),
    422: (400,),
    429: (),
}
