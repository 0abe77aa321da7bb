"""The rules that a document must follow to be supported by the toolkit."""

from __future__ import annotations

from collections.abc import Iterator

from .envelope import Cause
from .errors import Problem
from .jobs.language import language_problems
from .jobs.old_words import old_word_problems
from .json import Json
from .operation import METHODS
from .operation_rules import operation_problems, request_fields
from .pointer import format_pointer, get, parse_pointer
from .schema_places import schemas_at
from .structure import pattern_problems, reference_problems, structure_problems


def document_problems(root: Json) -> list[Problem]:
    """Return every problem with a document.

    Each group of rules relies on the groups before it, so it runs only if these find no problem.
    """
    semantic_rules = (
        operation_problems,
        _security,
        _jobs,
        _single_extensions,
        _envelope,
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


def extension_pointers(root: Json, keyword: str) -> list[str]:
    """Return the pointers of the schemas under components that have an extension."""
    schemas = root.get("components", {}).get("schemas", {})
    return [
        f"/components/schemas{format_pointer((name,))}"
        for name, schema in schemas.items()
        if isinstance(schema, dict) and keyword in schema
    ]


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


def _single_extensions(root: Json) -> Iterator[Problem]:
    for keyword in ("x-error-envelope",):
        pointers = extension_pointers(root, keyword)
        if len(pointers) != 1:
            found = ", ".join(pointers) or "none has"
            yield Problem("/components/schemas", f"exactly one schema must have {keyword}; {found}")


def _jobs(root: Json) -> Iterator[Problem]:
    if "x-jobs" not in root:
        yield Problem("", "needs x-jobs, the life of its jobs")
    else:
        yield from language_problems(root["x-jobs"])


def _envelope(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-error-envelope"):
        schema = get(root, parse_pointer(pointer))
        data = schema["x-error-envelope"]
        for key in ("type", "code", "message", "parameter", "request_id"):
            if key in data and not schemas_at(root, schema, parse_pointer(data[key])):
                reason = f"the schema has no field at {data[key]}"
                yield Problem(f"{pointer}/x-error-envelope/{key}", reason)
        for name, field in request_fields(root).items():
            cause = field.get("x-cause") if isinstance(field, dict) else None
            if cause and cause not in data["causes"]:
                reason = f"{cause}, the x-cause of {name}, is not declared"
                yield Problem(f"{pointer}/x-error-envelope/causes", reason)


def _limits(root: Json) -> Iterator[Problem]:
    """If there are limits, every operation must declare the response to requests beyond them."""
    if "x-limits" not in root:
        return
    for pointer in extension_pointers(root, "x-error-envelope"):
        envelope = get(root, parse_pointer(pointer))["x-error-envelope"]
        response = envelope["causes"].get(Cause.RATE_EXCEEDED)
        if response is None:
            reason = f"{Cause.RATE_EXCEEDED}, the cause that x-limits requires, is not declared"
            yield Problem(f"{pointer}/x-error-envelope/causes", reason)
        else:
            yield from _limit_responses(root, str(response["status"]))


def _limit_responses(root: Json, status: str) -> Iterator[Problem]:
    for path, item in root["paths"].items():
        for method in METHODS:
            if method in item and status not in item[method]["responses"]:
                pointer = format_pointer(("paths", path, method, "responses"))
                reason = f"{status}, the response to requests beyond x-limits, is not declared"
                yield Problem(pointer, reason)
