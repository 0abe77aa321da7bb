"""Rules for servers: for single responses, and for responses over time."""
