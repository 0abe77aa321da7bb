"""The config of a mock from a file: scenarios, faults, limits and API keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..openapi import Document, DocumentError, Problem
from ..openapi.credentials import mask_key
from ..openapi.json import Json
from ..openapi.pointer import format_pointer, parse_pointer
from ..openapi.source import Source, parse_source
from ..openapi.source_files import read_file
from .config_schema import errors_under, validate
from .config_types import AccountOptions, Limits
from .errors import ConfigError
from .faults.fault import Fault, read_fault
from .faults.scenario import Scenario, built_in_scenarios, find_scenario, read_scenario
from .keys.accounts import read_accounts, read_tier


@dataclass(frozen=True, slots=True, kw_only=True)
class MockConfig:
    """The config of a mock.

    Args:
        scenario: the name of the default scenario, None for the built-in default.
        scenarios: additional scenarios, by name.
        faults: the faults that are active from the start.
        limits: the limits of API keys without limits of their own.
        keys: the settings of single API keys.
    """

    scenario: str | None = None
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    limits: Limits = "none"
    keys: Mapping[str, AccountOptions] = field(default_factory=dict)

    def with_overrides(
        self,
        *,
        scenario: str | None,
        limits: Limits | None,
        keys: Mapping[str, AccountOptions],
    ) -> MockConfig:
        """Return this config with the given values; None and missing keys keep what it has."""
        return replace(
            self,
            scenario=scenario or self.scenario,
            limits=self.limits if limits is None else limits,
            keys={**self.keys, **keys},
        )


def load_config(document: Document, path: str | Path) -> MockConfig:
    """Return the config in a file: YAML, JSON, or TOML if its name ends in `.toml`.

    Raises DocumentError, which names the place of each problem.
    """
    try:
        return _read_source(document, _parse(read_file(path), str(path)))
    except DocumentError as error:
        problems = (replace(p, pointer=_masked(p.pointer)) for p in error.problems)
        raise DocumentError(error.name, tuple(problems)) from None


def read_config(document: Document, options: Mapping[str, Json]) -> MockConfig:
    """Return the config with these options, which `Config` in `config.schema.json` describes.

    Raises ConfigError if an option is invalid or does not fit the document.
    """
    options = {} if options is None else options  # an empty file
    try:
        validate("Config", options)
    except ConfigError as error:
        pointer = error.pointer
        raise ConfigError(pointer, error.reason, displayed=_masked(pointer)) from None
    scenarios: dict[str, Scenario] = {}
    for name, each in options.get("scenarios", {}).items():
        with errors_under(format_pointer(("scenarios", name))):
            scenarios[name] = read_scenario(document, name, each)
    faults: list[Fault] = []
    for index, each in enumerate(options.get("faults", ())):
        with errors_under(f"/faults/{index}"):
            faults.append(read_fault(document, each))
    limits, keys = options.get("limits", "none"), options.get("keys", {})
    read_accounts(document, keys, tier=read_tier(document, limits), at="/keys")
    if "scenario" in options:
        known = built_in_scenarios(document) | scenarios
        try:
            find_scenario(document, known, options["scenario"])
        except ValueError as error:
            raise ConfigError("/scenario", str(error)) from None
    return MockConfig(
        scenario=options.get("scenario"),
        scenarios=scenarios,
        faults=tuple(faults),
        limits=limits,
        keys=keys,
    )


def _read_source(document: Document, source: Source) -> MockConfig:
    try:
        return read_config(document, source.data)
    except ConfigError as error:
        raise source.error(Problem(error.pointer, error.reason)) from None


def _masked(pointer: str) -> str:
    """Return a pointer for messages: below `/keys` it contains an API key."""
    path = parse_pointer(pointer)
    if path[:1] != ("keys",) or len(path) == 1:
        return pointer
    return format_pointer(("keys", mask_key(path[1]), *path[2:]))


def _parse(text: str, name: str) -> Source:
    if not name.endswith(".toml"):
        return parse_source(text, name=name)
    import tomllib  # most configs are YAML, or there is none

    try:
        # As in JSON, dates are text.
        data = json.dumps(tomllib.loads(text), default=lambda moment: moment.isoformat())
        return Source(name, "", json.loads(data))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DocumentError(name, (Problem("", f"is not TOML: {error}"),)) from error
