"""The reading of a document: what must be mended, what is left out, and the rest as OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath

import orjson

from ..credentials import unchecked_schemes
from ..errors import Problem
from ..jobs.language import language_problems
from ..jobs.old_words import OLD_WORDS, old_word_problems
from ..json import Json
from ..pointer import format_pointer
from ..source import Source, parse_source
from ..source_files import read_file, read_source
from ..structure import misspelled_words
from ..text import did_you_mean, quote
from .anchors import ANCHOR_WORDS, resolve_anchors
from .tidy import tidy
from .upgrade import UPGRADED_WORDS, upgrade
from .walk import objects_in


def read_files(path: str | FilePath | None) -> Source:
    """Read a document, also one in several files, or a bundled one by its name.

    Raises DocumentError if the file is unreadable or neither YAML nor JSON. References to other
    files that cannot be followed stay as they are, see `Source.unread`.
    """
    from .bundle import bundle  # not for the bundled document, with which programs start fast

    return bundle(read_source(path), read=lambda file: parse_source(read_file(file), name=file))


def read_document(
    source: Source, overlays: Iterable[Source] = (), *, strict: bool
) -> tuple[Source, tuple[Problem, ...]]:
    """Return a document that can be compiled, and what was left out of it.

    Args:
        source: The document as it is written.
        overlays: The overlays to apply, in this order.
        strict: True to raise an error for everything that would be left out.

    Raises DocumentError if the document cannot be used.
    """
    source, ineffective = apply_overlays(source, overlays)
    problems = [*_unusable(source.data)]
    if problems:
        raise source.error(*problems)
    text = _as_json(source.data)
    problems = [*old_word_problems(source.data)] if _has_words(text, OLD_WORDS) else []
    if problems:
        raise source.error(*problems)
    if strict:
        from ..document_rules import document_problems  # most programs need no such rules

        problems = [*_unread(source)] or document_problems(source.data)
        if problems:
            raise source.error(*problems)
    root = orjson.loads(text)
    left_out: list[Problem] = []
    if _has_words(text, UPGRADED_WORDS):
        upgrade(root)
    if _has_words(text, ANCHOR_WORDS):
        resolve_anchors(root)
    if _has_words(text, _NOT_SERVED):
        left_out += _not_served(root)
    tidy(root, source.unread, warn=left_out.append)
    left_out += [*unchecked_schemes(root), *misspelled_words(root)]
    problems = [*language_problems(root)]
    warnings = (*ineffective, *source.error(*left_out).problems)
    if problems:
        raise source.error(*problems, warnings=warnings)
    return replace(source, data=root), warnings


def _unread(source: Source) -> Iterator[Problem]:
    """Yield the references that cannot be followed to other files."""
    for path, data in objects_in(source.data):
        target = data.get("$ref")
        if isinstance(target, str) and target in source.unread:
            yield Problem(format_pointer((*path, "$ref")), source.unread[target])


def _not_served(root: Json) -> Iterator[Problem]:
    """Yield the operations and the parameters of OpenAPI 3.2 that are not served."""
    for path, data in objects_in(root):
        if isinstance(data.get("additionalOperations"), dict):
            for method in data["additionalOperations"]:
                place = format_pointer((*path, "additionalOperations", method))
                yield Problem(place, f"is left out: the method {method} is not served")
        if data.get("in") == "querystring":
            yield Problem(format_pointer(path), "is left out: the query is not read as a whole")


def _as_json(data: Json) -> bytes:
    """Return data as JSON; raises RecursionError if it is nested too deeply."""
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError as error:
        raise RecursionError from error


def _has_words(text: bytes, words: Iterable[str]) -> bool:
    """Return True if JSON contains one of these words, as keys are written.

    This is much faster than a walk over the whole document for words that few documents have.
    """
    return any(f'"{word}"'.encode() in text for word in words)


def apply_overlays(
    source: Source, overlays: Iterable[Source]
) -> tuple[Source, tuple[Problem, ...]]:
    """Return a document after its overlays, and the actions that had no effect.

    Raises DocumentError if an overlay is invalid, or if a change does not fit the document.
    """
    changes = [*overlays]
    if not changes:
        return source, ()
    from .overlay import apply_overlay  # not for documents without overlays

    ineffective: list[Problem] = []
    for overlay in changes:
        applied = apply_overlay(source.data, overlay)
        origins = (*source.origins, *applied.origins)
        source = replace(source, data=applied.data, origins=origins)
        ineffective += [replace(warning, file=overlay.name) for warning in applied.warnings]
    return source, tuple(ineffective)


def _unusable(root: Json) -> list[Problem]:
    """Return the reason why a text is not a document of OpenAPI 3; none if it is one."""
    if not isinstance(root, dict):
        found = "is empty" if root is None else "must be an object"
        return [Problem("", f"is not an OpenAPI document: it {found}; {_BEGINNING}")]
    if "swagger" in root or "openapi" not in root:
        return [_other_form(root)]
    version = root["openapi"]
    if not isinstance(version, str):
        return [Problem("/openapi", f"must be a text such as '3.1.0', not {quote(version)}")]
    if not version.startswith("3."):
        return [Problem("/openapi", f"must be 3.0, 3.1 or 3.2, not {version}")]
    if not isinstance(root.get("paths"), dict) or not root["paths"]:
        return [Problem("/paths", "has no operations")]
    return []


def _other_form(root: dict[str, Json]) -> Problem:
    """Return the problem of a file that is not an OpenAPI document of version 3."""
    if "swagger" in root:
        reason = f"is Swagger {root['swagger']}; convert it to OpenAPI 3, which is read"
        return Problem("/swagger", reason)
    if "overlay" in root:
        reason = "begins an overlay; give the document that it changes, and this as its overlay"
        return Problem("/overlay", reason)
    if "asyncapi" in root:
        return Problem("/asyncapi", f"begins another kind of document; {_BEGINNING}")
    near = did_you_mean("openapi", root).replace("did you mean", "is it")
    return Problem("/openapi", f"is missing; {_BEGINNING}{near}")


_NOT_SERVED = ("additionalOperations", "querystring")
_BEGINNING = "an OpenAPI document begins with openapi: 3.1.0"
