"""API keys: their authentication and their limits."""
