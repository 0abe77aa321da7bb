"""The addresses at which a mock serves the files of jobs, as an operation beside the document's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from ..operation import Operation, Provenance, Response
from ..path_template import PathTemplate, percent_encode
from .kind import JobKind
from .operations import JobRole, ResultOperation
from .place import Part, Place
from .sources import FileAddress, JobField

FILES_PREFIX: Final = "/__files/"
FILES_ID: Final = "__files"
"""The id of the operation, which no document has."""


class _FilePaths(PathTemplate):
    """The paths of files: the id of the job, and the JSON pointer of the field."""

    def expand(
        self, values: Mapping[str, str], *, encode: Callable[[str], str] = percent_encode
    ) -> str:
        """Return the path with these values; the slashes of the pointer stay as they are."""
        steps = "/".join(map(encode, values["field"].split("/")))
        return f"{FILES_PREFIX}{encode(values['job'])}{steps}"


def file_parameters(path: str) -> Mapping[str, str] | None:
    """Return the job and the field in the path of a file below the base path of the server.

    None for any other path.
    """
    if not path.startswith(FILES_PREFIX):
        return None
    job_id, slash, field = path[len(FILES_PREFIX) :].partition("/")
    return {"job": unquote(job_id), "field": unquote(slash + field)}


def file_roles(kinds: Iterable[JobKind]) -> tuple[ResultOperation, ...]:
    """Return what the addresses serve: the files of each kind whose jobs show such addresses."""
    response = Response(200, Provenance.INFERRED, (), {}, {})
    operation = Operation(
        FILES_ID,
        "GET",
        _FilePaths("/__files/{job}/{field}"),
        "",
        Provenance.INFERRED,
        (),
        {},
        {},
        {},
        {},
        body_required=False,
        bodies={},
        responses={200: response},
        success=response,
    )
    return tuple(_role(operation, kind, files) for kind in kinds if (files := [*_files(kind)]))


def _role(operation: Operation, kind: JobKind, files: Iterable[JobField]) -> ResultOperation:
    return ResultOperation(
        kind=kind.name,
        role=JobRole.RESULT,
        operation=operation,
        status=200,
        job_at=(),
        id=Place(Part.PATH, ("job",)),
        states=frozenset().union(*(field.possible for field in files)),
        answer=(),
        pointer=kind.pointer,
        key=None,
        variants=None,
        media_type=None,
    )


def _files(kind: JobKind) -> Iterator[JobField]:
    fields = [f for create in kind.creates for f in create.fields]
    for field in (*fields, *(f for each in kind.operations() for f in each.answer)):
        if isinstance(field.source, FileAddress):
            yield field
