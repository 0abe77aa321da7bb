"""The type of JSON data."""

from __future__ import annotations

from typing import Any, TypeAlias

# Data whose shape a JSON Schema checks. Types for every shape would only repeat the schemas.
Json: TypeAlias = Any
