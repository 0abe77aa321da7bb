"""A mock for the length of a block, at whose end its clients are judged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TypeVar

from .contract import Contract
from .options import MockOptions

Mock = TypeVar("Mock")


class CheckedBlock(MockOptions):
    """A context manager whose arguments are those of MockOptions.

    At the end of the block ContractError is raised if a client broke the contract; an error that
    leaves the block is told so in a note.
    """

    def _begin(self, make: Callable[[MockOptions, Contract], AbstractContextManager[Mock]]) -> Mock:
        contract, stack = Contract(check=self.check, allow=self.allow), ExitStack()
        mock = stack.enter_context(make(self, contract))
        # The same object may be entered again within its own block.
        self._entered = [*getattr(self, "_entered", ()), (contract, stack)]
        return mock

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        contract, stack = self._entered.pop()
        stack.close()
        if error is None:
            contract.verify(stacklevel=2)
        else:
            for note in contract.explain():
                error.add_note(note)
