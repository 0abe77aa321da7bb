"""Where in a schema a place in its data is described."""

from __future__ import annotations

from .json import Json
from .pointer import Path
from .schema import resolve


def property_at(root: Json, schema: Json, path: Path) -> Json | None:
    """The schema of the place, through references and combinations; None if the schema does not
    name it.
    """
    schema = resolve(root, schema)
    if not path:
        return schema
    if not isinstance(schema, dict):
        return None
    branches = [schema.get("properties", {}).get(path[0])]
    found = [property_at(root, branch, path[1:]) for branch in branches if branch is not None]
    for keyword in ("allOf", "anyOf", "oneOf"):
        found += [property_at(root, branch, path) for branch in schema.get(keyword, ())]
    return next((schema for schema in found if schema is not None), None)
