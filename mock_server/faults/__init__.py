"""Simulated failures: scenarios of jobs, faults of calls, and their choice."""
