"""What a mock rehearses, from a file: scenarios, faults, limits and keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..openapi import Document, DocumentError, Problem
from ..openapi.credentials import mask_key
from ..openapi.json import Json
from ..openapi.pointer import format_pointer, parse_pointer
from ..openapi.source import Source, parse_source
from .config_schema import validate
from .config_types import AccountOptions, Limits
from .errors import ConfigError
from .faults.fault import Fault, read_fault
from .faults.scenario import Scenario, built_in_scenarios, find_scenario, read_scenario
from .keys.accounts import read_accounts, read_tier


@dataclass(frozen=True, slots=True, kw_only=True)
class MockConfig:
    """`scenario` is the server's, None for the usual one, `scenarios` are its own, `faults` those
    that are set from the beginning. `limits` and `keys` are as they were said.
    """

    scenario: str | None = None
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    limits: Limits = "none"
    keys: Mapping[str, AccountOptions] = field(default_factory=dict)

    def with_overrides(
        self, *, scenario: str | None, limits: Limits | None, keys: Mapping[str, AccountOptions]
    ) -> MockConfig:
        """The same, but for what is said here: that counts more, None says nothing."""
        return replace(
            self,
            scenario=scenario or self.scenario,
            limits=self.limits if limits is None else limits,
            keys={**self.keys, **keys},
        )


def load_config(document: Document, path: str | Path) -> MockConfig:
    """Reads a file, YAML, JSON or (by its name) TOML; raises DocumentError, which names the place,
    if it cannot be used.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(str(path), (Problem("", f"cannot be read: {reason}"),)) from error
    try:
        return _read(document, _parse(text, str(path)))
    except DocumentError as error:
        raise DocumentError(error.name, tuple(map(_redact_key, error.problems))) from None


def read_config(document: Document, options: Mapping[str, Json]) -> MockConfig:
    """The config that these words mean; raises ConfigError for what cannot be.

    The words are those of `Config` in `config.schema.json`.
    """
    options = {} if options is None else options  # an empty file
    validate("Config", options)
    scenarios: dict[str, Scenario] = {}
    for name, each in options.get("scenarios", {}).items():
        with _errors_under(("scenarios", name)):
            scenarios[name] = read_scenario(document, name, each)
    faults: list[Fault] = []
    for index, each in enumerate(options.get("faults", ())):
        with _errors_under(("faults", index)):
            faults.append(read_fault(document, each))
    limits, keys = options.get("limits", "none"), options.get("keys", {})
    read_accounts(document, keys, tier=read_tier(document, limits), at="/keys")
    if "scenario" in options:
        try:
            find_scenario(
                document, {**built_in_scenarios(document), **scenarios}, options["scenario"]
            )
        except ValueError as error:
            raise ConfigError("/scenario", str(error)) from None
    return MockConfig(
        scenario=options.get("scenario"),
        scenarios=scenarios,
        faults=tuple(faults),
        limits=limits,
        keys=keys,
    )


def _read(document: Document, source: Source) -> MockConfig:
    try:
        return read_config(document, source.data)
    except ConfigError as error:
        raise source.error(Problem(error.pointer, error.reason)) from None


def _redact_key(problem: Problem) -> Problem:
    """The problem as it may be shown: the place of what is known of a key has the key in it."""
    path = parse_pointer(problem.pointer)
    if path[:1] != ("keys",) or len(path) == 1:
        return problem
    return replace(problem, pointer=format_pointer(("keys", mask_key(path[1]), *path[2:])))


def _parse(text: str, name: str) -> Source:
    if not name.endswith(".toml"):
        return parse_source(text, name=name)
    try:
        return Source(name, "", tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DocumentError(name, (Problem("", f"is not TOML: {error}"),)) from error


@contextmanager
def _errors_under(path: tuple[str | int, ...]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise error.under(format_pointer(path)) from None
