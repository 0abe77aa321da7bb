"""The exploration of a program: every behaviour of the API towards it, and what goes wrong then."""
