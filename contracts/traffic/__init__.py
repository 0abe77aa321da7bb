"""Traffic between clients and servers: exchanges, redaction, recordings and comparison."""
