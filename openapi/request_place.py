"""The values at places of a request."""

from __future__ import annotations

from .jobs.place import Part, Place
from .json import Json
from .messages import Call
from .pointer import get
from .request import Arguments


def read_place(place: Place, call: Call, arguments: Arguments) -> Json:
    """Return the value at a place of a request; None if it has none."""
    match place.part:
        case Part.PATH:
            return arguments.path.get(place.name, call.path_parameters.get(place.name))
        case Part.QUERY:
            return arguments.query.get(place.name)
        case Part.COOKIE:
            return arguments.cookies.get(place.name)
        case Part.HEADER:
            return call.headers.get(place.name)
    path = place.path
    if len(path) == 1:
        value = arguments.fields.get(path[0])
        if value is not None:
            return value
    try:
        return get(arguments.body, path)
    except LookupError:
        return None
