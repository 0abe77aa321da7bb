"""The long form of `x-jobs`: each entry as a map, so that what follows knows one form alone."""

from __future__ import annotations

from ..json import Json


def as_list(data: Json) -> list[Json]:
    """Return the entries of a list, or a single entry as a list."""
    return data if isinstance(data, list) else [data]


def as_operation(data: Json) -> dict[str, Json]:
    """Return an operation as a map: `getVideo` is `{operation: getVideo}`."""
    return data if isinstance(data, dict) else {"operation": data}


def operations_of(data: Json, pointer: str) -> list[tuple[str, dict[str, Json], str]]:
    """Return the names of all operations of an entry, each with its words and its JSON pointer."""
    entries = [(entry, f"{pointer}/{index}") for index, entry in enumerate(as_list(data))]
    if not isinstance(data, list):
        entries = [(data, pointer)]
    long = [(as_operation(entry), at) for entry, at in entries]
    return [(name, entry, at) for entry, at in long for name in as_list(entry["operation"])]


def as_state(data: Json) -> dict[str, Json]:
    """Return a state as a map: `success` is `{means: success}`."""
    return data if isinstance(data, dict) else {"means": data}


def as_value(data: Json) -> dict[str, Json]:
    """Return a value as a map: `video` is `{value: video}`."""
    return data if isinstance(data, dict) else {"value": data}


def as_failure(data: Json) -> dict[str, Json]:
    """Return a failure as a map: a text is its message."""
    return data if isinstance(data, dict) else {"message": data}


def as_duration(data: Json) -> dict[str, Json]:
    """Return a duration as a map: a number is in seconds."""
    return data if isinstance(data, dict) else {"seconds": data}


def as_id(data: Json) -> dict[str, Json]:
    """Return an id as a map: a text is its place in the job."""
    return data if isinstance(data, dict) else {"at": data}
