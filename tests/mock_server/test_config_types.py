"""The types of options agree with config.schema.json, and reject misspelt options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from aisa_testkit.mock_server import JobService, MockControls
from aisa_testkit.mock_server.config_types import (
    AccountOptions,
    ConfigOptions,
    FaultConfig,
    LimitOptions,
    ScenarioOptions,
)
from aisa_testkit.mock_server.errors import ConfigError
from aisa_testkit.openapi.json import Json

SCHEMAS = json.loads(files("aisa_testkit.mock_server").joinpath("config.schema.json").read_text())[
    "components"
]["schemas"]
JSON_TYPES: dict[object, str] = {
    str: "string",
    int: "integer",
    float: "number",
    Decimal: "number",
    bool: "boolean",
    NoneType: "null",
    Sequence: "array",
    Mapping: "object",
}


def json_types(hint: object) -> set[str]:
    """Return the JSON types of the values that a type hint allows."""
    if get_origin(hint) in (Union, UnionType):
        return {name for each in get_args(hint) for name in json_types(each)}
    if get_origin(hint) is Literal:
        return {JSON_TYPES[type(value)] for value in get_args(hint)}
    if is_typeddict(hint):
        return {"object"}
    return {JSON_TYPES[get_origin(hint) or hint]}


def schema_types(schema: dict[str, Json]) -> set[str]:
    """Return the JSON types of the values that a schema allows."""
    if "const" in schema:
        return {JSON_TYPES[type(schema["const"])]}
    if "enum" in schema:
        return {JSON_TYPES[type(value)] for value in schema["enum"]}
    types = schema["type"]
    return {types} if isinstance(types, str) else set(types)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Config", ConfigOptions),
        ("Scenario", ScenarioOptions),
        ("Limits", LimitOptions),
        ("Account", AccountOptions),
        ("Fault", FaultConfig),
    ],
)
def test_types_of_options_agree_with_the_schema(kind: str, options: type) -> None:
    schema = SCHEMAS[kind]
    hints = get_type_hints(options)
    assert sorted(hints) == sorted(schema["properties"])
    for name, hint in hints.items():
        declared = schema["properties"][name]
        if "type" in declared or "enum" in declared or "const" in declared:
            assert json_types(hint) == schema_types(declared), name


def test_literal_options_agree_with_the_enums_of_the_schema() -> None:
    hints = get_type_hints(FaultConfig)
    for name, declared in SCHEMAS["Fault"]["properties"].items():
        if "enum" in declared:
            assert [*get_args(hints[name])] == declared["enum"]


def test_a_misspelt_fault_option_fails_type_checks_and_raises() -> None:
    service = JobService()
    with pytest.raises(ConfigError, match="latncy"):
        MockControls(service).fault("create", latncy=1)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="latncy"):
        MockControls(service).fault("create", latncy=1)  # type: ignore[call-arg]


def test_a_fault_option_of_the_wrong_type_fails_type_checks_and_raises() -> None:
    with pytest.raises(ConfigError, match="/nth"):
        MockControls(JobService()).fault("create", nth="2", lost=True)  # type: ignore[arg-type]


def test_misspelt_options_of_limits_and_accounts_fail_type_checks_and_raise() -> None:
    with pytest.raises(ConfigError, match="in_fligth"):
        JobService(limits={"in_fligth": 1})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="revokd"):
        JobService(accounts={"sk": {"revokd": True}})  # type: ignore[typeddict-unknown-key]
