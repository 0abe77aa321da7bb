"""The rules that a document must follow to be supported by the toolkit."""

from __future__ import annotations

from collections.abc import Iterator

from .envelope import Cause
from .errors import Problem
from .event_rules import event_problems
from .json import Json
from .lifecycle import compile_lifecycle
from .lifecycle_rules import lifecycle_problems
from .operation import METHODS
from .operation_rules import create_fields, operation_problems
from .pointer import format_pointer, get, parse_pointer
from .schema import property_at
from .structure import pattern_problems, reference_problems, structure_problems


def document_problems(root: Json) -> list[Problem]:
    """Return every problem with a document.

    Each group of rules relies on the groups before it, so it runs only if these find no problem.
    """
    semantic_rules = (
        operation_problems,
        _security,
        _job_ids,
        _single_extensions,
        _lifecycle,
        _events,
        _envelope,
        _limits,
    )
    for rules in ((structure_problems,), (reference_problems, pattern_problems), semantic_rules):
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


def _job_ids(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-job-id"):
        schema = get(root, parse_pointer(pointer))
        if property_at(root, schema, parse_pointer(schema["x-job-id"])) is None:
            reason = f"the schema has no field at {schema['x-job-id']}"
            yield Problem(f"{pointer}/x-job-id", reason)


def _single_extensions(root: Json) -> Iterator[Problem]:
    for keyword in ("x-lifecycle", "x-error-envelope"):
        pointers = extension_pointers(root, keyword)
        if len(pointers) != 1:
            found = ", ".join(pointers) or "none has"
            yield Problem("/components/schemas", f"exactly one schema must have {keyword}; {found}")


def _lifecycle(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-lifecycle"):
        yield from lifecycle_problems(root, pointer, create_fields=create_fields(root))


def _events(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-lifecycle"):
        data = get(root, parse_pointer(pointer))["x-lifecycle"]
        yield from event_problems(root, compile_lifecycle(data))


def _envelope(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-error-envelope"):
        schema = get(root, parse_pointer(pointer))
        data = schema["x-error-envelope"]
        for key in ("type", "code", "message", "parameter", "request_id"):
            if key in data and property_at(root, schema, parse_pointer(data[key])) is None:
                reason = f"the schema has no field at {data[key]}"
                yield Problem(f"{pointer}/x-error-envelope/{key}", reason)
        for name, field in create_fields(root).items():
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
