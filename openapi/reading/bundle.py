"""Documents in several files as one: what references to other files lead to becomes components.

Paths, operations and other parts that have no place in the components take the place of their
reference. References over the network are never followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path as FilePath
from urllib.parse import unquote

from ..errors import DocumentError
from ..json import Json
from ..pointer import Path, format_pointer, get, parse_pointer
from ..references import missing_step
from ..source import Origin, Source
from .part import Part

Reader = Callable[[str], Source]
"""Returns the file with a path; raises DocumentError if it cannot be read."""


def bundle(source: Source, *, read: Reader) -> Source:
    """Return a document without references to other files, but to those that cannot be followed.

    Args:
        source: The document; its name is its path, and paths in references are relative to it.
        read: Reads the other files.
    """
    if not isinstance(source.data, dict) or not _MAY_LEAVE.search(source.text):
        return source
    bundler = _Bundler(source, read)
    bundler.bundle()
    return bundler.result()


@dataclass(slots=True)
class _Bundler:
    """Follows the references to other files.

    root: the new document
    files: the files that were read, by path
    places: where the parts of other files are in the new document, by file and pointer
    unread: the references that cannot be followed, relative to the document, and why
    """

    source: Source
    read: Reader
    root: dict[str, Json] = field(default_factory=dict)
    files: dict[str, Source] = field(default_factory=dict)
    places: dict[tuple[str, str], Path] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def bundle(self) -> None:
        """Follow all references of the document."""
        self.root = deepcopy(self.source.data)
        self.files[os.path.normpath(self.source.name)] = self.source
        # Before all others, so that what a component refers to has the name of the component.
        if "components" in self.root:
            self._inline(Part(self.root["components"], self.source, ("components",)))
            self._name_components()
        for part in [*Part(self.root, self.source, ()).below()]:
            self._follow(part)

    def result(self) -> Source:
        """Return the document without references to the files that were read."""
        return replace(
            self.source,
            data=self.root,
            origins=(*self.source.origins, *self.origins),
            unread=self.unread,
        )

    def _name_components(self) -> None:
        """Note the components that are nothing but a reference to a file."""
        for section, components in self.root["components"].items():
            for name, data in components.items() if isinstance(components, dict) else ():
                reference = data.get("$ref") if isinstance(data, dict) else None
                at = ("components", section, name)
                found = self._find(reference, self.source) if isinstance(reference, str) else None
                if found and found[0] is not self.source:
                    self.places.setdefault((found[0].name, found[1]), at)

    def _follow(self, part: Part) -> None:
        """Follow the references of a part, and of all below it."""
        if isinstance(part.data, dict) and isinstance(part.data.get("$ref"), str):
            is_component = part.at[0] == "components" and len(part.at) == _COMPONENT_STEPS
            if part.stays or (is_component and part.at in self.places.values()):
                part = self._inline(part)
            else:
                part.data["$ref"] = self._place(part.data["$ref"], part)
        if isinstance(part.data, dict):
            self._map_discriminator(part)
        for below in [*part.below()]:
            self._follow(below)

    def _inline(self, part: Part) -> Part:
        """Replace the reference of a part by what it leads to; return the part that it becomes."""
        while isinstance(part.data, dict) and isinstance(part.data.get("$ref"), str):
            found = self._find(part.data["$ref"], part.source)
            if not found or found[0] is self.source:
                part.data["$ref"] = self._place(part.data["$ref"], part)
                break
            source, pointer = found
            key = (source.name, pointer)
            data = get(source.data, parse_pointer(pointer))
            if key in part.inside or not isinstance(data, dict):
                reason = "refers to itself" if key in part.inside else "is not an object"
                part.data["$ref"] = self._leave(f"{source.name}#{pointer}", reason)
                break
            del part.data["$ref"]
            # Words beside a reference are worth more than those of what it leads to.
            part.data.update({**deepcopy(data), **part.data})
            self.origins.append(Origin(part.at, source, parse_pointer(pointer)))
            part = part._replace(source=source, inside=(*part.inside, key))
        return part

    def _place(self, reference: str, part: Part) -> str:
        """Return a reference of a part as one within the document, if it can be followed."""
        found = self._find(reference, part.source)
        if not found:
            return self._relative(reference, part.source)
        source, pointer = found
        if source is not self.source:
            pointer = format_pointer(self._component(source, pointer, part))
        return f"#{pointer}"

    def _component(self, source: Source, pointer: str, part: Part) -> Path:
        """Return the place of a part of another file, which becomes a component if it is new."""
        if found_before := self.places.get((source.name, pointer)):
            return found_before
        section = part.section or "schemas"
        components = self.root.setdefault("components", {}).setdefault(section, {})
        name = _free_name(source.name, pointer, components)
        at = ("components", section, name)
        self.places[source.name, pointer] = at
        components[name] = deepcopy(get(source.data, parse_pointer(pointer)))
        self.origins.append(Origin(at, source, parse_pointer(pointer)))
        self._follow(Part(components[name], source, at, section))
        return at

    def _map_discriminator(self, part: Part) -> None:
        """Follow the references of a discriminator, which are texts."""
        discriminator = part.data.get("discriminator") if part.section == "schemas" else None
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        if not isinstance(mapping, dict):
            return
        for value, target in mapping.items():
            if isinstance(target, str) and _IS_FILE.search(target):
                mapping[value] = self._place(target, part)

    def _find(self, reference: str, source: Source) -> tuple[Source, str] | None:
        """Return the file and the pointer of a reference; None if it cannot be followed."""
        name, _, fragment = reference.partition("#")
        if not name and source is self.source:
            return source, fragment
        if _IS_URL.match(name):
            self.unread[reference] = f"{name} is not read: only files beside the document are"
            return None
        try:
            found = self._open(unquote(name), source) if name else source
            problem = _missing(found, unquote(fragment))
        except DocumentError as error:
            problem = _unread(error)
        else:
            if not problem:
                return found, unquote(fragment)
        self.unread[self._relative(reference, source)] = problem
        return None

    def _open(self, name: str, source: Source) -> Source:
        path = os.path.normpath(FilePath(source.name).parent / name)
        if path not in self.files:
            self.files[path] = self.read(path)
        return self.files[path]

    def _relative(self, reference: str, source: Source) -> str:
        """Return a reference of a file as one of the document."""
        name, _, fragment = reference.partition("#")
        if _IS_URL.match(name) or (not name and source is self.source):
            return reference
        path = FilePath(source.name).parent / unquote(name) if name else source.name
        from_document = os.path.relpath(path, FilePath(self.source.name).parent)
        return f"{from_document}#{fragment}" if fragment else from_document

    def _leave(self, reference: str, reason: str) -> str:
        """Return a reference that cannot be followed, after a note of the reason."""
        self.unread[reference] = f"{reference} {reason}"
        return reference


def _unread(error: DocumentError) -> str:
    problem = error.problems[0]
    line = f", line {problem.line}" if problem.line else ""
    return f"{error.name}{line} {problem.reason}"


def _missing(source: Source, pointer: str) -> str:
    """Return what is wrong with a pointer in a file; "" if it leads to something."""
    near = missing_step(source.data, parse_pointer(pointer))
    return "" if near is None else f"#{pointer} does not exist in {source.name}{near}"


def _free_name(path: str, pointer: str, taken: dict[str, Json]) -> str:
    """Return a name for what stands in a file: its own name, else with that of the file."""
    stem = FilePath(path).stem
    steps = parse_pointer(pointer)
    own = _UNNAMED.sub("_", steps[-1] if steps else stem)
    long = _UNNAMED.sub("_", f"{stem}_{own}")
    candidates = chain((own, long), (f"{long}_{number}" for number in count(2)))
    return next(name for name in candidates if name not in taken)


_COMPONENT_STEPS = 3  # components, the section and the name
# A reference, in YAML or JSON, that does not begin with "#".
_MAY_LEAVE = re.compile(r"""\$ref["']?\s*:\s*["']?[^"'#\s]""")
_IS_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_IS_FILE = re.compile(r"[/#]|\.(?:ya?ml|json)$")
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]+")
