"""Recorded traffic, and requests compared by what they ask for."""
