"""What makes an OpenAPI document one that the toolkit can obey."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Problem
from .json import Json
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
    meaning = (operation_problems, _security, _job_ids, _one_of_each, _lifecycle, _envelope)
    for rules in ((structure_problems,), (reference_problems,), meaning):
        problems = [problem for rule in rules for problem in rule(root)]
        if problems:
            return problems
    return []


def extension_places(root: Json, keyword: str) -> list[str]:
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
    for pointer in extension_places(root, "x-job-id"):
        schema = get(root, parse_pointer(pointer))
        if property_at(root, schema, parse_pointer(schema["x-job-id"])) is None:
            reason = f"the schema has no field at {schema['x-job-id']}"
            yield Problem(f"{pointer}/x-job-id", reason)


def _one_of_each(root: Json) -> Iterator[Problem]:
    for keyword in ("x-lifecycle", "x-error-envelope"):
        places = extension_places(root, keyword)
        if len(places) != 1:
            found = ", ".join(places) or "none has"
            yield Problem("/components/schemas", f"exactly one schema must have {keyword}; {found}")


def _lifecycle(root: Json) -> Iterator[Problem]:
    for pointer in extension_places(root, "x-lifecycle"):
        yield from lifecycle_problems(root, pointer, create=create_fields(root))


def _envelope(root: Json) -> Iterator[Problem]:
    for pointer in extension_places(root, "x-error-envelope"):
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
