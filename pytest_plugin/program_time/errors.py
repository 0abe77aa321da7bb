"""The error of a program that waits in real time where its clock cannot see it."""

from __future__ import annotations


class RealTimeError(RuntimeError):
    """The program uses real time in a way that its clock does not replace."""
