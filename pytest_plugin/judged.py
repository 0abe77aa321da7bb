"""A mock for the length of a block, at whose end its clients are judged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TypeVar

from .contract import Contract
from .options import MockOptions

Mock = TypeVar("Mock")


class JudgedBlock(MockOptions):
    """A context manager whose arguments are those of MockOptions.

    At the end of the block ContractError is raised if a client broke the contract; an error that
    leaves the block is told so in a note.
    """

    def _begin(self, make: Callable[[MockOptions, Contract], AbstractContextManager[Mock]]) -> Mock:
        if hasattr(self, "_stack"):
            raise RuntimeError("this block is entered already; make another one for a second mock")
        contract, stack = Contract(check=self.check, allow=self.allow), ExitStack()
        mock = stack.enter_context(make(self, contract))
        self._contract, self._stack = contract, stack
        return mock

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        del self._stack
        if error is None:
            self._contract.verify(stacklevel=2)
        else:
            for note in self._contract.explain():
                error.add_note(note)
