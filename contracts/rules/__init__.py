"""What servers and clients must do, as pure functions over exchanges."""
