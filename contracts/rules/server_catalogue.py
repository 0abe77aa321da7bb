"""The catalogue of the rules for servers.

10x and 11x: single responses. 20x and 21x: the life of a job. 22x: its content. 23x: lists.
24x: declared fields, addresses and the cancellation of a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ...openapi import JobRole
from .rule import Catalogue, Party, Rule, Severity

_CATALOGUE = Catalogue(Party.SERVER)
_rule = _CATALOGUE.rule
_job_rule = partial(_rule, roles=frozenset(JobRole) - {JobRole.RESULT})
_content_rule = partial(_rule, roles=frozenset({JobRole.RESULT}))
_list_rule = partial(_rule, roles=frozenset({JobRole.LIST}))

UNDOCUMENTED_STATUS = _rule(
    "AV101", "undocumented status code", "Respond with a status code that the document lists."
)
UNDOCUMENTED_MEDIA_TYPE = _rule(
    "AV102", "undocumented content type", "Send a Content-Type that the document lists."
)
INVALID_HEADER = _rule(
    "AV103",
    "missing or invalid header",
    "Send every required header with a value that matches its schema.",
)
INVALID_BODY = _rule(
    "AV104", "response body does not match its schema", "Send a body that matches its schema."
)
NOT_JSON = _rule("AV105", "response body is not JSON", "Send complete, well-formed JSON.")
ENVELOPE_MISSING = _rule(
    "AV106",
    "error without the documented envelope",
    "Put every error into the documented envelope.",
)
FIELD_NOT_ECHOED = _rule(
    "AV107", "request field not echoed", "Return the value that the request sent."
)
DEFAULT_NOT_APPLIED = _rule(
    "AV108",
    "default value not applied",
    "Use the documented default if the request omits the field.",
)
VALID_REJECTED = _rule("AV109", "valid request rejected", "Accept all valid requests.")
INVALID_ACCEPTED = _rule(
    "AV110", "invalid request accepted", "Reject requests that the document does not allow."
)
INVALID_KEY_ACCEPTED = _rule(
    "AV111",
    "missing or invalid API key accepted",
    "Respond with 401 if the API key is missing or invalid.",
)
CONTENT_LENGTH_MISMATCH = _rule(
    "AV112", "Content-Length mismatch", "Send exactly as many bytes as Content-Length says."
)
UNDOCUMENTED_ERROR_CODE = _rule(
    "AV113",
    "undocumented error code",
    "Use only documented error codes, so that clients can distinguish errors.",
    Severity.WARNING,
)
SERVER_ERROR = _rule(
    "AV114",
    "server error",
    "Fix the failure behind the 5xx response.",
)
INCOMPLETE_RESPONSE = _rule(
    "AV115", "incomplete response", "Send the whole response before closing the connection."
)
KEY_LEAKED = _rule(
    "AV116",
    "API key leaked in response",
    "Never include an API key in a response, not even in an error.",
)
WRONG_KEY_ERROR = _rule(
    "AV117",
    "wrong error for a missing or invalid API key",
    "Report the API key as missing or invalid, with the documented status.",
)

ILLEGAL_TRANSITION = _job_rule(
    "AV201", "illegal state transition", "Change the state of a job only as the document allows."
)
FINAL_STATE_CHANGED = _job_rule("AV202", "final state changed", "Never change a final state.")
PROGRESS_DECREASED = _job_rule("AV203", "progress decreased", "Never let progress decrease.")
PROGRESS_OUT_OF_RANGE = _job_rule(
    "AV204",
    "progress out of range",
    "Keep progress between nothing and all, and send all of it on success.",
)
IMMUTABLE_FIELD_CHANGED = _job_rule(
    "AV205", "immutable field changed", "Keep the value for the whole life of the job."
)
TIMESTAMP_MISSING = _job_rule(
    "AV207", "missing timestamp", "Set the timestamp when the job enters its state."
)
TIMESTAMP_CHANGED = _job_rule("AV208", "timestamp changed", "Set the timestamp once and keep it.")
TIMESTAMPS_OUT_OF_ORDER = _job_rule(
    "AV209", "timestamps out of order", "Give later events later timestamps."
)
TIMESTAMP_UNIT = _job_rule(
    "AV210", "timestamp in another unit", "Send Unix time in the unit that the document declares."
)
ERROR_MISSING = _job_rule("AV211", "failed job without an error", "Set the error when a job fails.")
ERROR_EARLY = _job_rule(
    "AV212", "error on a job that has not failed", "Leave the error null until the job fails."
)
DUPLICATE_ID = _job_rule("AV213", "duplicate job id", "Give each job a unique id.")
OTHER_JOB = _job_rule(
    "AV214", "response about another job", "Return the job that the request names."
)
JOB_NEVER_FINISHED = _job_rule(
    "AV215", "job never finished", "Bring every job to a final state within the time limit."
)
DELETED_JOB_AVAILABLE = _job_rule(
    "AV216", "deleted job still available", "Respond with 404 once a job is deleted."
)
JOB_DISAPPEARED = _job_rule("AV217", "job disappeared", "Keep every job until it is deleted.")
REMIX_SOURCE = _job_rule(
    "AV218",
    "missing or wrong remix source",
    "Return the id and the fields of the job that the remix was made from.",
)
UNKNOWN_JOB_ACCEPTED = _job_rule(
    "AV219", "unknown job id accepted", "Respond with 404 to an id that belongs to no job."
)

CONTENT_EARLY = _content_rule(
    "AV221", "content served too early", "Serve the files of successful jobs only."
)
CONTENT_UNAVAILABLE = _content_rule(
    "AV222", "content of a finished job unavailable", "Serve the files of a job until they expire."
)
CONTENT_AFTER_EXPIRY = _content_rule(
    "AV223", "content served after its expiry", "Stop serving the files of a job when they expire."
)
CONTENT_TYPE = _content_rule(
    "AV224", "content does not match its media type", "Send bytes of the declared media type."
)
CONTENT_SIZE = _content_rule("AV225", "wrong video size", "Make the video in the requested size.")
CONTENT_DURATION = _content_rule(
    "AV226", "wrong video duration", "Make the video as long as requested."
)
CONTENT_RANGE = _content_rule("AV227", "wrong byte range", "Send exactly the requested bytes.")

DUPLICATE_IN_LIST = _list_rule("AV231", "duplicate job in a list", "List every job once.")
MISSING_FROM_LIST = _list_rule(
    "AV232", "job missing from a list", "List every job that has not been deleted."
)
LIST_OUT_OF_ORDER = _list_rule(
    "AV233", "list out of order", "Sort the list by creation time, in the requested order."
)
INVALID_CURSOR = _list_rule(
    "AV234",
    "invalid cursor",
    "Return the ids of the first and last job of the page, and stop when there are no more.",
)
PAGE_TOO_LONG = _list_rule("AV235", "page too long", "Return no more jobs than requested.")
UNREQUESTED_JOB = _list_rule(
    "AV236",
    "unrequested job in a list",
    "Create exactly one job per accepted request.",
)

RESULT_MISSING = _job_rule(
    "AV241", "successful job without its result", "Send the result as soon as a job succeeds."
)
RESULT_EARLY = _job_rule(
    "AV242",
    "result of a job that has not succeeded",
    "Leave the result out until the job succeeds.",
)
FIELD_MISSING = _job_rule(
    "AV243", "missing field of a job", "Send every field that the document declares for the state."
)
CANCEL_IGNORED = _job_rule(
    "AV244",
    "canceled job goes on",
    "Stop a job once its cancellation is accepted, or refuse the cancellation.",
)
WRONG_ADDRESS = _job_rule(
    "AV245",
    "wrong address of an operation",
    "Send an address that names the job and leads to the operation.",
)

SERVER_RULES: Mapping[str, Rule] = _CATALOGUE.rules
