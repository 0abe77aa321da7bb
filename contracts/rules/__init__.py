"""The rules that servers and clients must obey, as pure functions over exchanges."""
