"""Jobs: their progression, their storage, their files and their JSON."""
