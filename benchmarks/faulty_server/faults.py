"""The catalogue of faulty servers: one switch per fault."""

from __future__ import annotations

from .catalogue import Fault
from .data_faults import ANSWER_FAULTS, JOB_FAULTS
from .file_faults import FILE_FAULTS, REMIX_FAULTS, VIEW_FAULTS
from .http_faults import HTTP_FAULTS
from .lifecycle_faults import ERROR_FAULTS, FIELD_FAULTS, STATE_FAULTS
from .request_faults import AUTHENTICATION_FAULTS, INPUT_FAULTS, TRANSPORT_FAULTS
from .resource_faults import RESOURCE_FAULTS
from .timestamp_faults import TIMESTAMP_FAULTS

FAULTS: tuple[Fault, ...] = (
    *JOB_FAULTS,
    *ANSWER_FAULTS,
    *HTTP_FAULTS,
    *RESOURCE_FAULTS,
    *INPUT_FAULTS,
    *AUTHENTICATION_FAULTS,
    *STATE_FAULTS,
    *TIMESTAMP_FAULTS,
    *ERROR_FAULTS,
    *FIELD_FAULTS,
    *FILE_FAULTS,
    *VIEW_FAULTS,
    *REMIX_FAULTS,
    *TRANSPORT_FAULTS,
)
"""All faults."""
