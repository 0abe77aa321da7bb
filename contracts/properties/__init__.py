"""Property tests of a server: strategies, a state machine, and Schemathesis checks."""
