"""The types of the options in `config.schema.json`, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

from ..openapi.json import Json

__all__ = [
    "AccountOptions",
    "ConfigOptions",
    "FaultConfig",
    "FaultOptions",
    "LimitOptions",
    "Limits",
    "LognormalLatency",
    "LognormalParameters",
    "ScenarioOptions",
    "UniformLatency",
]


class UniformLatency(TypedDict):
    """Latency with a uniform distribution.

    Keys:
        uniform: the smallest and the largest number of seconds.
    """

    uniform: Sequence[float]


class LognormalParameters(TypedDict):
    """Parameters of a lognormal distribution.

    Keys:
        median: the median in seconds, more than 0.
        sigma: the standard deviation of the logarithm, from 0 to 10.
    """

    median: float
    sigma: float


class LognormalLatency(TypedDict):
    """Latency with a lognormal distribution.

    Keys:
        lognormal: the parameters of the distribution.
    """

    lognormal: LognormalParameters


class RetryDate(TypedDict):
    """A wait that is sent as a date.

    Keys:
        date: the seconds until the date.
    """

    date: int


class LateWebhook(TypedDict):
    """Events that are sent late.

    Keys:
        late: the seconds by which they are late.
    """

    late: float


class FaultOptions(TypedDict, total=False):
    """What a fault does, and to which calls of its operations. Every key is optional.

    Keys that select the calls:
        job: the id of a job; only calls whose path contains it match. "each" matches the calls
            about every job, and counts them for each job.
        key: an API key; only calls with this key match.
        nth: the first matching call that the fault affects, counted from 1.
        times: the number of affected calls; all from `nth` on by default.
        every: the number of calls after which the count starts again.
        probability: the probability that a matching call is affected, from 0 to 1.

    Keys that replace the response by an error:
        status: the status of a documented error response.
        code: the error code, if the document declares several errors with this status.
        retry_after: the number of seconds in the header that asks clients to wait, or
            `{"date": seconds}` for the date after so many seconds.
        commit: True if the operation is carried out although the response is an error.

    Keys that break the connection:
        reset: resets the connection before the operation, or in the middle of the response.
        lost: carries out the operation, and sends no response.
        cut: the share of the body that is sent before the connection closes, from 0 to below 1.

    Keys that change the response:
        body: truncates the JSON, or replaces it by malformed JSON.
        content_type: the value of the Content-Type header.
        ignore_range: True sends the whole file with 200, not the requested part with 206.
        list_delay: the seconds before a list shows a new job.
        webhook: how the events of the created job are sent: "lost", "twice" or
            `{"late": seconds}`.
        drop: JSON pointer of a field to remove.
        change: values to set, by JSON pointer.
        state: a job state that the document does not declare.

    Keys that delay the response:
        latency: seconds before the response, or a distribution of them.
        slow: seconds that the transfer of the body takes.
    """

    job: str
    key: str
    nth: int
    times: int
    every: int
    probability: float
    status: int
    code: str
    retry_after: int | RetryDate
    commit: bool
    reset: Literal["before", "middle"]
    lost: Literal[True]
    cut: float
    body: Literal["truncated", "malformed"]
    content_type: str
    ignore_range: Literal[True]
    list_delay: float
    webhook: Literal["lost", "twice"] | LateWebhook
    drop: str
    change: Mapping[str, Json]
    state: str
    latency: float | UniformLatency | LognormalLatency
    slow: float


class FaultConfig(FaultOptions, total=False):
    """A fault in a config file, or in a scenario.

    Keys, besides those of FaultOptions:
        operation: the id or the job role of an operation; all operations by default.
    """

    operation: str


class ScenarioOptions(TypedDict, total=False):
    """What happens to a job, and to the calls about it. Every key is optional.

    Keys:
        about: a description in one line.
        outcome: a final state of the document.
        code: the error code of a failed job.
        seconds: how long the job is pending, in seconds.
        scale: the factor by which the usual time in pending states is multiplied.
        stalls: True if the job never ends.
        jumps: True if the job shows no progress before its end.
        expires: the number of seconds after which the files of an ended job expire.
        faults: faults of the calls about the job.
    """

    about: str
    outcome: str
    code: str
    seconds: float
    scale: float
    stalls: bool
    jumps: bool
    expires: float
    faults: Sequence[FaultConfig]


class LimitOptions(TypedDict, total=False):
    """The limits of an API key. An absent key or None means unlimited.

    Keys:
        requests_per_minute: the number of requests in a window of 60 seconds, at least 1.
        in_flight: the number of jobs that may be pending at the same time, at least 1.
        spend: the highest total price of the jobs, in the currency of the document.
    """

    requests_per_minute: int | None
    in_flight: int | None
    spend: float | Decimal | None


Limits: TypeAlias = str | LimitOptions
"""`"none"`, the name of a tier in the document, or the limits themselves."""


class AccountOptions(TypedDict, total=False):
    """The settings of one API key. Every key is optional.

    Keys:
        limits: the limits of this API key.
        spend: replaces the `spend` of the limits.
        revoked: True if requests with this API key are refused.
        forbidden: values that are refused, by field of the create request.
    """

    limits: Limits
    spend: float | Decimal | None
    revoked: bool
    forbidden: Mapping[str, Sequence[Json]]


class ConfigOptions(TypedDict, total=False):
    """A config file. Every key is optional.

    Keys:
        scenario: the name of the scenario of jobs for which no other is chosen.
        scenarios: additional scenarios, by name.
        faults: the faults that are active from the start.
        limits: the limits of API keys without limits of their own.
        keys: the settings of single API keys.
    """

    scenario: str
    scenarios: Mapping[str, ScenarioOptions]
    faults: Sequence[FaultConfig]
    limits: Limits
    keys: Mapping[str, AccountOptions]
