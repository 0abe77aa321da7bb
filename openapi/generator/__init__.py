"""Values that match a schema, made where a document shows none; the same key, the same value."""

from __future__ import annotations

from .maker import NoValueError, ValueMaker

__all__ = ["NoValueError", "ValueMaker"]
