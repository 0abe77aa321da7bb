"""The rules that a document must follow to be supported by the toolkit."""

from __future__ import annotations

from collections.abc import Iterator

from .envelope import DEFAULT_ENVELOPE, Cause, compile_envelope
from .errors import Problem
from .jobs.language import language_problems
from .jobs.old_words import old_word_problems
from .json import Json
from .operation import METHODS
from .operation_rules import operation_problems, request_fields
from .pointer import format_pointer
from .structure import pattern_problems, reference_problems, structure_problems


def document_problems(root: Json) -> list[Problem]:
    """Return every problem with a document.

    Each group of rules relies on the groups before it, so it runs only if these find no problem.
    """
    semantic_rules = (
        operation_problems,
        _security,
        _jobs,
        _errors,
        _limits,
    )
    for rules in (
        (old_word_problems,),
        (structure_problems,),
        (reference_problems, pattern_problems),
        semantic_rules,
    ):
        problems = [problem for rule in rules for problem in rule(root)]
        if problems:
            return problems
    return []


def _security(root: Json) -> Iterator[Problem]:
    schemes = root.get("components", {}).get("securitySchemes", {})
    requirements_by_pointer = {"/security": root.get("security", ())}
    for path, item in root["paths"].items():
        for method in METHODS:
            pointer = format_pointer(("paths", path, method, "security"))
            requirements_by_pointer[pointer] = item.get(method, {}).get("security", ())
    for pointer, requirements in requirements_by_pointer.items():
        for index, requirement in enumerate(requirements):
            for name in requirement:
                if name not in schemes:
                    reason = f"{name} is not one of components/securitySchemes"
                    yield Problem(f"{pointer}/{index}", reason)


def _jobs(root: Json) -> Iterator[Problem]:
    if "x-jobs" not in root:
        yield Problem("", "needs x-jobs, the life of its jobs")
    yield from language_problems(root)


def _errors(root: Json) -> Iterator[Problem]:
    """The causes that fields name must be declared."""
    causes = {*Cause, *root.get("x-errors", {}).get("causes", {})}
    for name, field in request_fields(root).items():
        cause = field.get("x-cause")
        if cause is not None and cause not in causes:
            reason = f"{cause}, the x-cause of {name}, is not declared"
            yield Problem("/x-errors/causes", reason)


def _limits(root: Json) -> Iterator[Problem]:
    """If there are limits, every operation must declare the response to requests beyond them."""
    if "x-limits" in root:
        envelope = compile_envelope(root["x-errors"]) if "x-errors" in root else DEFAULT_ENVELOPE
        yield from _limit_responses(root, str(envelope.responses[Cause.RATE_EXCEEDED].status))


def _limit_responses(root: Json, status: str) -> Iterator[Problem]:
    for path, item in root["paths"].items():
        for method in METHODS:
            if method in item and status not in item[method]["responses"]:
                pointer = format_pointer(("paths", path, method, "responses"))
                reason = f"{status}, the response to requests beyond x-limits, is not declared"
                yield Problem(pointer, reason)
