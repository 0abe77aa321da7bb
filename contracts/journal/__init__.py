"""The requests that have come to one server, kept, shown, and judged when somebody asks."""
