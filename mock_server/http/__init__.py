"""The service on a socket, and the control API beside it."""
