"""Property tests: what Hypothesis and Schemathesis need to hold servers to the rules."""
