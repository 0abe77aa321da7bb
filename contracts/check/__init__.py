"""The check of a server: plan, requests, budget and result."""
