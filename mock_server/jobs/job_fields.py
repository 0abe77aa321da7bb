"""The fields of a job as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...openapi.json import Json
from ...openapi.text import quote


class JobFields:
    """The fields of a job as a client sees them, each of them an attribute: `job.status`.

    A nested object is a JobFields as well: `job.error.code`. Other values are those of the JSON
    data. Reading a field that the job does not have raises AttributeError, which lists the fields
    that it has. Two objects are equal if all fields are.

    Args:
        fields: The JSON object to read, by name of the field.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Json]) -> None:
        self._fields = {
            name: JobFields(value) if isinstance(value, Mapping) else value
            for name, value in fields.items()
        }

    def __getattr__(self, name: str) -> Json:
        # Python looks for special names and, while copying, for the slot itself.
        if name.startswith("__") or name == "_fields":
            raise AttributeError(name)
        try:
            return self._fields[name]
        except KeyError:
            known = ", ".join(self._fields) or "none"
            message = f"there is no field {quote(name)}; the fields are: {known}"
            raise AttributeError(message, name=name, obj=self) from None

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._fields]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JobFields) and self._fields == other._fields

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"JobFields({fields})"
