"""The compiler of webhooks of a kind of job, from the data of `x-jobs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..json import Json
from ..media_types import is_json
from ..operation import Operation
from ..pointer import format_pointer, get, parse_pointer
from ..references import follow
from ..schema import Schema, Schemas
from ..text import suggest
from .answer import Answer
from .field_compiler import FieldCompiler
from .kind import Webhook
from .place import Place, parse_place
from .problems import Report
from .request_places import check_place
from .state_compiler import select_states
from .states import Lifecycle


class WebhookCompiler:
    """Compiles the webhooks of one kind.

    Args:
        schemas: The schemas of the document.
        creates: The creates of the kind, whose callbacks may describe webhooks.
        lifecycle: The states of the kind.
        report: Is called with the pointer and the reason of each error.
    """

    def __init__(
        self,
        schemas: Schemas,
        *,
        creates: Iterable[Operation],
        lifecycle: Lifecycle,
        report: Report,
    ) -> None:
        self._schemas, self._lifecycle, self._report = schemas, lifecycle, report
        self._callbacks = dict[str, tuple[str, str]]()
        self._creates = [*creates]
        for create in self._creates:
            self._callbacks |= _callbacks(schemas.root, create)

    def compile(self, data: Mapping[str, Json], pointer: str, fields: FieldCompiler) -> Webhook:
        """Return one webhook; `fields` compiles the values of its body."""
        name = data.get("name")
        item, expression = self._find(name, pointer) if name else ("", "")
        address = parse_place(data["address"]) if "address" in data else _address(expression)
        if "address" in data:
            check_place(data["address"], self._creates, f"{pointer}/address", self._report)
        body = None
        if "body" in data:
            schema = _body_schema(self._schemas, item) if item else self._schemas.anything
            answer = Answer(schema, ())
            if schema is None:
                self._report(f"{pointer}/name", f"{name} has no request body of type JSON")
            else:
                body = fields.within((answer,)).compile(data["body"], f"{pointer}/body")
        return Webhook(
            name=name,
            address=address,
            states=select_states(
                self._lifecycle, data.get("in", "terminal"), f"{pointer}/in", self._report
            ),
            body=body,
            schema=_body_schema(self._schemas, item) if item else None,
            pointer=pointer,
        )

    def _find(self, name: str, pointer: str) -> tuple[str, str]:
        """Return the pointer of a webhook's path item, and the expression of its address."""
        declared = self._schemas.root.get("webhooks", {})
        if name in declared:
            return format_pointer(("webhooks", name)), ""
        if name not in self._callbacks:
            known = [*declared, *self._callbacks]
            self._report(f"{pointer}/name", f"{name} is not a webhook{suggest(name, known)}")
        return self._callbacks.get(name, ("", ""))


def _body_schema(schemas: Schemas, item: str) -> Schema | None:
    """Return the schema of the JSON body that a path item describes; None without one."""
    root = schemas.root
    try:
        body = follow(root, follow(root, item) + "/post/requestBody")
        content = get(root, parse_pointer(body))["content"]
    except LookupError:
        return None
    media_type = next(filter(is_json, content), None)
    if media_type is None or "schema" not in content[media_type]:
        return None
    return schemas.at(body + format_pointer(("content", media_type, "schema")))


def _callbacks(root: Json, create: Operation) -> dict[str, tuple[str, str]]:
    """Return the pointers of the callbacks of an operation and their expressions, by name."""
    found = dict[str, tuple[str, str]]()
    for name in get(root, parse_pointer(create.pointer)).get("callbacks", {}):
        pointer = follow(root, f"{create.pointer}/callbacks{format_pointer((name,))}")
        for expression in get(root, parse_pointer(pointer)):
            found[name] = pointer + format_pointer((expression,)), expression
    return found


def _address(expression: str) -> Place | None:
    """Return the place in the request that a runtime expression of OpenAPI names."""
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        return None
    return parse_place(match["pointer"] if match["pointer"] is not None else match["other"])


_EXPRESSION = re.compile(
    r"\{?\$request\.(?:body#(?P<pointer>/[^}]*)|(?P<other>(?:query|header)\.[^}]+))\}?"
)
