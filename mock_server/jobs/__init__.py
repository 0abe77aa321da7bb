"""Jobs: their plans, their lives, where they are kept and how they are shown."""
