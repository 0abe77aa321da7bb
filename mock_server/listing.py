"""A list whose error for a missing index says what it contains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import SupportsIndex, TypeVar, overload

T = TypeVar("T")


class Listing(list[T]):
    """A list with a helpful IndexError.

    Args:
        items: the items of the list.
        name: the name of the list, such as "jobs".
        contents: returns what there is instead, such as "the mock has 2 jobs".
    """

    def __init__(self, items: Iterable[T], *, name: str, contents: Callable[[], str]) -> None:
        super().__init__(items)
        self._name, self._contents = name, contents

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]:
        __tracebackhide__ = True
        try:
            return super().__getitem__(index)
        except IndexError:
            raise IndexError(f"there is no {self._name}[{index}]: {self._contents()}") from None
