"""The rules for clients: 70x for a single request, 71x for what is done over time."""

from __future__ import annotations

from collections.abc import Mapping

from .rule import Catalogue, Party, Rule, Severity

_CATALOGUE = Catalogue(Party.CLIENT)
_rule = _CATALOGUE.rule

NO_OPERATION = _rule(
    "AV701", "a request that no operation takes", "Send requests that the document has."
)
BODY_UNREADABLE = _rule(
    "AV702", "a body that cannot be read", "Send a whole body of a documented media type."
)
VALUE_MISSING = _rule("AV703", "a required value that is missing", "Always send it.")
WRONG_TYPE = _rule("AV704", "a value of the wrong type", "Send the type that the document names.")
WRONG_VALUE = _rule(
    "AV705", "a value that is not allowed", "Send a value that the document allows."
)
NO_KEY = _rule("AV706", "a request without a proper key", "Send the key in the documented header.")
UNDOCUMENTED = _rule(
    "AV707",
    "a field that the document does not know",
    "Leave it out: servers ignore it today and may refuse it tomorrow.",
    Severity.WARNING,
)
NOT_LET_OUT = _rule(
    "AV708",
    "a request that was not let out",
    "Give that host a stand-in in the test, or the run a budget that is large enough.",
)
NOT_RECORDED = _rule(
    "AV709",
    "a request that the recording does not hold",
    "Send what was recorded, or record the exchange anew.",
)

UNKNOWN_JOB = _rule(
    "AV711", "a job that was never made", "Ask only for ids that the API has answered with."
)
POLLED_AFTER_END = _rule(
    "AV712",
    "a poll after the end",
    "A final state never changes: stop polling, and keep the answer.",
)
USED_TOO_EARLY = _rule(
    "AV713", "a job used before it is done", "Poll until the job is done, then ask for its result."
)
FAILURE_IGNORED = _rule(
    "AV714",
    "a failed job taken for a success",
    "Look at the final state: a failed job has no result, but says why.",
)
MADE_TWICE = _rule(
    "AV715",
    "a job made twice",
    "Once a create is accepted, follow its job: each job that is made again is paid for.",
)
REFUSED_REPEATED = _rule(
    "AV716",
    "a refused request sent again",
    "Of all 4xx answers only 429 is worth another try: the same request is refused again.",
)
ENDLESS = _rule(
    "AV717",
    "a loop that never ends",
    "Stop at every final state and at every refusal, and set a limit to the time in all.",
)

CLIENT_RULES: Mapping[str, Rule] = _CATALOGUE.rules
