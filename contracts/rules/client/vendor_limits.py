"""What the vendor advises all its clients to do, in numbers: its public pages on errors and on rate
limits, which hold for all its APIs and so stand in no document.
"""

from __future__ import annotations

# Seconds: "not faster than twice a second".
MIN_POLL_SECONDS = 0.5
# Seconds that a job is waited for in all, and what may come on top of them: a last poll that had
# begun to wait in time.
MAX_WAIT_SECONDS = 300.0
WAIT_GRACE_SECONDS = 30.0
# Seconds within which most jobs end: "20 to 90".
USUAL_WAIT_SECONDS = 90.0
# Attempts, the first one counted: "give up after 3 to 5", or after so many seconds.
MAX_ATTEMPTS = 5
MAX_RETRY_SECONDS = 60.0
# Seconds before the first repetition. The vendor says 1, more or less a quarter; its clients are
# told to use the official SDKs, which begin with half a second, less up to a quarter.
FIRST_BACKOFF_SECONDS = 0.5 * 0.75
# So many equal waits in a row are no backoff, if each is shorter than so many seconds: the second
# one should have been twice as long as the first.
EQUAL_WAITS = 3
EQUAL_WAIT_SECONDS = 1.0
# The share of a wait that counts as the whole of it: two clocks have measured it.
CLOCK_TOLERANCE = 0.9
