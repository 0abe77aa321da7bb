"""The tests under nohup and in the background, where signals are ignored."""

from __future__ import annotations

import subprocess
import sys

from tests.support.signals import STOPPING, ignoring

_CHILD = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (1, 2, 15)])"
_PARENT = f"""
import subprocess, sys
from tests.support.signals import use_default_signals_in_children
subprocess.run([sys.executable, "-c", {_CHILD!r}])
use_default_signals_in_children()
subprocess.run([sys.executable, "-c", {_CHILD!r}])
"""


def test_children_of_tests_start_with_default_signals() -> None:
    command = ignoring(STOPPING, [sys.executable, "-c", _PARENT])
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == [str([True] * 3), str([False] * 3)]
