"""The check of a server: its plan, the walk, and what it costs."""
