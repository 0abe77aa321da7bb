"""Hypothesis strategies for the creates of one operation."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...openapi import Call, CreateOperation
from ...openapi.generator import NoValueError
from ...openapi.generator.layout import Layout
from ...openapi.jobs import Part, Place
from ...openapi.json import Json
from ...openapi.operation import FORM, RequestBody
from ...openapi.pointer import Path, set_at
from ..check.field_values import example_value
from ..check.request_maker import Content, RequestMaker
from .field_strategies import other_texts, valid_fields


class DrawnCreate:
    """A create with a short repr. It is not a dataclass: Hypothesis would print all its bytes.

    content: the body; None for a request without one
    has_key: False for a request without an API key
    """

    __slots__ = ("content", "has_key")

    def __init__(self, content: Content | None, *, has_key: bool = True) -> None:
        self.content, self.has_key = content, has_key

    def __repr__(self) -> str:
        body = f"{self.content.media_type} {self.content.value}" if self.content else "no body"
        return f"<{body}{'' if self.has_key else ' without a key'}>"


class CreateStrategies:
    """Strategies for the creates of an operation.

    Args:
        create: The operation.
        requests: Makes the requests.
    """

    def __init__(self, create: CreateOperation, requests: RequestMaker) -> None:
        self._create, self._operation, self._requests = create, create.operation, requests
        self._media_types = sorted(create.operation.bodies)
        conditions = create.when.values.items()
        self._conditions = {place: v[0] for place, v in conditions if None not in v}
        places = (*create.when.values, *([create.source] if create.source else ()))
        self._fixed = {place.path[0] for place in places if place.part is Part.BODY}

    def valid(self) -> SearchStrategy[DrawnCreate]:
        """Return valid creates in every media type, some with files."""
        return self._draw_valid()

    def invalid(self) -> SearchStrategy[DrawnCreate]:
        """Return creates that are invalid for one reason: a missing required field, a value that
        is not in an enum, or no API key. There are none if the document allows all that.
        """
        reasons = [
            (media_type, reason)
            for media_type in self._media_types or [""]
            for reason in self._reasons(media_type)
        ]
        return self._draw_invalid(reasons) if reasons else st.nothing()

    def call(self, drawn: DrawnCreate, source: str | None = None) -> Call:
        """Return the request of a create; `source` is the id of the job to make a new one from."""
        values: dict[Place, Json] = dict(self._conditions)
        if source is not None and self._create.source is not None:
            values[self._create.source] = source
        content = drawn.content
        in_body = {p.path: v for p, v in values.items() if p.part is Part.BODY}
        if content is not None and isinstance(content.value, dict) and in_body:
            content = Content(content.media_type, deepcopy(content.value))
            for path, value in in_body.items():
                set_at(content.value, path, value)
        return self._requests.request(
            self._operation,
            content,
            key="" if drawn.has_key else None,
            values=values,
        )

    # With `map`, Hypothesis would print the code of the function and not the request.
    def _draw_valid(self) -> SearchStrategy[DrawnCreate]:
        @st.composite
        def draw_valid(draw: DrawFn) -> DrawnCreate:
            return DrawnCreate(self._draw_content(draw))

        return draw_valid()

    def _draw_invalid(self, reasons: list[tuple[str, str | None]]) -> SearchStrategy[DrawnCreate]:
        @st.composite
        def draw_invalid(draw: DrawFn) -> DrawnCreate:
            media_type, reason = draw(st.sampled_from(reasons))
            content = self._draw_content(draw, media_type)
            if reason is None or content is None:
                return DrawnCreate(content, has_key=False)
            fields = dict(content.value)
            listed = self._operation.bodies[media_type].properties.get(reason, {}).get("enum")
            if listed is None:
                fields.pop(reason, None)
            else:
                fields[reason] = draw(other_texts(listed))
            return DrawnCreate(Content(media_type, fields))

        return draw_invalid()

    def _reasons(self, media_type: str) -> list[str | None]:
        """Return the fields that can be invalid, and None if a request needs a key."""
        reasons: list[str | None] = [None] if self._requests.needs_key(self._operation) else []
        body = self._operation.bodies.get(media_type)
        if body is None or not body.properties:
            return reasons
        listed = [name for name, schema in body.properties.items() if "enum" in schema]
        required = body.schema.raw.get("required", ())
        names = dict.fromkeys([*required, *listed])
        return [*(name for name in names if name not in self._fixed), *reasons]

    def _draw_content(self, draw: DrawFn, media_type: str = "") -> Content | None:
        if not self._media_types:
            return None
        chosen = media_type or draw(st.sampled_from(self._media_types))
        body = self._operation.bodies[chosen]
        fields = draw(valid_fields(body, fixed=self._fixed))
        return Content(chosen, self._complete(chosen, body, fields))

    def _complete(self, media_type: str, body: RequestBody, fields: Mapping[str, Json]) -> Json:
        """Return a body with these fields and with everything else that the schema requires."""
        chosen = {p.path: v for p, v in self._conditions.items() if p.part is Part.BODY}
        if media_type == FORM:
            missing = [n for n in body.schema.raw.get("required", ()) if n not in fields]
            return {**{n: example_value(body, (n,)) for n in missing}, **fields}
        drawn: dict[Path, Json] = {(name,): value for name, value in fields.items()}
        for values in ({**drawn, **chosen}, chosen):
            try:
                layout = Layout(values=values, sparse=())
                return self._requests.required_value(self._operation, media_type, layout)
            except NoValueError as error:  # such as fields that exclude each other
                nearest = error.nearest
        return nearest
