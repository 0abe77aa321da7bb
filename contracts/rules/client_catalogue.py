"""The rules for clients: 70x for a single request, 71x for what is done over time, 72x for requests
that are sent again, 73x for how a job is followed to its end.
"""

from __future__ import annotations

from collections.abc import Mapping

from .rule import Catalogue, Party, Rule, Severity

_CATALOGUE = Catalogue(Party.CLIENT)
_rule = _CATALOGUE.rule

UNKNOWN_ENDPOINT = _rule(
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
BLOCKED = _rule(
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
DUPLICATE_JOB = _rule(
    "AV715",
    "a job made twice",
    "Once a create is accepted, follow its job: each job that is made again is paid for.",
)
RETRY_AFTER_PERMANENT_ERROR = _rule(
    "AV716",
    "a refused request sent again",
    "Of all 4xx answers only 429 is worth another try: the same request is refused again.",
)
INFINITE_LOOP = _rule(
    "AV717",
    "a loop that never ends",
    "Stop at every final state and at every refusal, and set a limit to the time in all.",
)

UNSAFE_RETRY = _rule(
    "AV721",
    "a job asked for again, blindly",
    "Do not blindly repeat a POST with side effects: look in the list for the job first, or send"
    " the same idempotency key, if the server knows such.",
    Severity.ADVICE,
)
RETRY_BEFORE_RETRY_AFTER = _rule(
    "AV722",
    "a repetition sooner than asked",
    "Honour the wait that an answer asks for, and only then try again.",
)
NO_BACKOFF = _rule(
    "AV723",
    "repetitions without backoff",
    "Where no answer says otherwise, wait a second, then twice as long each time, 30 s at most,"
    " each wait a quarter more or less.",
    Severity.ADVICE,
)
TOO_MANY_RETRIES = _rule(
    "AV724", "a storm of repetitions", "Give up after 3 to 5 attempts, or after 60 s."
)
GAVE_UP_TOO_EARLY = _rule(
    "AV725",
    "given up at the first failure that passes",
    "After a 429, a 5xx or a broken connection try again, with backoff: 3 to 5 attempts in all.",
    Severity.ADVICE,
)

POLLED_TOO_FAST = _rule(
    "AV731",
    "a poll too soon after the last one",
    "Do not poll faster than twice a second.",
    Severity.WARNING,
)
POLLED_BEFORE_HINT = _rule(
    "AV732",
    "a poll sooner than asked",
    "Wait as long as the last answer about the job asks for, then poll again.",
    Severity.ADVICE,
)
NO_TOTAL_TIMEOUT = _rule(
    "AV733",
    "polls without an end",
    "Cap the total wait at 5 minutes: most jobs take 20 to 90 s.",
    Severity.ADVICE,
)
UNKNOWN_STATUS_ACCEPTED = _rule(
    "AV734",
    "an unknown status taken for a success",
    "Only the final states of the document are an end: at any other word poll on, up to the limit"
    " that you set to the total wait.",
)
DOWNLOADED_LATE = _rule(
    "AV735", "a download after the expiry", "Download the files of a job before they expire."
)
ORPHANED = _rule(
    "AV736",
    "an orphaned job",
    "Follow each job that was accepted to its end: it is paid for, whoever asks for it.",
    Severity.ADVICE,
)

CLIENT_RULES: Mapping[str, Rule] = _CATALOGUE.rules
