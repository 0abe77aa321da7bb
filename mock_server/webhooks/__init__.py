"""Webhooks: events at the end of jobs, signed and retried."""
