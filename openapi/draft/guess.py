"""What a draft says: guesses with their reasons, and what a person has to decide."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..json import Json


@dataclass(frozen=True, slots=True)
class Guess:
    """One entry of a kind of job.

    word: the word of `x-jobs`, such as "poll" or "fields"
    key: the name of the entry below the word; None if the word has one value alone
    value: what the entry says
    reason: why it is guessed, in one line
    """

    word: str
    key: str | None
    value: Json
    reason: str


@dataclass(slots=True)
class KindDraft:
    """A kind of job.

    guesses: its entries, in the order in which they are written
    open: what is not known, with the alternatives, each in one line
    """

    name: str
    guesses: list[Guess] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Json]:
        """The entries as they stand below `x-jobs`."""
        data: dict[str, Json] = {}
        for guess in self.guesses:
            if guess.word == "create":
                data.setdefault("create", []).append(guess.value)
            elif guess.key is None:
                data[guess.word] = guess.value
            else:
                data.setdefault(guess.word, {})[guess.key] = guess.value
        return data
