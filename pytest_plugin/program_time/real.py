"""The functions of real time, which are never replaced here."""

from __future__ import annotations

import time
from _thread import allocate_lock
from threading import Thread
from typing import Final

sleep: Final = time.sleep
monotonic: Final = time.monotonic
new_lock: Final = allocate_lock
join_thread: Final = Thread.join

__all__ = ["join_thread", "monotonic", "new_lock", "sleep"]
