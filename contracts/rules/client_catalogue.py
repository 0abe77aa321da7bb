"""The catalogue of the rules for clients.

70x: single requests. 71x: the use of jobs. 72x: retries. 73x: polling until the end of a job.
"""

from __future__ import annotations

from collections.abc import Mapping

from .rule import Catalogue, Party, Rule, Severity

_CATALOGUE = Catalogue(Party.CLIENT)
_rule = _CATALOGUE.rule

UNKNOWN_ENDPOINT = _rule(
    "AV701", "unknown endpoint", "Use a method and a path that the document lists."
)
BODY_UNREADABLE = _rule(
    "AV702", "unreadable request body", "Send a complete body of a documented media type."
)
VALUE_MISSING = _rule("AV703", "missing required value", "Always send the required value.")
WRONG_TYPE = _rule("AV704", "value of the wrong type", "Send the type that the document declares.")
VALUE_NOT_ALLOWED = _rule("AV705", "value not allowed", "Send a value that the document allows.")
INVALID_KEY = _rule(
    "AV706", "missing or malformed API key", "Send the API key in the documented header."
)
UNKNOWN_FIELD = _rule(
    "AV707",
    "unknown field",
    "Remove the field: servers ignore it today and may reject it tomorrow.",
    Severity.WARNING,
)
REQUEST_BLOCKED = _rule(
    "AV708",
    "request blocked",
    "Send it to the mock, mock that host in the test, or raise the budget of the run.",
)
REQUEST_NOT_RECORDED = _rule(
    "AV709",
    "request not in the recording",
    "Send a recorded request, or make a new recording.",
)

UNKNOWN_JOB = _rule("AV711", "unknown job id", "Use only ids that the API has returned.")
POLLED_AFTER_END = _rule(
    "AV712",
    "poll after a final state",
    "Stop polling at a final state, and keep the response.",
)
USED_TOO_EARLY = _rule(
    "AV713",
    "job used before it finished",
    "Poll until the job is finished, then request its result.",
)
FAILURE_IGNORED = _rule(
    "AV714",
    "failed job treated as success",
    "Check the final state: a failed job has an error but no result.",
)
DUPLICATE_JOB = _rule(
    "AV715",
    "duplicate job",
    "Follow the job of the first accepted create, because every further job is billed.",
)
RETRY_AFTER_PERMANENT_ERROR = _rule(
    "AV716",
    "retry after a permanent error",
    "Do not retry a 4xx response other than 429: the same request fails again.",
)
INFINITE_LOOP = _rule(
    "AV717",
    "infinite loop",
    "Stop at every final state and every permanent error, and limit the total time.",
)

UNSAFE_RETRY = _rule(
    "AV721",
    "unsafe retry of a create",
    "Look for the job in the list before you repeat a create, or send the same"
    " idempotency key if the server supports it.",
    Severity.ADVICE,
)
RETRY_BEFORE_RETRY_AFTER = _rule(
    "AV722",
    "retry before Retry-After",
    "Wait as long as the response asks before you retry.",
)
NO_BACKOFF = _rule(
    "AV723",
    "retry without backoff",
    "Wait 1 s before the first retry, then double each wait up to 30 s, with 25 % of jitter.",
    Severity.ADVICE,
)
TOO_MANY_RETRIES = _rule(
    "AV724", "too many retries", "Give up after 3 to 5 attempts or after 60 s."
)
GAVE_UP_TOO_EARLY = _rule(
    "AV725",
    "gave up after a transient error",
    "Retry after a 429, a 5xx or a broken connection, with backoff and 3 to 5 attempts in all.",
    Severity.ADVICE,
)

POLLED_TOO_FAST = _rule(
    "AV731",
    "polling too fast",
    "Poll at most twice a second.",
    Severity.WARNING,
)
POLLED_BEFORE_HINT = _rule(
    "AV732",
    "poll before the suggested time",
    "Wait as long as the last response suggests before you poll again.",
    Severity.ADVICE,
)
NO_TOTAL_TIMEOUT = _rule(
    "AV733",
    "polling without a time limit",
    "Limit the total wait to 5 minutes: most jobs take 20 to 90 s.",
    Severity.ADVICE,
)
UNKNOWN_STATUS_ACCEPTED = _rule(
    "AV734",
    "unknown status treated as success",
    "Stop only at the final states of the document, and poll on at any other status until"
    " your time limit.",
)
DOWNLOADED_LATE = _rule(
    "AV735", "download after expiry", "Download the files of a job before they expire."
)
ORPHANED_JOB = _rule(
    "AV736",
    "orphaned job",
    "Follow every accepted job to its end: it is billed even if its result is never downloaded.",
    Severity.ADVICE,
)

CLIENT_RULES: Mapping[str, Rule] = _CATALOGUE.rules
