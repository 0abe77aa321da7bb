"""The type of JSON data."""

from __future__ import annotations

from typing import Any, TypeAlias

# JSON whose shape a schema has checked or will check; naming every shape as a type would only say
# the schema again.
Json: TypeAlias = Any
