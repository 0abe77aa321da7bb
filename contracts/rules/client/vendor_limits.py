"""What the vendor advises all its clients to do, in numbers: its public pages on errors and on rate
limits, which hold for all its APIs and so stand in no document.
"""

from __future__ import annotations

# Seconds: "not faster than twice a second".
SHORTEST_POLL = 0.5
# Seconds that a job is waited for in all, and what may come on top of them: a last poll that had
# begun to wait in time.
TOTAL_WAIT = 300.0
TOTAL_GRACE = 30.0
# Seconds within which most jobs end: "20 to 90".
USUAL_WAIT = 90.0
# Attempts, the first one counted: "give up after 3 to 5", or after so many seconds.
MOST_ATTEMPTS = 5
LONGEST_TRYING = 60.0
# Seconds before the first repetition. The vendor says 1, more or less a quarter; its clients are
# told to use the official SDKs, which begin with half a second, less up to a quarter.
FIRST_BACKOFF = 0.5 * 0.75
# So many equal waits in a row are no backoff, if each is shorter than so many seconds: the second
# one should have been twice as long as the first.
EQUAL_WAITS = 3
EQUAL_BACKOFF = 1.0
# The share of a wait that counts as the whole of it: two clocks have measured it.
ENOUGH = 0.9
