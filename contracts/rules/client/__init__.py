"""What must be true of the requests of clients, one by one and over time."""
