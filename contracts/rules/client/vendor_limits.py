"""Limits that the vendor recommends to clients, from its public pages on errors and rate limits.

They hold for all APIs of the vendor, so no document contains them.
"""

from __future__ import annotations

from ....openapi import Lifecycle

MIN_POLL_SECONDS = 0.5
"""The shortest interval between two polls: "not faster than twice a second"."""

MAX_WAIT_SECONDS = 300.0
"""The longest total wait for a job that does not usually take longer."""

WAIT_GRACE_SECONDS = 30.0
"""The time that a last poll may take beyond the total wait, if its wait began in time."""

USUAL_WAIT_SECONDS = 90.0
"""The time within which most jobs finish: "20 to 90 s"."""

MAX_ATTEMPTS = 5
"""The most attempts of a request, the first one included: "give up after 3 to 5"."""

MAX_RETRY_SECONDS = 60.0
"""The time after which a client gives up retrying."""

# The vendor says 1 s with 25 % of jitter. It also recommends the official SDKs, which begin with
# half a second, less up to 25 %.
FIRST_BACKOFF_SECONDS = 0.5 * 0.75
"""The shortest wait before the first retry."""

# The second wait should be twice as long as the first one.
EQUAL_WAITS = 3
"""The number of equal waits in a row that are not a backoff, if they are short."""

EQUAL_WAIT_SECONDS = 1.0
"""The length below which equal waits are short."""

# The clocks of the client and of the server differ.
CLOCK_TOLERANCE = 0.9
"""The share of a wait that counts as the whole wait."""


def max_wait_seconds(lifecycle: Lifecycle) -> float:
    """Return the longest total wait for a job, longer for jobs that last longer by the document."""
    usual = sum(state.seconds for state in lifecycle.of_job())
    return max(MAX_WAIT_SECONDS, _USUAL_LIVES * usual)


# The longest wait of the vendor is about five times as long as most of its jobs take.
_USUAL_LIVES = 5
