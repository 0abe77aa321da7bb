"""The rules for clients."""
