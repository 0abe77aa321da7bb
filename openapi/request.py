"""Reading of requests: arguments in the types of the document, and every problem with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .envelope import Cause
from .form import Part
from .json import Json
from .messages import Call
from .operation import Operation, Parameter
from .request_body import BodyReader
from .request_problem import RequestProblem, RequestProblems
from .text_values import NamedTexts, is_given_twice, read_entries, read_text


class Arguments(NamedTuple):
    """The content of a request.

    query: the query parameters in the types of the document, with default values
    fields: the fields of the body in the types of the document, without default values
    files: the files of a form by field; further files of an array as `FIELD[1]` and so on
    body: the value of a JSON body or a text; the fields of a form
    path: the parameters of the path that are not texts, in the types of the document
    cookies: the cookies that are parameters, in the types of the document, with default values
    unknown_names: fields and query parameters that the document does not declare; not a problem
    problems: every problem with the request
    """

    query: Mapping[str, Json] = MappingProxyType({})
    fields: Mapping[str, Json] = MappingProxyType({})
    files: Mapping[str, Part] = MappingProxyType({})
    body: Json = None
    path: Mapping[str, Json] = MappingProxyType({})
    cookies: Mapping[str, Json] = MappingProxyType({})
    unknown_names: tuple[str, ...] = ()
    problems: tuple[RequestProblem, ...] = ()


def read_call(operation: Operation, call: Call) -> Arguments:
    """Return the arguments of a request; `problems` holds what is invalid, nothing is raised."""
    if not operation.has_arguments and not call.query:
        return _NO_ARGUMENTS
    problems = RequestProblems(operation)
    if operation.has_parameters or call.query:
        parameters = _ParameterReader(operation, call, problems)
        query, cookies = parameters.read_query(), parameters.read_cookies()
        parameters.read_headers()
        path, unknown_names = parameters.read_path(), parameters.unknown_names
    else:
        query = cookies = path = {}
        unknown_names = []
    body = BodyReader(operation, call, problems)
    if operation.bodies:
        body.read()
    return Arguments(
        query,
        body.fields,
        body.files,
        body.fields if body.value is None and operation.bodies else body.value,
        path,
        cookies,
        (*unknown_names, *body.unknown_names),
        tuple(problems.found),
    )


_NO_ARGUMENTS = Arguments()


class _ParameterReader:
    """Reads the parameters of one request, and collects the problems with them."""

    def __init__(self, operation: Operation, call: Call, problems: RequestProblems) -> None:
        self._operation, self._call, self._problems = operation, call, problems
        self.unknown_names: list[str] = []

    def read_query(self) -> dict[str, Json]:
        values, unknown = self._read_named(self._call.query, self._operation.query)
        self.unknown_names += unknown
        return values

    def read_cookies(self) -> dict[str, Json]:
        """Read the cookies that are parameters; others are of no interest."""
        pieces = self._call.headers.get("cookie", "").split(";")
        pairs = (piece.strip().partition("=") for piece in pieces if "=" in piece)
        named = ((name, text) for name, _, text in pairs)
        return self._read_named(named, self._operation.cookies)[0]

    def _read_named(
        self, pairs: Iterable[tuple[str, str]], parameters: Mapping[str, Parameter]
    ) -> tuple[dict[str, Json], list[str]]:
        """Return the values of parameters with names, and the names that are unknown."""
        texts = NamedTexts(pairs, parameters)
        values: dict[str, Json] = {}
        for name, parameter in parameters.items():
            entries = texts.entries.get(name)
            if entries:
                if is_given_twice(parameter, entries):
                    self._problems.add_duplicate(name)
                    entries = entries[:1]
                values[name] = read_entries(parameter, entries)
                self._problems.validate(parameter.schema, values[name], name)
            elif parameter.required:
                self._problems.add(
                    Cause.FIELD_MISSING, name, f"{_KIND[parameter.place]}is required"
                )
            elif parameter.default is not None:
                values[name] = parameter.default
        return values, texts.unknown

    def read_headers(self) -> None:
        for name, parameter in self._operation.headers.items():
            if name.lower() in _IGNORED_HEADERS:
                continue
            text = self._call.headers.get(name.lower())
            if text is not None:
                self._problems.validate(parameter.schema, read_text(parameter, text), name)
            elif parameter.required:
                self._problems.add(Cause.FIELD_MISSING, name, "the header is required")

    def read_path(self) -> dict[str, Json]:
        """Read the parameters that are not texts; whether one exists is not for the schema to say.

        A value of another type stays a text: a resource of that name does not exist.
        """
        texts = self._call.path_parameters
        typed = self._operation.typed_path_parameters
        return {p.name: read_text(p, texts[p.name]) for p in typed if p.name in texts}


_KIND = {"query": "", "cookie": "the cookie "}
# OpenAPI says that parameters with these names are ignored.
_IGNORED_HEADERS = ("accept", "authorization", "content-type")
