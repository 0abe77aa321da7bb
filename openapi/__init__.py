"""OpenAPI documents of APIs with jobs: loading, validation, routing, and reading of requests."""

from __future__ import annotations

from .credentials import Credentials
from .document import Document, load_document, parse_document
from .envelope import Cause, ErrorEnvelope, ErrorResponse
from .errors import DocumentError, FormError, Problem, ToolkitError
from .event import JobEvent
from .lifecycle import Echo, Ending, Failure, Lifecycle, PollHint, State, Timestamp
from .limits import DeclaredLimits, LimitHeaders, Tier
from .messages import Call, Delivery, Reply
from .near_miss import NearMiss
from .operation import JobRole, Operation, Parameter, Provenance
from .price import Price, Rate
from .request import Arguments, RequestProblem
from .routing import NoMatch, OperationMatch
from .schema import Schema
from .schema_error import SchemaError

__all__ = [
    "Arguments",
    "Call",
    "Cause",
    "Credentials",
    "DeclaredLimits",
    "Delivery",
    "Document",
    "DocumentError",
    "Echo",
    "Ending",
    "ErrorEnvelope",
    "ErrorResponse",
    "Failure",
    "FormError",
    "JobEvent",
    "JobRole",
    "Lifecycle",
    "LimitHeaders",
    "NearMiss",
    "NoMatch",
    "Operation",
    "OperationMatch",
    "Parameter",
    "PollHint",
    "Price",
    "Problem",
    "Provenance",
    "Rate",
    "Reply",
    "RequestProblem",
    "Schema",
    "SchemaError",
    "State",
    "Tier",
    "Timestamp",
    "ToolkitError",
    "load_document",
    "parse_document",
]
