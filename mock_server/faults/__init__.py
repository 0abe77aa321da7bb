"""What goes wrong on purpose: scenarios of jobs, faults of calls, and files that tell of both."""
