"""What a fault and a benign variant are: a name, a reason, and the behaviour that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .behaviour import Behaviour

Family = Literal[
    "value mutation",
    "structure mutation",
    "schema keyword",
    "HTTP",
    "resource",
    "input handling",
    "authentication",
    "lifecycle",
    "transport",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a server does wrong; `source` is the published operator it comes from."""

    name: str
    family: Family
    source: str
    summary: str
    behaviour: Behaviour = field(repr=False)


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that a server does otherwise, as it may; `source` says where that is granted."""

    name: str
    family: Family
    source: str
    summary: str
    behaviour: Behaviour = field(repr=False)
