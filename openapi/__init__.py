"""OpenAPI documents of APIs with jobs: loading, validation, routing, and reading of requests."""

from __future__ import annotations

from .credentials import Credentials
from .document import Document, load_document, parse_document
from .envelope import Cause, ErrorEnvelope, ErrorResponse
from .errors import DocumentError, FormError, Problem, ToolkitError
from .jobs import (
    CreateOperation,
    JobKind,
    JobOperation,
    JobRole,
    Lifecycle,
    ListOperation,
    Meaning,
    State,
)
from .limits import DeclaredLimits, LimitHeaders, Tier
from .messages import Call, Delivery, Reply
from .near_miss import NearMiss
from .operation import Operation, Parameter, Provenance
from .request import Arguments
from .request_problem import RequestProblem
from .routing import NoMatch, OperationMatch
from .schema import Schema
from .schema_error import SchemaError

__all__ = [
    "Arguments",
    "Call",
    "Cause",
    "CreateOperation",
    "Credentials",
    "DeclaredLimits",
    "Delivery",
    "Document",
    "DocumentError",
    "ErrorEnvelope",
    "ErrorResponse",
    "FormError",
    "JobKind",
    "JobOperation",
    "JobRole",
    "Lifecycle",
    "LimitHeaders",
    "ListOperation",
    "Meaning",
    "NearMiss",
    "NoMatch",
    "Operation",
    "OperationMatch",
    "Parameter",
    "Problem",
    "Provenance",
    "Reply",
    "RequestProblem",
    "Schema",
    "SchemaError",
    "State",
    "Tier",
    "ToolkitError",
    "load_document",
    "parse_document",
]
