"""Hypothesis strategies for the fields of a request."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...openapi.image import signature_of
from ...openapi.json import Json
from ...openapi.operation import RequestBody
from ...openapi.schema import types_of
from ..traffic.request_builder import BOUNDARY


def allowed_fields(body: RequestBody) -> SearchStrategy[dict[str, Json]]:
    """Allowed values for the required fields and for some of the others."""
    required, values = body.schema.raw.get("required", ()), {}
    for name, schema in body.properties.items():
        below = _file(body.files[name]) if name in body.files else _values(schema)
        if below is not None:
            values[name] = below
    return st.fixed_dictionaries(
        {name: below for name, below in values.items() if name in required},
        optional={name: below for name, below in values.items() if name not in required},
    )


def _values(schema: Mapping[str, Json]) -> SearchStrategy[Json] | None:
    """Values that a schema of a single value allows; None for what is not one."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kinds = types_of(schema)
    if "string" in kinds and "pattern" not in schema and "format" not in schema:
        # A form cannot tell every character, and no rule is about long texts.
        letters = st.characters(min_codepoint=32, exclude_categories=["Cs"])
        most = min(schema.get("maxLength", _LONG), _LONG)
        return st.text(letters, min_size=schema.get("minLength", 0), max_size=most).filter(
            lambda text: BOUNDARY not in text
        )
    if "integer" in kinds:
        return st.integers(schema.get("minimum", -_LONG), schema.get("maximum", _LONG))
    return st.booleans() if "boolean" in kinds else None


def outside(listed: list[Json]) -> SearchStrategy[str]:
    """Texts that a list of values does not hold."""
    return st.text(st.sampled_from("abcdefghij-"), min_size=1).filter(lambda v: v not in listed)


def _file(media_types: tuple[str, ...]) -> SearchStrategy[bytes] | None:
    known = [start for start in map(signature_of, media_types) if start]
    return st.builds(bytes.__add__, st.sampled_from(known), st.binary()) if known else None


_LONG = 200
