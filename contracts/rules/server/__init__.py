"""What must be true of the answers of servers, one by one and over time."""
