"""The draft of a document: guesses that have been tried, so that the overlay loads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ..document import Document
from ..jobs.kind_compiler import compile_kinds
from ..operation import Operation
from ..pointer import parse_pointer
from ..schema import Schemas
from ..words import normalized, well_known
from .guess import Guess, KindDraft
from .kind import draft_kind
from .operations import Poll, creates_of, find_polls


@dataclass(frozen=True, slots=True)
class Draft:
    """The life of jobs as it is guessed.

    title: the title of the document
    kinds: the kinds of jobs; none if no operation creates a job that another one reports
    refused: what looks like a kind and is none, with the reason, each in one line
    """

    title: str
    kinds: tuple[KindDraft, ...]
    refused: tuple[str, ...] = ()


def draft_overlay(document: Document) -> Draft:
    """Return the kinds of jobs of a document; what the loader refuses becomes a line about it."""
    root, operations = document.source.data, [*document.operations.values()]
    polls = [*find_polls(root, operations)]
    made: dict[int, list[tuple[Operation, str]]] = {}
    for create, poll, reason in creates_of(root, operations, polls):
        made.setdefault(polls.index(poll), []).append((create, reason))
    kinds: dict[str, KindDraft] = {}
    refused: list[str] = []
    for index, creates in made.items():
        name = _name(polls[index], kinds)
        kind = draft_kind(root, name, polls[index], creates, operations)
        names = ", ".join(create.id for create, _ in creates)
        reason = _endless(kind) or _try(document, kind, beside=kinds)
        if reason:
            seen = f"{names} and {polls[index].operation.id} look like a kind of job"
            refused.append(f"{name}: {seen}, but {reason}")
        else:
            kinds[name] = kind
    return Draft(document.title, tuple(kinds.values()), tuple(refused))


def _endless(kind: KindDraft) -> str:
    """Return why the states of a kind are not those of work, which can fail; "" if they are."""
    lapses = well_known()["lapses"]
    ends = [guess for guess in kind.guesses if guess.word == "states"]
    failed = [guess for guess in ends if guess.value in ("failure", "canceled")]
    unknown = [line.split(":")[0] for line in kind.open if line.startswith("states ")]
    names = [*(guess.key or "" for guess in failed), *unknown]
    if any(normalized(name.removeprefix("states ")) not in lapses for name in names):
        return ""
    return "none of the states is that of work that failed or was canceled"


def _try(document: Document, kind: KindDraft, *, beside: Mapping[str, KindDraft]) -> str:
    """Take away the guesses that the loader refuses; return why no job remains, "" if one does."""
    schemas = Schemas(document.source.data)
    others = {name: other.data for name, other in beside.items()}
    while True:
        problems: list[tuple[str, str]] = []
        compile_kinds(
            {**others, kind.name: kind.data},
            schemas=schemas,
            operations=document.operations,
            report=partial(_note, problems),
            warn=lambda pointer, reason: None,
        )
        if not problems:
            return ""
        refused = [(_guess_at(kind, pointer), reason) for pointer, reason in problems]
        kept = [(guess, reason) for guess, reason in refused if guess]
        if not kept:
            return " ".join(problems[0])
        guess, reason = kept[0]
        kind.guesses.remove(guess)
        kind.open.append(f"{guess.word} {guess.key or ''}: left out, because it {reason}")
        if not any(each.word == "create" for each in kind.guesses):
            return f"its create {reason}"


def _note(problems: list[tuple[str, str]], pointer: str, reason: str) -> None:
    problems.append((pointer, reason))


def _guess_at(kind: KindDraft, pointer: str) -> Guess | None:
    """Return the guess that stands at a pointer below `x-jobs`; None if a job cannot be without."""
    whole = parse_pointer(pointer)
    if whole[1:2] != (kind.name,):
        return None
    steps = whole[2:]
    if steps[:1] == ("create",):
        creates = [guess for guess in kind.guesses if guess.word == "create"]
        index = int(steps[1]) if steps[1:2] and steps[1].isdecimal() else 0
        return creates[index] if index < len(creates) else None
    found: Iterable[Guess] = (g for g in kind.guesses if g.word == steps[0]) if steps else ()
    fits = [g for g in found if g.key is None or steps[1:2] in ((), (g.key,))]
    return fits[0] if fits and fits[0].word not in ("poll", "state", "states") else None


def _name(poll: Poll, taken: Iterable[str]) -> str:
    """Return the last word of the path before the id as the name of a kind, in the singular."""
    steps = [step for step in poll.collection.split("/") if step and "{" not in step]
    name = re.sub(r"[^a-z0-9_]+", "_", (steps or ["job"])[-1].lower()).strip("_") or "job"
    name = re.sub(r"(?<=ch|sh|ss)es$|(?<!s)s$", "", name) or name
    known = set(taken)
    return next(n for i in range(1, 1000) if (n := name if i == 1 else f"{name}_{i}") not in known)
