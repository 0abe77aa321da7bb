"""The life of jobs, `x-jobs`: kinds of jobs, their operations, their states and their values."""
