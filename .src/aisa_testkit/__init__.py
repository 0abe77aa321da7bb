"""Contract tests and a mock server for APIs whose work is done in jobs that take a while."""
