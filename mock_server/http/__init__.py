"""The mock as an ASGI application and on a socket, with its control API."""
