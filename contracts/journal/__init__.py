"""The journal: the requests to one server, and the verdict on its clients."""
