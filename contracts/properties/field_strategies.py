"""Hypothesis strategies for the fields of a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...openapi.image import signature_of
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.operation import RequestBody
from ..traffic.body_encoding import BOUNDARY


def valid_fields(
    body: RequestBody, *, fixed: Collection[str] = ()
) -> SearchStrategy[dict[str, Json]]:
    """Return valid values for the required fields and for some of the optional ones.

    Args:
        body: The request body.
        fixed: The names of fields that get no value here. Neither do fields that are not scalars.
    """
    required, values = body.schema.raw.get("required", ()), {}
    for name, schema in body.properties.items():
        if name in fixed:
            continue
        strategy = _file(body.files[name]) if name in body.files else _values(schema)
        if strategy is not None:
            values[name] = strategy
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in values.items() if name in required},
        optional={name: strategy for name, strategy in values.items() if name not in required},
    )


def _values(schema: Mapping[str, Json]) -> SearchStrategy[Json] | None:
    """Return valid values of a scalar schema, None for a schema that is not supported."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kinds = types_of(schema)
    if "string" in kinds and "pattern" not in schema and "format" not in schema:
        # Forms cannot carry every character, and no rule needs long texts.
        characters = st.characters(min_codepoint=32, exclude_categories=["Cs"])
        max_size = min(schema.get("maxLength", _MAX_SIZE), _MAX_SIZE)
        return st.text(characters, min_size=schema.get("minLength", 0), max_size=max_size).filter(
            lambda text: BOUNDARY not in text
        )
    if "integer" in kinds:
        return st.integers(schema.get("minimum", -_MAX_SIZE), schema.get("maximum", _MAX_SIZE))
    return st.booleans() if "boolean" in kinds else None


def other_texts(listed: list[Json]) -> SearchStrategy[str]:
    """Return texts that are not in a list of values."""
    return st.text(st.sampled_from("abcdefghij-"), min_size=1).filter(lambda v: v not in listed)


def _file(media_types: tuple[str, ...]) -> SearchStrategy[bytes] | None:
    signatures = [s for s in map(signature_of, media_types) if s]
    return (
        st.builds(bytes.__add__, st.sampled_from(signatures), st.binary()) if signatures else None
    )


_MAX_SIZE = 200
