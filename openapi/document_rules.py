"""What makes an OpenAPI document one that the toolkit can obey."""

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
from .schema_places import property_at
from .structure import reference_problems, structure_problems


def document_problems(root: Json) -> list[Problem]:
    """Everything that is wrong with a document; later rules run only on what earlier ones found
    sound.
    """
    meaning = (
        operation_problems,
        _security,
        _job_ids,
        _single_extensions,
        _lifecycle,
        _events,
        _envelope,
        _limits,
    )
    for rules in ((structure_problems,), (reference_problems,), meaning):
        problems = [problem for rule in rules for problem in rule(root)]
        if problems:
            return problems
    return []


def extension_pointers(root: Json, keyword: str) -> list[str]:
    """The pointers of the schemas under components that carry an extension."""
    schemas = root.get("components", {}).get("schemas", {})
    return [
        f"/components/schemas{format_pointer((n,))}"
        for n, s in schemas.items()
        if isinstance(s, dict) and keyword in s
    ]


def _security(root: Json) -> Iterator[Problem]:
    known = root.get("components", {}).get("securitySchemes", {})
    places = {"/security": root.get("security", ())}
    for path, item in root["paths"].items():
        for method in METHODS:
            place = format_pointer(("paths", path, method, "security"))
            places[place] = item.get(method, {}).get("security", ())
    for place, requirements in places.items():
        for index, requirement in enumerate(requirements):
            for name in requirement:
                if name not in known:
                    reason = f"{name} is not one of components/securitySchemes"
                    yield Problem(f"{place}/{index}", reason)


def _job_ids(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-job-id"):
        schema = get(root, parse_pointer(pointer))
        if property_at(root, schema, parse_pointer(schema["x-job-id"])) is None:
            reason = f"the schema has no field at {schema['x-job-id']}"
            yield Problem(f"{pointer}/x-job-id", reason)


def _single_extensions(root: Json) -> Iterator[Problem]:
    for keyword in ("x-lifecycle", "x-error-envelope"):
        places = extension_pointers(root, keyword)
        if len(places) != 1:
            found = ", ".join(places) or "none has"
            yield Problem("/components/schemas", f"exactly one schema must have {keyword}; {found}")


def _lifecycle(root: Json) -> Iterator[Problem]:
    for pointer in extension_pointers(root, "x-lifecycle"):
        yield from lifecycle_problems(root, pointer, create=create_fields(root))


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
                yield Problem(
                    f"{pointer}/x-error-envelope/{key}", f"the schema has no field at {data[key]}"
                )
        for name, field in create_fields(root).items():
            cause = field.get("x-cause") if isinstance(field, dict) else None
            if cause and cause not in data["causes"]:
                yield Problem(
                    f"{pointer}/x-error-envelope/causes",
                    f"{cause}, the x-cause of {name}, is not declared",
                )


def _limits(root: Json) -> Iterator[Problem]:
    """Where there are limits, every operation may be refused for having gone beyond them."""
    if "x-limits" not in root:
        return
    for pointer in extension_pointers(root, "x-error-envelope"):
        envelope = get(root, parse_pointer(pointer))["x-error-envelope"]
        answer = envelope["causes"].get(Cause.RATE_EXCEEDED)
        if answer is None:
            reason = f"{Cause.RATE_EXCEEDED}, the cause that x-limits needs, is not declared"
            yield Problem(f"{pointer}/x-error-envelope/causes", reason)
            continue
        for path, item in root["paths"].items():
            for method in METHODS:
                if method in item and str(answer["status"]) not in item[method]["responses"]:
                    place = format_pointer(("paths", path, method, "responses"))
                    reason = f"{answer['status']}, the answer beyond x-limits, is not declared"
                    yield Problem(place, reason)
